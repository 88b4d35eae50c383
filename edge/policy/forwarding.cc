// SPDX-License-Identifier: Apache-2.0
#include "edge/policy/forwarding.h"

#include <algorithm>
#include <array>
#include <span>
#include <string>

#include "edge/base/text.h"
#include "edge/http/date.h"
#include "edge/http/hop_by_hop.h"
#include "edge/policy/cache_key.h"
#include "edge/policy/field_list.h"
#include "edge/policy/vary.h"

namespace policy {
namespace {

/// Fields by which a client could speak for the edge, and "Proxy", which CGI takes for a setting.
constexpr std::array<std::string_view, 4> kSpoofed = {"forwarded", "x-real-ip", "proxy", "selvage-purge-clock"};

/// Would narrow the answer to what this one client needs.
constexpr std::array<std::string_view, 6> kPersonal = {
    "range", "if-range", "if-match", "if-none-match", "if-modified-since", "if-unmodified-since"};

/// By which a client could have another resource's response stored under this one's key: frameworks take them
/// for the request line or Host.
constexpr std::array<std::string_view, 12> kOverrides = {
    "x-original-url",       "x-rewrite-url",     "x-original-host",        "x-host",
    "x-http-host-override", "x-http-method",     "x-http-method-override", "x-forwarded",
    "x-method-override",    "x-original-method", "x-url-scheme",           "front-end-https"};

/// Set anew for each request, beside X-Forwarded-*.
constexpr std::array<std::string_view, 3> kOwn = {"host", "via", "cdn-loop"};

bool listed(std::string_view name, std::span<const std::string_view> names) {
  return std::ranges::find(names, name) != names.end();
}

/// `text` as a value in Forwarded: a token as it is, all else quoted (RFC 7239 4).
std::string forwarded_value(std::string_view text) {
  const bool token = !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
           c == '-' || c == '_';
  });
  if (token) return std::string(text);
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  out += '"';
  return out;
}

/// An IPv6 address is written in brackets (RFC 7239 6).
std::string forwarded_node(std::string_view address) {
  if (address.empty()) return "unknown";
  if (address.find(':') == std::string_view::npos) return forwarded_value(address);
  return forwarded_value("[" + std::string(address) + "]");
}

const char* via_version(http::Version version) {
  switch (version) {
    case http::Version::Http10: return "1.0";
    case http::Version::Http11: return "1.1";
    case http::Version::Http2: return "2";
  }
  return "1.1";
}

/// The Via of a received message with one more member.
std::string via_of(const http::Fields& fields, http::Version version, std::string_view node) {
  std::string via = fields.combined("via");
  if (!via.empty()) via += ", ";
  return via.append(via_version(version)).append(" ").append(node);
}

/// A pseudonym, as cdn-id may be (RFC 8586 2): names of nodes are tokens.
std::string cdn_id(std::string_view node) { return "selvage-" + std::string(node); }

std::string cdn_loop_of(const http::Fields& fields, std::string_view node) {
  std::string out = fields.combined("cdn-loop");
  if (!out.empty()) out += ", ";
  return out + cdn_id(node);
}

/// The client's host; with its port only where the answer is for this client alone.
std::string host_for(const http::RequestHead& request, bool caching) {
  std::string host = host_of(request.authority);
  if (!caching) host += port_of(request.authority);
  return host;
}

/// What a trusted proxy has said before us, as the beginning of a list.
std::string continued(const http::Fields& request, std::string_view name, bool trusted) {
  std::string said = trusted ? request.combined(name) : std::string();
  if (!said.empty()) said += ", ";
  return said;
}

void add_forwarding(http::Fields& out, const http::RequestHead& request,
                    const http::ConnectionInfo& connection, const Towards& towards) {
  const std::string host = host_for(request, towards.caching);
  out.add("host", towards.host.empty() ? std::string_view(host) : towards.host);
  const bool trusted = connection.trust_forwarded;
  out.add("x-forwarded-for", continued(request.fields, "x-forwarded-for", trusted) + connection.client_address);
  out.add("x-forwarded-host", host);
  std::string forwarded =
      continued(request.fields, "forwarded", trusted) + "for=" + forwarded_node(connection.client_address) + ";host=" + forwarded_value(host);
  if (towards.scheme || !towards.caching) {
    out.add("x-forwarded-proto", request.scheme);
    forwarded += ";proto=" + request.scheme;
  }
  out.add("forwarded", forwarded);
}

}  // namespace

