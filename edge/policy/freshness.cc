// SPDX-License-Identifier: Apache-2.0
#include "edge/policy/freshness.h"

#include <algorithm>
#include <string>

#include "edge/base/text.h"
#include "edge/http/date.h"
#include "edge/policy/status.h"

namespace policy {
namespace {

using std::chrono::seconds;

constexpr seconds kSecondsMax{kDeltaSecondsMax};
/// Beyond a day a guess is worth little.
constexpr seconds kHeuristicMax{std::chrono::hours(24)};

/// later - earlier, without overflow even at the ends of the clock.
seconds between(base::Wall earlier, base::Wall later) {
  return std::chrono::floor<seconds>(later) - std::chrono::floor<seconds>(earlier);
}

seconds bounded(seconds value) { return std::clamp(value, seconds(0), kSecondsMax); }

std::optional<base::Wall> date_field(const http::Fields& fields, std::string_view name, base::Wall now) {
  const auto text = fields.get(name);
  if (!text) return {};
  return http::parse_date(*text, now);
}

/// Expires (RFC 9111 5.3): an invalid date is in the past, and so are several fields that do not agree.
seconds lifetime_by_expires(const http::Fields& fields, base::Wall date, base::Wall now) {
  const std::string_view first = *fields.get("expires");
  for (const http::Fields::Field field : fields) {
    if (field.name == "expires" && field.value != first) return seconds(0);
  }
  const auto expires = http::parse_date(first, now);
  return expires ? bounded(between(date, *expires)) : seconds(0);
}

/// A tenth of the time since Last-Modified (RFC 9111 4.2.2). Not for a response with a cookie: sharing that
/// needs a word of the origin.
seconds heuristic_lifetime(const http::ResponseHead& response, const CacheControl& directives,
                           base::Wall date, base::Wall now) {
  if (!is_heuristically_cacheable(response.status) && !directives.is_public) return seconds(0);
  if (response.fields.has("set-cookie") && !directives.is_public) return seconds(0);
  const auto modified = date_field(response.fields, "last-modified", now);
  if (!modified) return seconds(0);
  return std::clamp(between(*modified, date) / 10, seconds(0), kHeuristicMax);
}

/// What the origin says outright (RFC 9111 4.2.1); nothing if it leaves it to the cache.
std::optional<seconds> explicit_lifetime(const http::Fields& fields, const CacheControl& directives,
                                         base::Wall date, base::Wall now) {
  if (directives.s_maxage) return seconds(*directives.s_maxage);
  if (directives.max_age) return seconds(*directives.max_age);
  if (!directives.targeted && fields.has("expires")) return lifetime_by_expires(fields, date, now);
  return {};
}

/// Age (RFC 9111 5.1): the first member counts; one that is not a number is ignored, one that is too large is
/// very old.
seconds age_field(const http::Fields& fields) {
  const std::string_view text = fields.get("age").value_or(std::string_view());
  const std::string_view member = base::trimmed(text.substr(0, text.find(',')));
  const bool digits = !member.empty() && member.find_first_not_of("0123456789") == std::string_view::npos;
  if (!digits) return seconds(0);
  const std::uint64_t value = base::decimal(member).value_or(kDeltaSecondsMax);
  return seconds(std::min<std::uint64_t>(value, kDeltaSecondsMax));
}

/// A cookie is not shared for longer than the origin says, unless it has said a word for shared caches.
bool may_be_ruled(const http::ResponseHead& response, bool meant_for_sharing) {
  switch (response.status) {
    case 200:
    case 203:
    case 204:
    case 300:
    case 301:
    case 308: break;
    default: return false;
  }
  return meant_for_sharing || !response.fields.has("set-cookie");
}

/// Whether the client wants what the cache has, as far as age goes (RFC 9111 5.2.1).
bool young_enough(const CacheControl& request, const StoredResponse& stored, seconds age, seconds left) {
  if (request.min_fresh && left < seconds(*request.min_fresh)) return false;
  // A reload sends max-age=0; "immutable" is there to make that harmless (RFC 8246 2).
  const bool spared = stored.immutable && left > seconds(0);
  return !request.max_age || spared || age <= seconds(*request.max_age);
}

/// Whether the client takes a response that has been stale for `staleness` (RFC 9111 5.2.1.2). One that never
/// was fresh may be another client's: no client can ask for that.
bool takes_stale(const CacheControl& request, const StoredResponse& stored, seconds staleness) {
  return request.max_stale && stored.lifetime > seconds(0) &&
         (*request.max_stale == kDeltaSecondsMax || staleness <= seconds(*request.max_stale));
}

/// The age that a response had when it was sent to us.
seconds age_when_sent(const StoredResponse& stored) {
  const auto delay = std::chrono::floor<seconds>(stored.response_time - stored.request_time);
  return bounded(bounded(stored.initial_age) - std::max(delay, seconds(0)));
}

/// Staleness that counts against a grace window; a soft purge begins it if the lifetime has not.
bool within(seconds window, seconds left) { return window > seconds(0) && -left <= window; }

}  // namespace

std::optional<seconds> said_lifetime(const http::Fields& fields, const CacheControl& directives,
                                     base::Wall response_time) {
  const base::Wall date = date_field(fields, "date", response_time).value_or(response_time);
  return explicit_lifetime(fields, directives, date, response_time);
}

bool is_meant_for_sharing(const CacheControl& directives) {
  return directives.is_public || directives.s_maxage || (directives.targeted && directives.max_age);
}

seconds lifetime(const http::ResponseHead& response, const CacheControl& directives, const TtlRule& rule,
                 base::Wall response_time) {
  const base::Wall date = date_field(response.fields, "date", response_time).value_or(response_time);
  const auto said = said_lifetime(response.fields, directives, response_time);
  seconds value = said ? *said : heuristic_lifetime(response, directives, date, response_time);
  const auto listed =
      response.fields.has("set-cookie") ? std::nullopt : status_lifetime(rule, response.status);
  const bool ruled = may_be_ruled(response, is_meant_for_sharing(directives));
  // The operator's word counts for more than a guess.
  if (ruled && !said && rule.default_ttl) value = *rule.default_ttl;
  if (!said && listed) value = *listed;
  if (ruled && rule.ttl) value = *rule.ttl;
  if (ruled && rule.min_ttl) value = std::max(value, *rule.min_ttl);
  if (rule.max_ttl) value = std::min(value, *rule.max_ttl);
  return bounded(value);
}

seconds initial_age(const http::Fields& response, base::Wall request_time, base::Wall response_time) {
  const base::Wall date = date_field(response, "date", response_time).value_or(response_time);
  const seconds apparent = between(date, response_time);
  const seconds delay =
      std::chrono::floor<seconds>(std::max(response_time - request_time, base::Wall::duration(0)));
  return bounded(std::max(apparent, age_field(response) + delay));
}

seconds current_age(const StoredResponse& stored, base::Wall now) {
  // A clock that was set back must not make anything younger than it came.
  const seconds resident = now > stored.response_time ? between(stored.response_time, now) : seconds(0);
  return bounded(bounded(stored.initial_age) + resident);
}

seconds remaining(const StoredResponse& stored, base::Wall now) {
  return bounded(stored.lifetime) - current_age(stored, now);
}

Use judge(const StoredResponse& stored, const CacheControl& request, base::Wall now, Situation situation) {
  const seconds age = situation.waited ? age_when_sent(stored) : current_age(stored, now);
  const seconds left = bounded(stored.lifetime) - age;
  if (!stored.no_cache && !request.no_cache && !situation.distrust) {
    const bool wanted = young_enough(request, stored, age, left);
    if (left > seconds(0) && !situation.soft_purged && wanted) return Use::Fresh;
    if (!stored.must_revalidate && !situation.soft_purged && wanted && left <= seconds(0) &&
        takes_stale(request, stored, -left)) {
      return Use::Fresh;
    }
    // A client that names an age does not want a stale response (RFC 9111 5.2.1.1).
    const bool takes_grace = !request.max_age && !request.min_fresh;
    const bool stale = left <= seconds(0) || situation.soft_purged;
    if (stale && takes_grace && !stored.must_revalidate && within(stored.stale_while_revalidate, left)) {
      return Use::StaleWhile;
    }
  }
  if (request.only_if_cached) return Use::OnlyIfCached504;
  const bool has_validator = !stored.etag().empty() || !stored.last_modified().empty();
  return has_validator ? Use::Revalidate : Use::Fetch;
}

bool may_serve_on_error(const StoredResponse& stored, base::Wall now, Situation situation) {
  if (stored.no_cache || situation.distrust) return false;
  const seconds left = remaining(stored, now);
  if (left > seconds(0) && !situation.soft_purged) return true;
  return !stored.must_revalidate && within(stored.stale_if_error, left);
}

}  // namespace policy
