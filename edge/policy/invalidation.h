// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

#include "edge/http/message.h"

/// What an unsafe request makes unfit for use (RFC 9111 4.4). Pure functions, any thread.
namespace policy {

/// A non-error answer (2xx, 3xx) to an unsafe request.
bool invalidates(std::string_view method, int status);

/// What such an answer makes unfit: the request's own target first, then those of Location and
/// Content-Location that are of the same host, relative ones resolved against the request (RFC 3986 5.2). As
/// requests that policy::cache_key() takes. Empty if the answer invalidates nothing.
std::vector<http::RequestHead> invalidated_targets(const http::RequestHead& request,
                                                   const http::ResponseHead& response);

}  // namespace policy
