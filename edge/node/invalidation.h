// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "edge/http/message.h"
#include "edge/node/context.h"

namespace node {

/// What `answer` to `request` makes unfit for use leaves the cache, and no fetch of it is joined any more:
/// the request's URL and those that the answer names (RFC 9111 4.4), and groups (RFC 9875 3). Nothing, unless
/// the request was unsafe and succeeded.
void invalidate_after(const Context& context, const Site& site, const http::RequestHead& request,
                      const http::ResponseHead& answer);

}  // namespace node
