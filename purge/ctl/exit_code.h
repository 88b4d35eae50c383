// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "edge/base/error.h"
#include "purge/ctl/caller.h"

namespace ctl {

/// How selvagectl ends.
enum ExitCode : int {
  kDone = 0,
  kFailed = 1,       ///< the other side refused, or some of several things failed
  kUsage = 2,        ///< wrong arguments
  kUnreachable = 3,  ///< no answer
  kNotYet =
      4,  ///< purge --wait: accepted, but not all known nodes have applied it; verify: not all have answered
};

/// Prints what went wrong to standard error and answers the exit code.
int report(const base::Error& error);
int report_refusal(const std::string& what, const Reply& reply);

}  // namespace ctl
