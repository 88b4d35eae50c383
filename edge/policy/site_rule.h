// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "edge/http/fields.h"

namespace policy {

/// A lifetime for the statuses `first` to `last`: one, or a class of a hundred.
struct StatusTtl {
  int first = 0;
  int last = 0;
  std::chrono::seconds ttl{0};
};

/// A site's say in caching (rules by path, the first that matches). Unset: what the response says. `ttl`,
/// `default_ttl` and `min_ttl` are for content, that is 200, 203, 204, 300, 301 and 308 without Set-Cookie
/// (unless its response says that it may be cached): an error lives as long as the origin says, or
/// `status_ttl`, and nobody's cookie is shared by a rule.
struct TtlRule {
  std::optional<std::chrono::seconds> ttl{};          ///< instead of what the response says
  std::optional<std::chrono::seconds> default_ttl{};  ///< where the response says nothing
  std::optional<std::chrono::seconds> min_ttl{};
  std::optional<std::chrono::seconds> max_ttl{};
  std::optional<std::chrono::seconds> stale_while_revalidate{};
  std::optional<std::chrono::seconds> stale_if_error{};
  std::vector<StatusTtl>
      status_ttl{};     ///< where the response says nothing, of any status, without Set-Cookie
  bool bypass = false;  ///< never cached
  std::uint64_t slice_bytes = 1 << 20;  ///< a range request for what is not in the cache fetches slices; 0: the whole
  bool store_set_cookie = true;         ///< false: Set-Cookie is shared with `public` or `s-maxage` only

  // Requests with one of these are never cached either. "*" stands for any run of characters of a cookie's
  // name.
  std::vector<std::string> bypass_cookies{};
  std::vector<std::string> bypass_headers{};  ///< lower case

  // Fields that go no further where the cache is met, lower case. The answer is judged without those of the
  // response.
  std::vector<std::string> strip_request{};
  std::vector<std::string> strip_response{};
};

/// The lifetime that the rule has for `status`: an exact status before its class.
std::optional<std::chrono::seconds> status_lifetime(const TtlRule& rule, int status);

/// Whether a request under `rule` does not meet the cache: neither is its answer stored nor is it answered
/// from there.
bool bypasses(const TtlRule& rule, const http::Fields& request);

/// Removes the fields of those names (lower case).
void strip(http::Fields& fields, const std::vector<std::string>& names);

}  // namespace policy
