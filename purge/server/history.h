// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "edge/base/error.h"
#include "purge/server/api_request.h"

namespace purgeapi {

/// What a look at the log's history is for; empty members ask for nothing.
struct HistoryFilter {
  std::string site{};
  std::string by{};
  std::string tag{};
  std::string url{};
  std::int64_t since_ms = 0;
  std::int64_t until_ms = std::numeric_limits<std::int64_t>::max();
  Sequence after = 0;  ///< only entries below this number; 0: from the newest on
  std::size_t limit = 100;

  /// What can be said without reading the purge.
  bool may_match(const JournalEntry& entry) const;
  bool matches(const purge::Purge& purge) const;
};

/// Reads the parameters of "?site=&by=&tag=&url=&since=&until=&after=&limit="; times are Unix milliseconds,
/// or "1h": so long before `now_ms`.
base::Result<HistoryFilter> parse_history(std::string_view target, std::int64_t now_ms);
/// Whether `purge` names this URL or something that holds it: a prefix, a wildcard, its host, its whole site.
/// As texts, the scheme aside; the edges also apply their sites' query rules.
bool covers(const purge::Purge& purge, std::string_view url);

/// GET /v1/purges: the log, newest first, as far as the caller's token may see it. Looks at a bounded number
/// of entries; where it stopped is "next".
class HistoryView final : public ApiRequest {
 public:
  explicit HistoryView(Call call) : ApiRequest(std::move(call)) {}

 private:
  enum class Next : std::uint8_t { Go, Enough };

  void answer() override;
  void scan();
  void take(Sequence low, base::Result<std::vector<JournalEntry>> entries);
  Next look(const JournalEntry& entry);
  void finish();

  HistoryFilter filter_{};
  Sequence high_ = 0;  ///< the next entry to be looked at
  Sequence window_ = 0;
  std::size_t looked_ = 0;
  unsigned reads_ = 0;
  bool more_ = true;  ///< older entries were not looked at
  std::size_t bytes_ = 0;
  std::vector<JournalEntry> found_{};
  base::Anchor anchor_{};
};

}  // namespace purgeapi
