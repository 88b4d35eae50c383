// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace policy {

/// What the cache did for a response, as Cache-Status says it (RFC 9211) and the access log counts it.
enum class Outcome : std::uint8_t {
  Hit,          ///< from memory or disk, fresh
  Stale,        ///< from the cache, stale: while revalidating, or in place of an error
  Revalidated,  ///< from the cache after a 304
  Miss,         ///< fetched
  Expired,      ///< fetched, in place of a stale copy
  Collapsed,    ///< from a fetch that another request had begun
  Pass,         ///< not for the cache: method, rule, or uncacheable
  Synthetic,    ///< made by the edge: redirect, error
};
const char* name_of(Outcome outcome);  ///< "hit", "stale", …

/// Why a request went to the origin (RFC 9211 2.2).
enum class Forward : std::uint8_t {
  Bypass,  ///< by a rule
  Method,
  UriMiss,
  VaryMiss,  ///< only other variants are there
  Miss,
  Request,  ///< what is there is fresh, but not for this request
  Stale,
  Partial,  ///< only a part is there
};

struct CacheStatus {
  Outcome outcome = Outcome::Hit;
  std::optional<std::chrono::seconds> ttl{};  ///< remaining lifetime, may be negative
  std::optional<int> fwd_status{};
  bool stored = false;
  bool collapsed = false;
  bool forwarded = false;  ///< Stale: the origin was asked before, in vain
  std::string_view detail{};
  std::optional<Forward> reason{};  ///< unset: as the outcome says
  std::string_view key{};           ///< empty: not told
};
/// The field's member for this cache: `selvage; hit; ttl=30`, `selvage; fwd=uri-miss; fwd-status=200; stored`.
std::string format(const CacheStatus& status);
/// The whole field (RFC 9211 2): first what caches nearer to the origin said, unless that is no List, which
/// would spoil the rest; then this cache's member.
std::string with_member(std::string_view upstream, const CacheStatus& status);

}  // namespace policy
