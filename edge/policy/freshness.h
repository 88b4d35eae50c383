// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

#include "edge/base/clock.h"
#include "edge/http/message.h"
#include "edge/policy/cache_control.h"
#include "edge/policy/site_rule.h"
#include "edge/policy/stored_response.h"

namespace policy {

/// Freshness lifetime of a response in a shared cache (RFC 9111 4.2.1, heuristic of 4.2.2 included), under `rule`.
std::chrono::seconds lifetime(const http::ResponseHead& response, const CacheControl& directives,
                              const TtlRule& rule, base::Wall response_time);
/// What the origin says outright of the lifetime (RFC 9111 4.2.1); nothing if it leaves it to the cache.
std::optional<std::chrono::seconds> said_lifetime(const http::Fields& fields, const CacheControl& directives,
                                                  base::Wall response_time);
/// Whether the origin has said a word that is meant for shared caches.
bool is_meant_for_sharing(const CacheControl& directives);
/// corrected_initial_age (RFC 9111 4.2.3).
std::chrono::seconds initial_age(const http::Fields& response, base::Wall request_time, base::Wall response_time);
/// current_age (RFC 9111 4.2.3).
std::chrono::seconds current_age(const StoredResponse& stored, base::Wall now);
/// lifetime - current age; negative: stale for that long.
std::chrono::seconds remaining(const StoredResponse& stored, base::Wall now);

/// What may be done with a stored response for a request.
enum class Use : std::uint8_t {
  Fresh,            ///< send it
  StaleWhile,       ///< send it, revalidate in the background (RFC 5861 3)
  Revalidate,       ///< ask the origin with its validators first
  Fetch,            ///< it is of no use (no validators): ask the origin anew
  OnlyIfCached504,  ///< the request forbids asking the origin (RFC 9111 5.2.1.7)
};
struct Situation {
  bool soft_purged = false;   ///< treat as stale from now on, whatever its lifetime
  bool distrust = false;      ///< the purge log has been out of reach for too long: validate before use
  bool waited = false;  ///< the request was there before the response was: the time under way does not age it
};
Use judge(const StoredResponse& stored, const CacheControl& request, base::Wall now, Situation situation);

/// Whether a stale response may be sent in place of an error (RFC 5861 4, RFC 9111 4.2.4): origin unreachable, or 500, 502, 503, 504.
bool may_serve_on_error(const StoredResponse& stored, base::Wall now, Situation situation);

}  // namespace policy
