// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "edge/base/error.h"

namespace purge {

/// JSON that comes from outside goes no deeper than this: what copies or writes a value goes into its own
/// depth, and would leave the stack.
inline constexpr int kJsonDepthMax = 16;

/// Parsed. Errc::Invalid, never an exception, of what is no JSON, is nested deeper than kJsonDepthMax, has a
/// number that no double holds, or has a member twice in one object, which would hide one of its values. Any
/// thread.
base::Result<nlohmann::json> parse_json(std::string_view text);
/// The same for who only has to know whether it is good: null if it is not. A member may be there twice.
nlohmann::json json_or_null(std::string_view text);

}  // namespace purge
