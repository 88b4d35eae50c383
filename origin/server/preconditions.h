// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "edge/base/clock.h"
#include "edge/http/message.h"
#include "origin/server/file_facts.h"
#include "origin/server/incoming_file.h"

namespace origin {

/// If-Match, If-None-Match and If-Unmodified-Since of a request that changes a file, against what is there:
/// 412 if it may not go on (RFC 9110 13). The judge is a copy of what it needs: it may be asked on another
/// thread, after the request's end.
Judge judge_of(const http::RequestHead& request, base::Wall now);

}  // namespace origin
