// SPDX-License-Identifier: Apache-2.0
#include "edge/policy/cache_key.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "edge/base/text.h"
#include "edge/base/wildcard.h"
#include "edge/policy/uri.h"

namespace policy {
namespace {

struct Target {
  std::string_view path{};
  std::optional<std::string_view> query{};  ///< "/a?" has an empty one, "/a" has none: different resources
};

Target split_target(std::string_view target) {
  target = target.substr(0, target.find('#'));
  const std::size_t mark = target.find('?');
  if (mark == std::string_view::npos) return {target, {}};
  return {target.substr(0, mark), target.substr(mark + 1)};
}

std::string_view name_of_parameter(std::string_view parameter) {
  return parameter.substr(0, parameter.find('='));
}

/// The parameters of a query, each normalised by itself: one with a malformed "%" must not leave the others
/// as they came.
std::vector<std::string> parameters_of(std::string_view query) {
  std::vector<std::string> out;
  for (;;) {
    const std::size_t end = query.find('&');
    out.push_back(normal_encoding(query.substr(0, end)));
    if (end == std::string_view::npos) return out;
    query.remove_prefix(end + 1);
  }
}

std::string joined(const std::vector<std::string>& parameters) {
  std::string out;
  for (const std::string& parameter : parameters) {
    out += out.empty() ? '?' : '&';
    out += parameter;
  }
  return out;
}

bool is_listed(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

/// The part of a query that belongs to the key, with its "?".
std::string chosen_query(const KeyRules& rules, std::string_view query) {
  if (rules.query == QueryRule::None) return {};
  std::vector<std::string> parameters = parameters_of(query);
  if (rules.query == QueryRule::Sorted) {
    // By name and stable: the order of several values of one name means something.
    std::ranges::stable_sort(parameters, {}, name_of_parameter);
  } else if (rules.query != QueryRule::All) {
    const bool wanted = rules.query == QueryRule::Allow;
    std::erase_if(parameters, [&](const std::string& parameter) {
      return is_listed(rules.parameters, decoded(name_of_parameter(parameter))) != wanted;
    });
  }
  return joined(parameters);
}

char* put(char* at, std::string_view text) { return std::ranges::copy(text, at).out; }

/// A part of a key, so that no two lists of parts have the same text: at most kPartBytes more than the part.
constexpr std::size_t kPartBytes = 21;
char* put_part(char* at, std::string_view part) {
  at = std::to_chars(at, at + kPartBytes - 1, part.size()).ptr;
  *at++ = ':';
  return put(at, part);
}

/// Where the port begins, with its colon; the colons of an IPv6 address are within brackets.
std::size_t port_at(std::string_view authority) {
  const std::size_t bracket = authority.rfind(']');
  const std::size_t colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
  return std::min(colon, authority.size());
}

std::string_view without_user(std::string_view authority) {
  return authority.substr(authority.rfind('@') + 1);  // npos + 1 is 0
}

void append_origin_target(std::string& out, const KeyRules& rules, std::string_view target) {
  if (target == "*") {
    out += target;
    return;
  }
  const Target parts = split_target(target);
  const bool whole_query = !parts.query || (rules.query == QueryRule::All && is_literal(*parts.query));
  if (whole_query && is_normal_path(parts.path)) {
    out += target.substr(0, parts.path.size() + (parts.query ? 1 + parts.query->size() : 0));
    return;
  }
  // In this order: a segment with a malformed "%" that ".." takes away must not leave the rest as it came.
  out += normal_encoding(without_dot_segments(parts.path));
  if (parts.query) out += chosen_query(rules, *parts.query);
}

}  // namespace

std::string host_of(std::string_view authority) {
  authority = without_user(authority);
  std::string_view host = authority.substr(0, port_at(authority));
  if (host.ends_with('.')) host.remove_suffix(1);
  return base::lowered(host);
}

std::string_view port_of(std::string_view authority) {
  authority = without_user(authority);
  return authority.substr(port_at(authority));
}

std::string origin_target(const KeyRules& rules, std::string_view target) {
  std::string out;
  append_origin_target(out, rules, target);
  return out;
}

CacheKey cache_key(std::string_view site, const KeyRules& rules, const http::RequestHead& request) {
  CacheKey out;
  out.host = host_of(request.authority);
  out.url.reserve(out.host.size() + request.target.size());
  out.url += out.host;
  append_origin_target(out.url, rules, request.target);
  const std::string_view scheme = rules.scheme ? std::string_view(request.scheme) : std::string_view();
  const std::string_view target = std::string_view(out.url).substr(out.host.size());
  const std::size_t most = 3 * kPartBytes + site.size() + scheme.size() + out.url.size();
  out.text.resize_and_overwrite(most, [&](char* begin, std::size_t) {
    char* const parts = put_part(put_part(put_part(begin, site), scheme), out.host);
    return put(parts, target) - begin;
  });
  return out;
}

std::string normal_url(const KeyRules& rules, std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme != std::string_view::npos && scheme < url.find_first_of("/?#")) url.remove_prefix(scheme + 3);
  const std::size_t end = std::min(url.find_first_of("/?#"), url.size());
  return host_of(url.substr(0, end)) + origin_target(rules, url.substr(end));
}

std::string normal_path(std::string_view target) {
  std::string room;
  return std::string(normal_path(target, room));
}

std::string_view normal_path(std::string_view target, std::string& room) {
  // Dot segments go before decoding, as in what is sent to the origin, and after it, since an origin may
  // decode first.
  const std::string_view path = split_target(target).path;
  if (is_normal_path(path)) return path;
  room = without_dot_segments(decoded(without_dot_segments(path)));
  return room;
}

bool path_matches(std::string_view pattern, std::string_view path) { return base::matches_wildcard(pattern, path); }

}  // namespace policy