http::Fields fields_to_origin(const http::RequestHead& request, const http::ConnectionInfo& connection,
                              const Towards& towards) {
  http::Fields sent = request.fields;
  http::remove_hop_by_hop(sent);
  http::Fields out;
  for (const http::Fields::Field field : sent) {
    if (listed(field.name, kSpoofed) || field.name.starts_with("x-forwarded-")) continue;
    if (towards.caching && (listed(field.name, kPersonal) || listed(field.name, kOverrides))) continue;
    if (listed(field.name, kOwn) || field.name == "accept-encoding") continue;
    out.add(field.name, field.value);
  }
  // Always said: without the field an origin may choose any coding (RFC 9110 12.5.3), which the client need
  // not know.
  const std::string codings = towards.identity ? std::string() : accept_encoding(request.fields);
  out.add("accept-encoding", codings.empty() ? "identity" : codings);
  out.add("via", via_of(request.fields, request.version, towards.node));
  out.add("cdn-loop", cdn_loop_of(request.fields, towards.node));
  add_forwarding(out, request, connection, towards);
  return out;
}

bool is_set_by_edge(std::string_view name) {
  return listed(name, kOwn) || listed(name, kSpoofed) || listed(name, kPersonal) || listed(name, kOverrides) ||
         name.starts_with("x-forwarded-");
}

std::string forwarded_address(const http::Fields& request) {
  const std::string all = request.combined("x-forwarded-for");
  const std::string_view last = base::trimmed(std::string_view(all).substr(all.rfind(',') + 1));
  const bool address = last.find_first_not_of("0123456789abcdefABCDEF.:") == std::string_view::npos;
  return address ? std::string(last) : std::string();
}

std::string forwarded_scheme(const http::Fields& request) {
  const std::string said = base::lowered(base::trimmed(request.combined("x-forwarded-proto")));
  return said == "http" || said == "https" ? said : std::string();
}

std::string client_address(const http::Fields& request, const http::ConnectionInfo& connection) {
  if (!connection.trust_forwarded || !request.has("x-forwarded-for")) return connection.client_address;
  return forwarded_address(request);
}

bool names_another_resource(const http::Fields& request) {
  return std::ranges::any_of(kOverrides, [&](std::string_view name) { return request.has(name); });
}

bool has_looped(const http::Fields& request, std::string_view node) {
  if (!request.has("cdn-loop")) return false;
  const std::string own = cdn_id(node);
  bool found = false;
  for_each_member(request.combined("cdn-loop"), [&](std::string_view member) {
    found = found || base::iequals(base::trimmed(member.substr(0, member.find(';'))), own);
  });
  return found;
}

bool is_narrowed(const http::Fields& request) {
  return std::ranges::any_of(kPersonal, [&](std::string_view name) { return request.has(name); });
}

void clean_trailers(http::Fields& trailers) {
  constexpr std::array<std::string_view, 30> kOfTheHead = {
      "age",          "authorization",    "cache-control", "cache-group-invalidation", "cache-groups",
      "cache-status", "cache-tag",        "cdn-cache-control", "clear-site-data",      "content-encoding",
      "content-length", "content-range",  "content-type",  "cookie",                   "date",
      "expires",      "host",             "location",      "pragma",                   "proxy-authenticate",
      "range",        "retry-after",      "selvage-cache-control", "selvage-purge-clock", "set-cookie",       "surrogate-control",
      "surrogate-key", "vary",            "via",           "www-authenticate"};
  http::remove_hop_by_hop(trailers);
  trailers.remove_if([&](std::string_view name) { return listed(name, kOfTheHead); });
}

void add_via(http::ResponseHead& response, std::string_view node) {
  response.fields.set("via", via_of(response.fields, response.version, node));
}

void clean_response(http::Fields& fields, base::Wall now) {
  http::remove_hop_by_hop(fields);
  for (const std::string_view name :
       {"surrogate-key", "cache-tag", "surrogate-control", "selvage-cache-control", "selvage-purge-clock"}) {
    fields.remove(name);
  }
  if (!fields.has("date")) fields.add("date", http::format_date(now));
}

}  // namespace policy
