// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "purge/server/nodes.h"

namespace purgeapi {

/// {"sequence":N,"nodes":[{"node","applied":true,"ms","at"}],"pending":[…],"away":[…]}, and "purge" (JSON text)
/// and "at" if given.
std::string progress_json(Sequence sequence, const Progress& progress, std::string_view purge = {},
                          std::int64_t at_ms = 0);

}  // namespace purgeapi
