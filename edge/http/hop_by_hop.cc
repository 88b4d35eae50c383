// SPDX-License-Identifier: Apache-2.0
#include "edge/http/hop_by_hop.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "edge/base/text.h"

namespace http {
namespace {

constexpr std::array<std::string_view, 12> kHopByHop{"connection",
                                                     "expect",
                                                     "http2-settings",
                                                     "keep-alive",
                                                     "proxy-authenticate",
                                                     "proxy-authentication-info",
                                                     "proxy-authorization",
                                                     "proxy-connection",
                                                     "te",
                                                     "trailer",
                                                     "transfer-encoding",
                                                     "upgrade"};

/// End-to-end fields that Connection can never take away: without them a response would be kept too long,
/// misread or given to the wrong client, and a request would be another request.
constexpr std::array<std::string_view, 38> kEndToEnd{"accept",
                                                     "accept-encoding",
                                                     "accept-language",
                                                     "age",
                                                     "authorization",
                                                     "cache-control",
                                                     "cache-group-invalidation",
                                                     "cache-groups",
                                                     "cache-tag",
                                                     "cdn-cache-control",
                                                     "cdn-loop",
                                                     "content-encoding",
                                                     "content-length",
                                                     "content-range",
                                                     "content-type",
                                                     "cookie",
                                                     "date",
                                                     "etag",
                                                     "expires",
                                                     "forwarded",
                                                     "host",
                                                     "if-match",
                                                     "if-modified-since",
                                                     "if-none-match",
                                                     "if-range",
                                                     "if-unmodified-since",
                                                     "last-modified",
                                                     "location",
                                                     "origin",
                                                     "pragma",
                                                     "range",
                                                     "selvage-cache-control",
                                                     "set-cookie",
                                                     "surrogate-control",
                                                     "surrogate-key",
                                                     "vary",
                                                     "via",
                                                     "www-authenticate"};
static_assert(std::ranges::is_sorted(kHopByHop) && std::ranges::is_sorted(kEndToEnd));

/// The fields that Connection takes away, in lower case.
std::vector<std::string> named_by_connection(const Fields& fields) {
  std::vector<std::string> named;
  for (const Fields::Field field : fields) {
    if (field.name != "connection") continue;
    base::split(field.value, ',', [&](std::string_view option) {
      std::string name = base::lowered(option);
      if (!std::ranges::binary_search(kEndToEnd, name)) named.push_back(std::move(name));
    });
  }
  return named;
}

}  // namespace

void remove_hop_by_hop(Fields& fields) {
  const std::vector<std::string> named = named_by_connection(fields);
  fields.remove_if([&](std::string_view name) {
    return std::ranges::binary_search(kHopByHop, name) || std::ranges::find(named, name) != named.end();
  });
}

}  // namespace http
