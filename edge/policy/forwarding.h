// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "edge/http/handler.h"
#include "edge/http/message.h"

namespace policy {

/// The fields of a client's request as they go to the origin: hop-by-hop fields are gone, Via (RFC 9110 7.6.3) has one more member, Forwarded
/// and X-Forwarded-For/-Proto/-Host are set anew, Accept-Encoding is reduced. `caching`: Range and preconditions are gone too, since
/// the answer is for all.
http::Fields fields_to_origin(const http::RequestHead& request, const http::ConnectionInfo& connection,
                              std::string_view node, bool caching);

/// Takes from an origin's response what is not passed on: hop-by-hop fields and what Connection names, Surrogate-Key, Cache-Tag,
/// Surrogate-Control. Adds Date if missing (RFC 9110 6.6.1).
void clean_response(http::Fields& fields, base::Wall now);

}  // namespace policy
