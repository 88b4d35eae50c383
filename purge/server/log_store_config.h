// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "edge/base/settings.h"
#include "purge/server/config.h"

namespace purgeapi {

/// Reads [log_store] (which engine, and its settings), and [standby], into `config`.
void read_log_store(const base::Table& root, Config& config);

}  // namespace purgeapi
