// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "edge/base/clock.h"
#include "edge/http/message.h"
#include "edge/policy/stored_response.h"

namespace policy {

/// Outcome of a client's preconditions against what would be sent (RFC 9110 13.2.2).
enum class Precondition : std::uint8_t { Proceed, NotModified, Failed };
/// If-Match and If-Unmodified-Since are for the origin alone (RFC 9111 4.3.2), so a cache never answers Failed.
enum class Evaluator : std::uint8_t { Cache, Origin };
Precondition evaluate(const http::RequestHead& request, int status, const http::Fields& response, base::Wall now,
                      Evaluator who = Evaluator::Cache);

/// Adds If-None-Match and If-Modified-Since of `stored` to a request to the origin (RFC 9111 4.3.1); false if it has no validators.
bool add_validators(const StoredResponse& stored, http::Fields& request);

/// If-Match of an entity-tag list against `etag` (strong comparison), If-None-Match (weak); for the origin's uploads too. "*" matches
/// whatever is there, with an entity-tag or without; an upload to a name that does not exist has nothing to match.
bool matches_strongly(std::string_view list, std::string_view etag);
bool matches_weakly(std::string_view list, std::string_view etag);
/// Whether `etag` is a well-formed entity-tag that is not weak.
bool is_strong(std::string_view etag);

}  // namespace policy
