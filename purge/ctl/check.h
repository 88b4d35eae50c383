// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace ctl {

/// Lets the daemon that a configuration is for check it: it prints, and its exit code is the answer. `kind`
/// ("edge", "origin" or "purge") may be empty: the file's tables tell. `program` may be empty: the daemon is
/// looked for beside selvagectl, then in PATH.
int check_command(const std::string& config, const std::string& kind, const std::string& program);

}  // namespace ctl
