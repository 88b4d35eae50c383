// SPDX-License-Identifier: Apache-2.0
#include "edge/node/purge_words.h"

#include <algorithm>
#include <array>
#include <optional>

#include "edge/base/text.h"
#include "edge/node/ban_pattern.h"
#include "edge/policy/cache_key.h"

namespace node {
namespace {

using purge::Kind;
using purge::Purge;

/// By which clients name tags: xkey and PURGEKEYS of Varnish's modules, Fastly, Cloudflare.
constexpr std::array<std::string_view, 5> kTagFields = {"xkey", "xkey-purge", "xkey-softpurge",
                                                        "surrogate-key", "cache-tag"};
constexpr std::array<std::string_view, 3> kSoftFields = {"fastly-soft-purge", "soft-purge", "soft"};
constexpr std::string_view kUrlsAllowed =
    "X-Url: \".*\", \"^/path$\", \"^/path.*\" or lists of such texts \"^(/a|/b)$\"; \"\\*\" only before "
    "\"$\"";

std::unexpected<base::Error> refuse(std::string text) {
  return base::fail(base::Errc::Invalid, std::move(text));
}

bool wants_soft(const http::RequestHead& request) {
  if (request.fields.has("xkey-softpurge")) return true;
  return std::ranges::any_of(kSoftFields, [&](std::string_view name) {
    const auto value = request.fields.get(name);
    return value && *value != "0" && !base::iequals(*value, "false");
  });
}

/// Bytes that are not ASCII as they stand in every other form of the URL.
std::string ascii(std::string_view target) {
  std::string out;
  for (const char c : target) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      out += c;
      continue;
    }
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    out += '%';
    out += kDigits[byte >> 4U];
    out += kDigits[byte & 15U];
  }
  return out;
}

Purge make(const Site& site, Kind kind, std::vector<std::string> names) {
  return {.site = site.name, .kind = kind, .names = std::move(names)};
}

bool has_query(std::string_view path) { return path.find('?') != std::string_view::npos; }

/// All whose path begins so; nothing if one of them has a query, which wildcards do not look at, or a star,
/// which would be a wildcard itself.
std::optional<Purge> beginning_with(const Site& site, const std::vector<std::string>& hosts,
                                    const std::vector<std::string>& paths) {
  const auto sayable = [](const std::string& path) {
    return !has_query(path) && path.find('*') == std::string::npos;
  };
  if (!std::ranges::all_of(paths, sayable)) return {};
  std::vector<std::string> names;
  for (const std::string& host : hosts) {
    for (const std::string& path : paths) names.push_back(host + ascii(path) + "*");
  }
  return make(site, Kind::Wildcards, std::move(names));
}

base::Result<Purge> of_target(const Site& site, const http::RequestHead& request) {
  const std::string host = policy::host_of(request.authority);
  if (!request.target.starts_with('/'))
    return refuse("found target \"" + request.target + "\", allowed: a path");
  if (!request.target.ends_with('*')) {
    return make(site, Kind::Urls, {"https://" + host + ascii(request.target)});
  }
  const std::string path = request.target.substr(0, request.target.size() - 1);
  if (path == "/") return make(site, Kind::Hosts, {host});
  if (has_query(path)) {
    return refuse(
        "found \"" + request.target +
        "\", allowed: a path that ends with \"*\" without a query (a last \"*\" itself is \"%2A\")");
  }
  // Here a star is a star of wildcards wherever it stands.
  const bool below = path.ends_with('/') && path.find('*') == std::string::npos;
  return make(site, below ? Kind::Prefixes : Kind::Wildcards, {host + ascii(path) + (below ? "" : "*")});
}

/// WordPress plugins: X-Purge-Method: "regex" with the target "/.*"; "exact" and "default" are what PURGE is.
base::Result<Purge> of_purge(const Site& site, const http::RequestHead& request) {
  const std::string way = base::lowered(request.fields.get("x-purge-method").value_or("exact"));
  if (way != "regex") return of_target(site, request);
  if (request.target == "/.*") return make(site, Kind::Hosts, {policy::host_of(request.authority)});
  return refuse("found X-Purge-Method: regex with \"" + request.target +
                "\", allowed: \"/.*\" (all of the host)");
}

/// The hosts that X-Host means; empty: all of the site.
base::Result<std::vector<std::string>> hosts_of(const Config& config, const Site& site,
                                                std::string_view text) {
  const auto pattern = parse_ban_pattern(base::lowered(text), Dot::Itself);
  constexpr std::string_view kAllowed =
      "; allowed: X-Host: \".*\", \"^host$\" or \"^(host|host)$\", hosts of this site";
  if (!pattern) return refuse("X-Host: " + pattern.error().text + std::string(kAllowed));
  if (pattern->all()) return std::vector<std::string>{};
  const bool exact = pattern->from_start && pattern->to_end;
  const bool open =
      std::ranges::any_of(site.hosts, [](const std::string& host) { return host.starts_with("*."); });
  std::vector<std::string> hosts;
  if (exact) {
    std::ranges::copy_if(pattern->texts, std::back_inserter(hosts),
                         [&](const std::string& host) { return config.sites.find(host) == &site; });
    if (hosts.size() != pattern->texts.size()) hosts.clear();
  } else if (!open) {
    std::ranges::copy_if(site.hosts, std::back_inserter(hosts),
                         [&](const std::string& host) { return pattern->matches(host); });
  }
  if (hosts.empty()) return refuse("X-Host: found \"" + std::string(text) + "\"" + std::string(kAllowed));
  return hosts;
}

