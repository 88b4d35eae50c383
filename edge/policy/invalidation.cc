// SPDX-License-Identifier: Apache-2.0
#include "edge/policy/invalidation.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "edge/base/text.h"
#include "edge/policy/cache_key.h"
#include "edge/policy/storing.h"

namespace policy {
namespace {

struct Reference {
  std::optional<std::string_view> scheme{};
  std::optional<std::string_view> authority{};
  std::string_view rest{};  ///< path and query
};

/// RFC 3986 4.1. A fragment names a part of the same resource.
Reference split_reference(std::string_view text) {
  text = text.substr(0, text.find('#'));
  Reference out;
  const std::size_t mark = text.find_first_of(":/?");
  if (mark != std::string_view::npos && mark > 0 && text[mark] == ':') {
    out.scheme = text.substr(0, mark);
    text.remove_prefix(mark + 1);
  }
  if (text.starts_with("//")) {
    text.remove_prefix(2);
    const std::size_t end = std::min(text.find_first_of("/?"), text.size());
    out.authority = text.substr(0, end);
    text.remove_prefix(end);
  }
  out.rest = text;
  return out;
}

/// RFC 3986 5.2.2; dot segments are the key's business.
std::string resolved(std::string_view base, std::string_view rest, bool with_authority) {
  if (with_authority && !rest.starts_with('/')) return "/" + std::string(rest);
  if (rest.empty()) return std::string(base);
  if (rest.starts_with('/')) return std::string(rest);
  const std::string_view path = base.substr(0, base.find('?'));
  if (rest.starts_with('?')) return std::string(path) + std::string(rest);
  return std::string(path.substr(0, path.rfind('/') + 1)) + std::string(rest);
}

/// Nothing if it is of another origin: that may say nothing of what is stored (RFC 9111 4.4).
std::optional<http::RequestHead> target_of(const http::RequestHead& request, std::string_view text) {
  const Reference reference = split_reference(base::trimmed(text));
  http::RequestHead out;
  out.method = "GET";
  out.scheme = request.scheme;
  out.authority = request.authority;
  if (reference.scheme) {
    out.scheme = base::lowered(*reference.scheme);
    // "https:path" is nothing that a server should send, and could be read in two ways.
    if ((out.scheme != "http" && out.scheme != "https") || !reference.authority) return {};
  }
  if (reference.authority && host_of(*reference.authority) != host_of(request.authority)) return {};
  out.target = resolved(request.target, reference.rest, reference.authority.has_value());
  return out;
}

}  // namespace

bool invalidates(std::string_view method, int status) {
  return is_unsafe(method) && status >= 200 && status < 400;
}

std::vector<http::RequestHead> invalidated_targets(const http::RequestHead& request,
                                                   const http::ResponseHead& response) {
  if (!invalidates(request.method, response.status)) return {};
  std::vector<http::RequestHead> out;
  out.push_back(*target_of(request, ""));
  for (const std::string_view name : {"location", "content-location"}) {
    const auto text = response.fields.get(name);
    auto target = text ? target_of(request, *text) : std::nullopt;
    if (target) out.push_back(std::move(*target));
  }
  return out;
}

}  // namespace policy
