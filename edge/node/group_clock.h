// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <shared_mutex>
#include <string_view>
#include <unordered_map>

#include "edge/base/clock.h"
#include "edge/base/hash.h"
#include "edge/policy/stored_response.h"

namespace node {

/// What the invalidation of cache groups (RFC 9875) says of a stored response.
enum class GroupVerdict : std::uint8_t {
  Live,
  Doubtful,  ///< older than what is remembered: validate before use
  Dead,      ///< its request was sent before, or when, one of its groups was invalidated
};

/// When each cache group was last invalidated, by site, host and group. It is kept in memory only: what was
/// stored before it was made, or before the oldest entry that it had to forget, is doubtful. A response
/// without groups costs nothing. Shared: any thread.
class GroupClock {
 public:
  static constexpr std::size_t kEntriesMax = 100'000;

  /// `since`: what was asked for up to then is doubtful.
  explicit GroupClock(base::Wall since, std::size_t entries_max = kEntriesMax);

  /// `at`: when the response that invalidates came. With more than the bound, the oldest quarter of the
  /// entries becomes a floor.
  void invalidate(std::string_view site, std::string_view host, std::string_view group, base::Wall at);
  /// A response from the future (the clock was set back) is doubtful: nobody knows what came after it.
  GroupVerdict verdict(const policy::StoredResponse& response, base::Wall now) const;
  std::size_t entries() const;

 private:
  using Ticks = base::Wall::rep;
  GroupVerdict look_up(const policy::StoredResponse& response) const;
  void raise_floor();

  const std::size_t entries_max_;
  std::atomic<Ticks> floor_;
  std::atomic<Ticks> newest_;  ///< of all entries
  mutable std::shared_mutex mutex_{};
  std::unordered_map<base::Hash128, Ticks> invalidated_{};
};

}  // namespace node
