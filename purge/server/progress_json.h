// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "purge/server/nodes.h"

namespace purgeapi {

/// {"sequence":N,"nodes":[{"node","applied":true,"ms"}],"pending":[…],"away":[…]}, and "purge" (JSON text)
/// and "at" if given, and "sequences" of a batch.
std::string progress_json(Sequence sequence, const Progress& progress, std::string_view purge = {},
                          std::int64_t at_ms = 0, const std::vector<Sequence>& sequences = {});

}  // namespace purgeapi
