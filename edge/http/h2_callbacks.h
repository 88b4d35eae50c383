// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nghttp2/nghttp2.h>

#include "edge/http/server.h"

namespace http {

class H2Session;

/// A server session of nghttp2 whose callbacks call `session`, with options and SETTINGS from `limits`.
nghttp2_session* make_native(H2Session& session, const Limits& limits);

}  // namespace http
