// SPDX-License-Identifier: Apache-2.0
#include "edge/node/config_site.h"

#include <algorithm>
#include <map>

#include "edge/base/quantity.h"
#include "edge/base/text.h"
#include "edge/http/syntax.h"
#include "edge/loop/server_settings.h"
#include "edge/node/config_purge.h"

namespace node {
namespace {

using base::Table;
using namespace std::chrono_literals;
constexpr std::uint64_t kSliceBytesMin = 64 << 10;
using Origins = std::map<std::string, std::shared_ptr<const Origin>>;

bool is_base_url(std::string_view url) {
  std::string_view rest = url;
  if (rest.starts_with("https://"))
    rest.remove_prefix(8);
  else if (rest.starts_with("http://"))
    rest.remove_prefix(7);
  else
    return false;
  return !rest.empty() && rest.find_first_of("/?# \t@") == std::string_view::npos;
}

std::shared_ptr<const Origin> read_origin(const std::string& name, const Table& table) {
  auto origin = std::make_shared<Origin>();
  origin->name = name;
  origin->url = table.required_text("url");
  if (origin->url.ends_with('/')) origin->url.pop_back();
  if (!origin->url.empty() && !is_base_url(origin->url)) {
    table.fault("url",
                "found \"" + origin->url + "\", allowed: http:// or https:// with host and port, no path");
  }
  auto server = std::make_shared<http::ServerOptions>();
  server->ca_file = loop::read_authorities(table, "ca_file");
  server->verify_tls = table.flag("verify", true);
  if (table.has("client_certificate") || table.has("client_key")) {
    const loop::CertificateFiles files = loop::read_certificate(table, "client_certificate", "client_key");
    server->client_cert_file = files.certificate;
    server->client_key_file = files.key;
  }
  server->connect_to = table.text("connect_to", "");
  origin->purge_clock = table.flag("purge_clock", false);
  enum class Http2 { Auto, Never, PriorKnowledge };
  const Http2 http2 = table.choice<Http2>(
      "http2", {{"auto", Http2::Auto}, {"never", Http2::Never}, {"prior-knowledge", Http2::PriorKnowledge}},
      Http2::Auto);
  server->prefer_http2 = http2 != Http2::Never;
  server->http2_prior_knowledge = http2 == Http2::PriorKnowledge;
  server->queue_limit = table.duration("queue_limit", server->queue_limit, 10ms, 10min);
  server->connect_limit = table.duration("connect_limit", server->connect_limit, 10ms, 10min);
  server->first_byte_limit = table.duration("first_byte_limit", server->first_byte_limit, 10ms, 1h);
  server->idle_limit = table.duration("idle_limit", server->idle_limit, 10ms, 1h);
  origin->server = std::move(server);
  return origin;
}

std::optional<std::chrono::seconds> seconds(const Table& table, std::string_view key) {
  if (!table.has(key)) return {};
  return std::chrono::duration_cast<std::chrono::seconds>(table.duration(key, 0ms, 0ms, 24h * 3650));
}

/// "404", or "4xx" for a class; a status that can be stored.
std::optional<policy::StatusTtl> parse_status(std::string_view text) {
  if (text.size() == 3 && text[0] >= '2' && text[0] <= '5' && text.substr(1) == "xx") {
    const int first = (text[0] - '0') * 100;
    return policy::StatusTtl{.first = first, .last = first + 99};
  }
  const std::uint64_t status = text.size() == 3 ? base::decimal(text).value_or(0) : 0;
  if (status < 200 || status > 599 || status == 206 || status == 304) return {};
  return policy::StatusTtl{.first = static_cast<int>(status), .last = static_cast<int>(status)};
}

std::vector<policy::StatusTtl> read_status_ttl(const Table& rule) {
  const auto table = rule.table("status_ttl");
  if (!table) return {};
  std::vector<policy::StatusTtl> out;
  for (const auto& [name, unused] : rule.named_texts("status_ttl")) {
    auto entry = parse_status(name);
    if (!entry) {
      table->fault(name,
                   "found \"" + name +
                       "\", allowed: a status such as \"404\" (not 206 and 304), or \"4xx\" for a class");
      continue;
    }
    entry->ttl = seconds(*table, name).value_or(0s);
    out.push_back(*entry);
  }
  return out;
}

/// Names of fields in lower case; `kept`: those that no rule may name.
std::vector<std::string> read_field_names(const Table& rule, std::string_view key,
                                          std::initializer_list<std::string_view> kept) {
  std::vector<std::string> out;
  for (const std::string& name : rule.texts(key)) {
    std::string lowered = base::lowered(name);
    if (!http::is_token(lowered)) {
      rule.fault(key, "found \"" + name + "\", allowed: names of header fields such as \"x-debug\"");
    } else if (std::ranges::find(kept, lowered) != kept.end()) {
      rule.fault(key, "found \"" + name + "\", which no rule may remove");
    } else {
      out.push_back(std::move(lowered));
    }
  }
  return out;
}

std::vector<std::string> read_cookie_names(const Table& rule) {
  std::vector<std::string> out = rule.texts("bypass_cookies");
  for (const std::string& name : out) {
    if (!http::is_token(name)) {  // which may hold "*"
      rule.fault("bypass_cookies",
                 "found \"" + name + "\", allowed: names of cookies, \"*\" for any run of characters");
    }
  }
  return out;
}

policy::TtlRule read_ttl(const Table& table) {
  policy::TtlRule rule;
  rule.ttl = seconds(table, "ttl");
  rule.default_ttl = seconds(table, "default_ttl");
  rule.min_ttl = seconds(table, "min_ttl");
  rule.max_ttl = seconds(table, "max_ttl");
  rule.stale_while_revalidate = seconds(table, "stale_while_revalidate");
  rule.stale_if_error = seconds(table, "stale_if_error");
  rule.status_ttl = read_status_ttl(table);
  rule.bypass = table.flag("bypass", false);
  rule.slice_bytes = table.bytes("slice", rule.slice_bytes, 0, 64 << 20);
  if (rule.slice_bytes != 0 && rule.slice_bytes < kSliceBytesMin) {
    table.fault("slice", "found \"" + base::format_bytes(rule.slice_bytes) + "\", allowed: 0, or 64KiB to 64MiB");
  }
  rule.store_set_cookie = table.flag("store_set_cookie", true);
  rule.bypass_cookies = read_cookie_names(table);
  rule.bypass_headers = read_field_names(table, "bypass_headers", {});
  rule.strip_request = read_field_names(table, "strip_request", {"host", "cdn-loop", "via"});
  rule.strip_response =
      read_field_names(table, "strip_response", {"content-encoding", "content-range", "date", "via"});
  return rule;
}

// "text/html", "text/*", "application/*+json", "*".
bool is_type_pattern(std::string_view type) {
  constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyz0123456789!#$&-^_.+*/";
  if (type == "*") return true;
  if (type.find_first_not_of(kAllowed) != std::string_view::npos) return false;
  return std::ranges::count(type, '/') == 1 && !type.starts_with('/') && !type.ends_with('/');
}

policy::CodingRule read_coding(const Table& table) {
  policy::CodingRule rule;
  for (const std::string& type : table.texts("compress")) {
    rule.types.push_back(base::lowered(type));
    if (is_type_pattern(rule.types.back())) continue;
    table.fault("compress",
                "found \"" + type + "\", allowed: media types such as \"text/html\", \"text/*\" or \"*\"");
  }
  rule.min_bytes = table.bytes("compress_min", rule.min_bytes, 0, 1ULL << 30);
  rule.max_bytes = table.bytes("compress_max", rule.max_bytes, 0, 1ULL << 30);
  for (const std::string_view key : {"compress_min", "compress_max"}) {
    if (rule.types.empty() && table.has(key)) {
      table.fault(key, "is of use with a list of media types only: compress = [\"text/*\"]");
    }
  }
  if (rule.min_bytes > rule.max_bytes) {
    table.fault(table.has("compress_min") ? "compress_min" : "compress_max",
                "found compress_min = \"" + base::format_bytes(rule.min_bytes) +
                    "\", allowed: at most compress_max, \"" + base::format_bytes(rule.max_bytes) + "\"");
  }
  return rule;
}

policy::KeyRules read_key(const Table& site, PlainMode plain) {
  using policy::QueryRule;
  policy::KeyRules key;
  key.scheme = site.flag("scheme_in_key", plain == PlainMode::Serve);
  key.query = site.choice<QueryRule>("query",
                                     {{"all", QueryRule::All},
                                      {"none", QueryRule::None},
                                      {"sorted", QueryRule::Sorted},
                                      {"allow", QueryRule::Allow},
                                      {"deny", QueryRule::Deny}},
                                     QueryRule::All);
  key.parameters = site.texts("query_parameters");
  const bool listed = key.query == QueryRule::Allow || key.query == QueryRule::Deny;
  if (listed && key.parameters.empty()) {
    site.fault("query", "query = \"allow\" or \"deny\" needs a list: query_parameters = [\"v\"]");
  }
  if (!listed && !key.parameters.empty()) {
    site.fault("query_parameters", "is of use with query = \"allow\" or \"deny\" only");
  }
  return key;
}

bool is_host_pattern(std::string_view host) {
  if (host.starts_with("*.")) host.remove_prefix(2);
  if (host.empty() || host.size() > 253) return false;
  if (host.starts_with('[')) return host.ends_with(']');
  return host.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-._") == std::string_view::npos;
}

void read_hosts(const Table& table, Site& site) {
  for (const std::string& host : table.texts("hosts")) {
    std::string lowered = base::lowered(host);
    if (!is_host_pattern(lowered)) {
      table.fault("hosts",
                  "found \"" + host + "\", allowed: host names without port, or \"*.\" and a host name");
      continue;
    }
    site.hosts.push_back(std::move(lowered));
  }
  if (site.hosts.empty()) table.fault("hosts", "is missing or empty; allowed: a list of host names");
}

std::shared_ptr<const Site> read_site(const Table& table, const Origins& origins, const PurgeConfig& purge) {
  auto site = std::make_shared<Site>();
  site->name = table.required_text("name");
  read_hosts(table, *site);
  const std::string origin = table.required_text("origin");
  if (const auto found = origins.find(origin); found != origins.end()) {
    site->origin = found->second;
  } else if (!origin.empty()) {
    std::string known;
    for (const auto& [name, unused] : origins) known += (known.empty() ? "" : ", ") + name;
    table.fault("origin", "found \"" + origin + "\", allowed: " +
                              (known.empty() ? "a NAME that has its [origins.NAME]"
                                             : "one of the [origins]: " + known));
  }
  site->origin_host = table.text("origin_host", "");
  site->plain = table.choice<PlainMode>(
      "plain", {{"serve", PlainMode::Serve}, {"redirect", PlainMode::Redirect}, {"off", PlainMode::Off}},
      PlainMode::Redirect);
  site->cache_status_key = table.flag("cache_status_key", false);
  site->purge = read_purge_methods(table, purge);
  site->silence = read_silence(table, purge);
  site->key = read_key(table, site->plain);
  site->defaults = read_ttl(table);
  site->coding = read_coding(table);
  for (const Table& rule : table.tables("rule")) {
    site->rules.push_back({rule.required_text("path"), read_ttl(rule), read_coding(rule)});
    if (!site->rules.back().path.starts_with('/') && !site->rules.back().path.starts_with('*')) {
      rule.fault("path", "found \"" + site->rules.back().path +
                             "\", allowed: a path that begins with \"/\" or \"*\"");
    }
  }
  return site;
}

}  // namespace

void read_sites(const Table& root, Config& config) {
  Origins origins;
  for (const auto& [name, table] : root.named_tables("origins")) origins[name] = read_origin(name, table);
  const auto sites = root.tables("site");
  if (sites.empty()) root.fault("site", "there is no [[site]]; at least one is needed");
  std::map<std::string, std::string> owners;
  std::map<std::string, bool> names;
  for (const Table& table : sites) {
    const auto site = read_site(table, origins, config.purge);
    if (!site->name.empty() && !names.emplace(site->name, true).second) {
      table.fault("name", "found \"" + site->name + "\" a second time; names of sites must differ");
    }
    for (const std::string& host : site->hosts) {
      if (config.sites.add(host, site)) {
        owners[host] = site->name;
      } else {
        table.fault("hosts", "found \"" + host + "\", which site \"" + owners[host] + "\" has already");
      }
    }
    ++config.site_count;
  }
}

}  // namespace node
