// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "edge/base/settings.h"
#include "edge/node/config.h"

namespace node {

/// Reads from [purge] how the log is followed: engine, url or urls, token, or how to reach NATS.
void read_purge_log(const base::Table& purge, PurgeConfig& config);

}  // namespace node
