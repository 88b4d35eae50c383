// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "origin/server/refusal.h"

namespace origin {

/// The folder in the root that the server keeps its own files in; never served or written by requests.
inline constexpr std::string_view kReservedFolder = ".selvage";

/// What a request's target names, as a path below the root.
struct ResourceName {
  std::string path{};   ///< without slash at either end; empty: the root itself
  bool folder = false;  ///< the target ends with "/"
};

/// Decodes a target once and without repair: a name that is not plain (dot segments, empty segments, control
/// characters, an encoded slash, the reserved folder) is refused with 400 and the reason, so that one file
/// has one name. Pure.
Outcome<ResourceName> resource_name(std::string_view target);

}  // namespace origin
