// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "edge/node/config.h"

namespace node {

/// Reads [purge]; after read_store's [disk].
void read_purge(const base::Table& root, Config& config);

/// Reads [site.purge]; null without the table. After read_purge.
std::shared_ptr<const PurgeMethods> read_purge_methods(const base::Table& site, const PurgeConfig& purge);

/// Reads purge_silence and purge_silence_after of a site. After read_purge.
SilenceRule read_silence(const base::Table& site, const PurgeConfig& purge);

}  // namespace node
