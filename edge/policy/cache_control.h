// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "edge/http/fields.h"

namespace policy {

/// The largest number of seconds that is told apart; all beyond count as this (RFC 9111 1.2.2).
inline constexpr std::uint32_t kDeltaSecondsMax = std::uint32_t{1} << 31;

/// Directives of Cache-Control (RFC 9111 5.2), all fields of one message combined. Seconds, capped at 2^31 (RFC 9111 1.2.2).
/// A directive with an argument that cannot be read is taken in its strictest sense (max-age=x is max-age=0). Of a directive
/// given more than once the strictest value counts (RFC 9111 4.2.1).
struct CacheControl {
  std::optional<std::uint32_t> max_age{};
  std::optional<std::uint32_t> s_maxage{};
  std::optional<std::uint32_t> max_stale{};   ///< request; without an argument: no limit (2^31)
  std::optional<std::uint32_t> min_fresh{};   ///< request
  std::optional<std::uint32_t> stale_while_revalidate{};
  std::optional<std::uint32_t> stale_if_error{};
  bool no_store = false;
  bool no_cache = false;         ///< with field names (no-cache="x") too: the stricter reading
  bool is_private = false;       ///< with field names too
  bool is_public = false;
  bool must_revalidate = false;
  bool proxy_revalidate = false;
  bool no_transform = false;
  bool only_if_cached = false;
  bool immutable = false;
  bool must_understand = false;
  bool present = false;          ///< there was any Cache-Control field
  bool targeted = false;         ///< of a field for caches of our kind: Cache-Control and Expires do not count at all (RFC 9213 2.2)
};

/// Of a message's fields. `Pragma: no-cache` counts as no-cache in a request without Cache-Control (RFC 9111 5.4).
CacheControl parse_cache_control(const http::Fields& fields);
CacheControl parse_cache_control_text(std::string_view text);

/// The directives of a response that govern this cache. Pragma means nothing in a response (RFC 9111 5.4). The one place
/// to choose between Cache-Control and a field that is meant for caches of our kind: the first that counts of
/// Selvage-Cache-Control and CDN-Cache-Control (structured Dictionaries, RFC 9213 2.1, not empty) and Surrogate-Control (with
/// any directive that is known here). A value of a wrong type is taken in its strictest sense; `no-store=?0` is not said.
CacheControl response_directives(const http::Fields& response);

}  // namespace policy