/// X-Content-Type alone: the built-in tags "type=image/png", "type=image/*". What is left open after a
/// subtype
/// ("^image/svg") would mean others that begin so, which no tag names.
base::Result<Purge> of_type(const Site& site, std::string_view text) {
  constexpr std::string_view kTypeEnd = "(;|$)";  // of a type alone, or before its parameters
  std::string expression = base::lowered(text);
  if (expression.ends_with(kTypeEnd))
    expression.replace(expression.size() - kTypeEnd.size(), kTypeEnd.size(), "$");
  const auto pattern = parse_ban_pattern(expression, Dot::Itself);
  if (pattern && pattern->from_start) {
    std::vector<std::string> tags;
    for (const std::string& type : pattern->texts) {
      const std::size_t slash = type.find('/');
      const bool all = slash + 1 == type.size();
      if (slash == std::string::npos || slash == 0 || all == pattern->to_end ||
          type.find('*') != std::string::npos)
        break;
      tags.push_back("type=" + type + (all ? "*" : ""));
    }
    if (tags.size() == pattern->texts.size()) return make(site, Kind::Tags, std::move(tags));
  }
  return refuse(
      "X-Content-Type: found \"" + std::string(text) +
      "\", allowed: \".*\", \"^image/\", \"^image/png$\", \"^image/png(;|$)\" or lists of such texts "
      "\"^(text/html|text/css)$\"");
}

base::Result<Purge> of_urls(const Site& site, std::vector<std::string> hosts, std::string_view text) {
  const auto pattern = parse_ban_pattern(text, Dot::Fault);
  const std::string found = "X-Url: found \"" + std::string(text) + "\"";
  if (!pattern) return refuse("X-Url: " + pattern.error().text + "; allowed: " + std::string(kUrlsAllowed));
  if (pattern->all()) {
    return hosts.empty() ? make(site, Kind::Everything, {}) : make(site, Kind::Hosts, std::move(hosts));
  }
  if (hosts.empty()) {
    hosts = site.hosts;
    if (std::ranges::any_of(hosts, [](const std::string& host) { return host.starts_with("*."); }))
      return refuse(found + " for all hosts of a site that has \"*.\" among them; allowed: with X-Host");
  }
  if (!pattern->from_start)
    return refuse(found + ", which may match anywhere; allowed: " + std::string(kUrlsAllowed));
  if (!std::ranges::all_of(pattern->texts, [](const std::string& path) { return path.starts_with('/'); }))
    return refuse(found + ", which matches nothing, as a path begins with \"/\"; allowed: " +
                  std::string(kUrlsAllowed));
  if (!pattern->to_end) {
    if (auto purge = beginning_with(site, hosts, pattern->texts)) return std::move(*purge);
    return refuse(found + ", which no wildcard can say: it has a query or a star; allowed: " +
                  std::string(kUrlsAllowed));
  }
  std::vector<std::string> names;
  for (const std::string& host : hosts) {
    for (const std::string& path : pattern->texts) names.push_back("https://" + host + ascii(path));
  }
  return make(site, Kind::Urls, std::move(names));
}

base::Result<Purge> of_ban(const Config& config, const Site& site, const http::RequestHead& request) {
  const auto host = request.fields.get("x-host");
  const auto url = request.fields.get("x-url");
  const auto type = request.fields.get("x-content-type");
  const auto tags = request.fields.get("x-cache-tags");
  if (!host && !url && !type && !tags) return of_target(site, request);
  auto hosts = hosts_of(config, site, host.value_or(".*"));
  if (!hosts) return std::unexpected(hosts.error());
  const bool any_place = hosts->empty() && url.value_or(".*") == ".*";
  const bool any_type = type.value_or(".*") == ".*";
  if (tags) {
    auto names = parse_ban_tags(*tags);
    if (!names) return refuse("X-Cache-Tags: " + names.error().text);
    if (!any_place || !any_type)
      return refuse("X-Cache-Tags together with X-Host, X-Url or X-Content-Type; allowed: those as \".*\"");
    return make(site, Kind::Tags, std::move(*names));
  }
  if (any_type) return of_urls(site, std::move(*hosts), url.value_or(".*"));
  if (!any_place) return refuse("X-Content-Type together with X-Host or X-Url; allowed: those as \".*\"");
  return of_type(site, *type);
}

}  // namespace

bool is_purge_method(std::string_view method) {
  return method == "PURGE" || method == "BAN" || method == "PURGEKEYS";
}

base::Result<Purge> purge_of(const Config& config, const Site& site, const http::RequestHead& request) {
  std::vector<std::string> tags;
  for (const std::string_view name : kTagFields) {
    if (request.fields.has(name))
      std::ranges::move(split_tags(request.fields.combined(name)), std::back_inserter(tags));
  }
  const bool by_tag = std::ranges::any_of(kTagFields, [&](auto name) { return request.fields.has(name); });
  if (by_tag && tags.empty()) return refuse("found no tag, allowed: a list of them between spaces or commas");
  if (!by_tag && request.method == "PURGEKEYS")
    return refuse("found no tags, allowed: XKey-Purge or XKey-SoftPurge");
  auto purge = by_tag                    ? base::Result<Purge>(make(site, Kind::Tags, std::move(tags)))
               : request.method == "BAN" ? of_ban(config, site, request)
                                         : of_purge(site, request);
  if (purge) purge->soft = wants_soft(request);
  return purge;
}

}  // namespace node
