// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "edge/base/settings.h"
#include "edge/node/config.h"

namespace node {

/// Reads [origins.NAME] and [[site]] with its [[site.rule]]s into `config`.
void read_sites(const base::Table& root, Config& config);

}  // namespace node
