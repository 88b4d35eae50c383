// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "edge/base/error.h"
#include "purge/clock/purge.h"

namespace purgeapi {

/// What POST /v1/purges asks for.
struct PurgeBody {
  std::vector<purge::Purge> purges{};  ///< at least one
  bool batch = false;                  ///< came as a list
};

/// One purge (purge::parse_purge), or {"purges":[…]} with 1 to `most` of them. Errors name the member, what
/// was found and what is allowed.
base::Result<PurgeBody> parse_purge_body(std::string_view json, std::size_t most);

}  // namespace purgeapi
