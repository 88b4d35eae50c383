// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "edge/node/access_log.h"
#include "edge/node/context.h"

namespace node {

/// Counts a request that is over, and writes its line of the access log (`facts.at` is set here). On its
/// loop.
void note_finished(Context& context, AccessFacts facts);

}  // namespace node
