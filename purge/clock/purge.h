// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "edge/base/error.h"

/// A purge as the one log holds it, and what it is matched against. Values; pure functions.
namespace purge {

/// Position in the log; 0: before the first entry. Never reused, never goes back.
using Sequence = std::uint64_t;

/// Time on the purge clock, as objects keep it: the epoch in the upper 16 bits, the sequence below. The epoch
/// counts the resets of this edge (another log, or a log that no longer reaches back): stamps of an earlier
/// epoch are older than all of this one.
using Stamp = std::uint64_t;
constexpr Stamp make_stamp(std::uint16_t epoch, Sequence sequence) {
  return (static_cast<Stamp>(epoch) << 48) | (sequence & 0xffff'ffff'ffffULL);
}
constexpr Sequence sequence_of(Stamp stamp) { return stamp & 0xffff'ffff'ffffULL; }

enum class Kind : std::uint8_t { Urls, Tags, Prefixes, Hosts, Everything, Wildcards, Variants };

/// Fields of a request, by which it chooses a variant.
using VariantHeaders = std::vector<std::pair<std::string, std::string>>;

struct Purge {
  std::string site{};
  Kind kind = Kind::Everything;
  std::vector<std::string>
      names{};        ///< URLs (of Variants too), tags, prefixes, hosts or wildcards; empty for Everything
  bool soft = false;  ///< treat as stale, not as absent
  bool ignore_case = false;               ///< of Tags
  std::vector<VariantHeaders> headers{};  ///< of Variants: for each name

  bool operator==(const Purge&) const = default;
};

/// The body of POST /v1/purges: {"site", one of "urls" "tags" "prefixes" "hosts" "wildcards" "variants"
/// "everything", "soft", "ignore_case"}. Errors name the member, what was found and what is allowed.
base::Result<Purge> parse_purge(std::string_view json);
/// The same form back, on one line.
std::string to_json(const Purge& purge);

/// Which of a URL's variants something is.
class Variant {
 public:
  virtual ~Variant() = default;
  /// Whether a request with these fields gets it.
  virtual bool is_chosen_by(const VariantHeaders& headers) const = 0;
};

/// What a purge can match of an object. Views; used during a call only.
struct Subject {
  std::string_view site{};
  std::string_view host{};  ///< lower case, without port
  std::string_view url{};   ///< normalised: host, path and the query of the cache key ("www.a.test/x?y=1")
  std::span<const std::string> tags{};
  int status = 0;                    ///< 0: not known yet
  std::string_view content_type{};   ///< Content-Type; empty: none, or not known yet
  const Variant* variant = nullptr;  ///< null: not known yet, so it may be any
};

/// Whether `name` may be an edge's name: 1 to 100 letters, digits, '.', '_' and '-'. It stands in URLs as it
/// is.
bool is_node_name(std::string_view name);
constexpr std::string_view kNodeNamesAllowed = "1 to 100 letters, digits, '.', '_' and '-'";

enum class Verdict : std::uint8_t { Live, Stale, Dead };
/// "live", "stale", "dead".
std::string_view word_of(Verdict verdict);

}  // namespace purge
