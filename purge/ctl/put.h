// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "purge/ctl/caller.h"

namespace ctl {

struct PutOptions {
  std::string source{};  ///< a file, or a folder that is taken with all below it
  std::string url{};  ///< where a file goes; for a folder, what its contents go below. A file to ".../" keeps
                      ///< its name
  unsigned parallel = 8;
  bool force = false;  ///< send also what the origin has already
  bool json = false;
};

/// Uploads files side by side, skipping those whose SHA-256 the origin has. Prints progress on a terminal, a
/// summary, and each failure. Answers the exit code.
int put(Access access, const PutOptions& options);

}  // namespace ctl
