// SPDX-License-Identifier: Apache-2.0
#include "edge/policy/site_rule.h"

#include <algorithm>
#include <string_view>

#include "edge/base/text.h"
#include "edge/policy/cache_key.h"

namespace policy {
namespace {

/// Any cookie of the request (RFC 6265 4.2.1) whose name one of `patterns` matches; one without "=" is all
/// name.
bool has_cookie(const http::Fields& request, const std::vector<std::string>& patterns) {
  bool found = false;
  for (const http::Fields::Field field : request) {
    if (field.name != "cookie") continue;
    base::split(field.value, ';', [&](std::string_view cookie) {
      const std::string_view name = base::trimmed(cookie.substr(0, cookie.find('=')));
      found = found || std::ranges::any_of(
                           patterns, [&](std::string_view pattern) { return path_matches(pattern, name); });
    });
  }
  return found;
}

}  // namespace

std::optional<std::chrono::seconds> status_lifetime(const TtlRule& rule, int status) {
  const StatusTtl* best = nullptr;
  for (const StatusTtl& entry : rule.status_ttl) {
    if (status < entry.first || status > entry.last) continue;
    if (best == nullptr || entry.first == entry.last) best = &entry;
  }
  if (best == nullptr) return {};
  return best->ttl;
}

bool bypasses(const TtlRule& rule, const http::Fields& request) {
  if (rule.bypass) return true;
  if (!rule.bypass_cookies.empty() && has_cookie(request, rule.bypass_cookies)) return true;
  return std::ranges::any_of(rule.bypass_headers, [&](std::string_view name) { return request.has(name); });
}

void strip(http::Fields& fields, const std::vector<std::string>& names) {
  for (const std::string& name : names) fields.remove(name);
}

}  // namespace policy
