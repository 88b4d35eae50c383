// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "edge/http/message.h"

namespace policy {

/// Which part of a query belongs to the key.
enum class QueryRule { All, None, Sorted, Allow, Deny };

/// A site's rules for its keys.
struct KeyRules {
  bool scheme = false;                   ///< http and https are different objects
  QueryRule query = QueryRule::All;
  std::vector<std::string> parameters{}; ///< for Allow and Deny
};

/// The host of an authority as everything here compares it: lower case, without user information and port,
/// and without the dot that may end a fully qualified name.
std::string host_of(std::string_view authority);
/// ":8443", or empty.
std::string_view port_of(std::string_view authority);

/// What a request asks for, normalised: percent-encoding of unreserved characters undone, hexadecimal digits
/// upper case, dot segments removed (RFC 3986 6.2.2), host as host_of() gives it, query under the site's
/// rules.
struct CacheKey {
  std::string text{};  ///< what the store's key is made of: unambiguous
  std::string host{};
  std::string url{};   ///< "host/path?query": what URL and prefix purges are compared with
};
CacheKey cache_key(std::string_view site, const KeyRules& rules, const http::RequestHead& request);

/// The target as it is to be sent to the origin: what the key says and nothing else, so that no part of a request which is
/// not in the key can change the response that is stored under it.
std::string origin_target(const KeyRules& rules, std::string_view target);

/// CacheKey::url of an absolute URL ("https://Host:port/path?query", scheme optional), for purges.
std::string normal_url(const KeyRules& rules, std::string_view url);

/// Path without query, decoded once for matching of site rules; dot segments removed.
std::string normal_path(std::string_view target);
/// The same as a view: of `target` where that is its own normal path, else of `room`, where it is put.
std::string_view normal_path(std::string_view target, std::string& room);

/// `pattern` with "*" for any run of characters, over the whole of `path`.
bool path_matches(std::string_view pattern, std::string_view path);

}  // namespace policy
