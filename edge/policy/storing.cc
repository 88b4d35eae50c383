// SPDX-License-Identifier: Apache-2.0
#include "edge/policy/storing.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "edge/base/check.h"
#include "edge/base/text.h"
#include "edge/http/date.h"
#include "edge/policy/cache_control.h"
#include "edge/policy/cache_groups.h"
#include "edge/policy/conditional.h"
#include "edge/policy/forwarding.h"
#include "edge/policy/status.h"
#include "edge/policy/vary.h"

namespace policy {
namespace {

using std::chrono::seconds;

bool listed(std::string_view name, std::span<const std::string_view> names) {
  return std::ranges::find(names, name) != names.end();
}

/// Tags in the order they came, without doubles.
std::vector<std::string> tags_of(const http::Fields& fields) {
  std::vector<std::string> tags;
  const auto keep = [&](std::string_view tag) {
    if (std::ranges::find(tags, tag) == tags.end()) tags.emplace_back(tag);
  };
  for (const http::Fields::Field field : fields) {
    if (field.name == "surrogate-key") base::split(field.value, ' ', keep);
    if (field.name == "cache-tag") base::split(field.value, ',', keep);
  }
  return tags;
}

/// no-store, but a response whose status we understand may carry it only for caches that do not (RFC
/// 9111 5.2.2.3).
bool forbids_storing(const CacheControl& directives, int status) {
  return directives.no_store && !(directives.must_understand && is_understood(status));
}

/// The fields that are for this cache alone. They go no further, but a 304 is judged together with them.
http::Fields hidden_of(const http::Fields& fields) {
  http::Fields out;
  for (const http::Fields::Field field : fields) {
    if (field.name == "selvage-cache-control" || field.name == "surrogate-control") {
      out.add(field.name, field.value);
    }
  }
  return out;
}

/// All that the response says to this cache.
http::Fields judged_fields(const StoredResponse& stored) {
  http::Fields out = stored.fields;
  for (const http::Fields::Field field : stored.hidden) out.add(field.name, field.value);
  return out;
}

/// The origin, or the operator for this status, allows the caching of this response in general (RFC 9111 3,
/// last item).
bool has_grounds(const http::ResponseHead& response, const CacheControl& directives, const TtlRule& rule) {
  const bool expires = !directives.targeted && response.fields.has("expires");
  return status_lifetime(rule, response.status) || directives.is_public || directives.max_age ||
         directives.s_maxage || expires || is_heuristically_cacheable(response.status);
}

/// A cookie is most often for one client: sharing it needs the origin's own word that the response is fresh for
/// a while (RFC 9111 7.3), and where the operator does not trust that, one that is meant for shared caches.
bool has_unshared_cookie(const http::Fields& fields, const TtlRule& rule, base::Wall response_time) {
  if (!fields.has("set-cookie")) return false;
  const CacheControl directives = response_directives(fields);
  if (is_meant_for_sharing(directives)) return false;
  const seconds said = said_lifetime(fields, directives, response_time).value_or(seconds(0));
  return !rule.store_set_cookie || directives.no_cache || said <= seconds(0);
}

/// Lifetime and all else that is read from the directives of `head`, whose fields are complete.
void set_rules(StoredResponse& out, const http::ResponseHead& head, const TtlRule& rule,
               base::Wall response_time) {
  const CacheControl directives = response_directives(head.fields);
  const auto window = [](const std::optional<seconds>& ruled, const std::optional<std::uint32_t>& said) {
    return std::max(ruled.value_or(seconds(said.value_or(0))), seconds(0));
  };
  out.lifetime = lifetime(head, directives, rule, response_time);
  out.stale_while_revalidate = window(rule.stale_while_revalidate, directives.stale_while_revalidate);
  out.stale_if_error = window(rule.stale_if_error, directives.stale_if_error);
  // s-maxage implies proxy-revalidate (RFC 9111 5.2.2.10), unless the operator has set how long stale is good
  // enough.
  const bool graced = rule.stale_while_revalidate || rule.stale_if_error;
  out.must_revalidate =
      directives.must_revalidate || directives.proxy_revalidate || (directives.s_maxage && !graced);
  out.no_cache = directives.no_cache;
  out.immutable = directives.immutable;
}

/// Leaves the fields as they are to be sent (StoredResponse::fields).
void clean_for_storage(http::Fields& fields, base::Wall response_time) {
  clean_response(fields, response_time);
  for (const std::string_view name : {"age", "content-length"}) fields.remove(name);
}

/// What a 304 must not change: the stored body does not change with it (RFC 9111 3.2), and a cookie is for
/// the one client whose request caused the validation. What other caches did for the body is Cache-Status'
/// business (RFC 9211 2), not what they did for the validation.
bool is_kept(const http::Fields& stored, std::string_view name) {
  constexpr std::array<std::string_view, 9> kOfBody = {"content-length", "content-encoding", "content-range",
                                                       "content-md5",    "digest",           "content-digest",
                                                       "repr-digest",    "set-cookie",       "cache-status"};
  return listed(name, kOfBody) || (name == "etag" && stored.has("etag"));
}

/// RFC 9111 3.2; `update` is cleaned for storage.
void merge(http::Fields& stored, const http::Fields& update) {
  http::Fields merged;
  for (const http::Fields::Field field : stored) {
    if (is_kept(stored, field.name) || !update.has(field.name)) merged.add(field.name, field.value);
  }
  for (const http::Fields::Field field : update) {
    if (!is_kept(stored, field.name)) merged.add(field.name, field.value);
  }
  stored = std::move(merged);
}

bool is_of_use(const StoredResponse& stored, base::Wall now) {
  if (!stored.etag().empty() || !stored.last_modified().empty()) return true;
  if (stored.no_cache) return false;
  const seconds left = remaining(stored, now);
  if (left > seconds(0)) return true;
  const seconds grace = std::max(stored.stale_while_revalidate, stored.stale_if_error);
  return !stored.must_revalidate && grace > seconds(0) && -left <= grace;
}

}  // namespace

Handling handling(const http::RequestHead& request) {
  const bool cached = request.method == "GET" || request.method == "HEAD";
  return cached && !request.has_body ? Handling::Cache : Handling::Pass;
}

bool is_unsafe(std::string_view method) {
  // The methods registered as safe (RFC 9110 16.1.1).
  constexpr std::array<std::string_view, 8> kSafe = {"GET",      "HEAD",   "OPTIONS", "TRACE",
                                                     "PROPFIND", "REPORT", "SEARCH",  "QUERY"};
  return !listed(method, kSafe);
}

const char* name_of(Storable why) {
  switch (why) {
    case Storable::Yes: return "yes";
    case Storable::Status: return "status";
    case Storable::NoStore: return "no-store";
    case Storable::Private: return "private";
    case Storable::Authorization: return "authorization";
    case Storable::VaryStar: return "vary-star";
    case Storable::Bypass: return "bypass";
    case Storable::Expired: return "expired";
    case Storable::PartialContent: return "partial-content";
    case Storable::Method: return "method";
    case Storable::RequestNoStore: return "request-no-store";
    case Storable::Cookie: return "cookie";
  }
  CHECK(false);
}

bool is_of_request(Storable why) {
  return why == Storable::Authorization || why == Storable::Method || why == Storable::RequestNoStore;
}

bool may_share_error(const http::RequestHead& request, const http::ResponseHead& response) {
  if (response.status < 500) return false;
  const CacheControl directives = response_directives(response.fields);
  const bool forbidden = directives.no_store || directives.is_private || directives.no_cache;
  const bool personal = request.fields.has("authorization") || response.fields.has("set-cookie");
  return !forbidden && !personal && vary_names(response.fields);
}

Storable storable(const http::RequestHead& request, const http::ResponseHead& response, const TtlRule& rule,
                  base::Wall request_time, base::Wall response_time) {
  const CacheControl directives = response_directives(response.fields);
  if (rule.bypass) return Storable::Bypass;
  if (request.method != "GET") return Storable::Method;
  if (response.status == 206) return Storable::PartialContent;
  if (response.status < 200 || response.status > 599 || response.status == 304) return Storable::Status;
  if (directives.must_understand && !is_understood(response.status)) return Storable::Status;
  if (forbids_storing(directives, response.status)) return Storable::NoStore;
  if (directives.is_private) return Storable::Private;
  if (!vary_names(response.fields)) return Storable::VaryStar;
  if (has_unshared_cookie(response.fields, rule, response_time)) return Storable::Cookie;
  if (!has_grounds(response, directives, rule)) return Storable::Status;
  const StoredResponse stored = make_stored({}, {}, response, rule, request_time, response_time, 0);
  if (!is_of_use(stored, response_time)) return Storable::Expired;
  // Reasons of the request come last: they count only for a response that another request could have had
  // stored.
  if (parse_cache_control(request.fields).no_store) return Storable::RequestNoStore;
  if (request.fields.has("authorization") && !directives.is_public && !directives.must_revalidate &&
      !directives.s_maxage) {
    return Storable::Authorization;
  }
  return Storable::Yes;
}

http::ResponseHead whole_of(http::ResponseHead partial, std::uint64_t total) {
  partial.status = 200;
  partial.body_bytes = total;
  // What describes the part and not the representation.
  for (const std::string_view name : {"content-range", "content-length", "content-md5", "content-digest"}) {
    partial.fields.remove(name);
  }
  return partial;
}

bool is_cacheable_post(const http::RequestHead& request, const http::ResponseHead& response,
                       const TtlRule& rule, std::uint16_t server_port, base::Wall request_time,
                       base::Wall response_time) {
  if (request.method != "POST" || response.status != 200) return false;
  // What goes to the origin with a POST and is not in the key, or is not for the cache by the site's rule.
  if (names_another_resource(request.fields)) return false;
  const std::string_view port = port_of(request.authority);
  if (!port.empty() && port != ":" + std::to_string(server_port)) return false;
  if (bypasses(rule, request.fields) || !rule.strip_request.empty() || !rule.strip_response.empty()) return false;
  const std::string location = response.fields.combined("content-location");
  const bool same =
      location == request.target || location == request.scheme + "://" + request.authority + request.target;
  const CacheControl directives = response_directives(response.fields);
  const bool expires = !directives.targeted && response.fields.has("expires");
  const bool says_lifetime = directives.max_age || directives.s_maxage || expires;
  if (location.empty() || !same || !says_lifetime) return false;
  http::RequestHead later = request;
  later.method = "GET";
  return storable(later, response, rule, request_time, response_time) == Storable::Yes;
}

void note_hidden(StoredResponse& out, const http::Fields& fields) {
  out.tags = tags_of(fields);
  out.hidden = hidden_of(fields);
}

StoredResponse make_stored(std::string_view site, const CacheKey& key, const http::ResponseHead& response,
                           const TtlRule& rule, base::Wall request_time, base::Wall response_time,
                           std::uint64_t fill_stamp) {
  StoredResponse out;
  out.status = response.status;
  out.fields = response.fields;
  out.body_bytes = response.body_bytes.value_or(0);
  out.request_time = request_time;
  out.response_time = response_time;
  out.initial_age = initial_age(response.fields, request_time, response_time);
  // Before cleaning: no Connection field of an origin may take a directive away.
  set_rules(out, response, rule, response_time);
  out.site = site;
  out.host = key.host;
  out.url = key.url;
  note_hidden(out, response.fields);
  out.groups = groups_of(response.fields);
  out.fill_stamp = fill_stamp;
  clean_for_storage(out.fields, response_time);
  return out;
}

bool confirms(const StoredResponse& stored, const http::ResponseHead& not_modified) {
  const auto etag = not_modified.fields.get("etag");
  if (etag && !stored.etag().empty()) return matches_weakly(*etag, stored.etag());
  const auto modified = not_modified.fields.get("last-modified");
  return !modified || stored.last_modified().empty() || *modified == stored.last_modified();
}

StoredResponse freshened(const StoredResponse& stored, const http::ResponseHead& not_modified,
                         const TtlRule& rule, base::Wall request_time, base::Wall response_time,
                         std::uint64_t fill_stamp) {
  StoredResponse out = stored;
  out.request_time = request_time;
  out.response_time = response_time;
  out.initial_age = initial_age(not_modified.fields, request_time, response_time);
  out.fill_stamp = fill_stamp;
  std::vector<std::string> tags = tags_of(not_modified.fields);
  if (!tags.empty()) out.tags = std::move(tags);

  http::Fields update = not_modified.fields;
  clean_for_storage(update, response_time);
  merge(out.fields, update);
  merge(out.hidden, hidden_of(not_modified.fields));
  // The 304 counts together with what is stored: a targeted field that it does not repeat still stands before
  // its Cache-Control (RFC 9213 2.2).
  const http::Fields judged = judged_fields(out);
  out.groups = groups_of(judged);
  if (has_unshared_cookie(judged, rule, response_time)) out.fields.remove("set-cookie");  // the 304 has taken the word back
  set_rules(out, {out.status, judged, {}}, rule, response_time);
  // The origin has changed its mind about storing: never serve it again without asking.
  const CacheControl directives = response_directives(judged);
  if (directives.is_private || forbids_storing(directives, out.status)) {
    out.lifetime = seconds(0);
    out.no_cache = true;
  }
  return out;
}

}  // namespace policy
