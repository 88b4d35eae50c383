// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "edge/base/clock.h"
#include "edge/http/message.h"
#include "edge/policy/stored_response.h"

namespace policy {

/// Outcome of a client's preconditions against what the cache would send (RFC 9110 13.2.2).
enum class Precondition : std::uint8_t { Proceed, NotModified, Failed };
Precondition evaluate(const http::RequestHead& request, int status, const http::Fields& response, base::Wall now);

/// Adds If-None-Match and If-Modified-Since of `stored` to a request to the origin (RFC 9111 4.3.1); false if it has no validators.
bool add_validators(const StoredResponse& stored, http::Fields& request);

/// If-Match of an entity-tag list against `etag` (strong comparison), If-None-Match (weak); for the origin's uploads too.
bool matches_strongly(std::string_view list, std::string_view etag);
bool matches_weakly(std::string_view list, std::string_view etag);

}  // namespace policy
