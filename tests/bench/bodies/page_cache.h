// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace bodies {

/// Takes all files below `folder` out of the page cache, also those that this process has mapped. The part of
/// them that stays, 0 to 1.
double forget_pages(const std::string& folder);
/// Reads them all into it.
void load_pages(const std::string& folder);

}  // namespace bodies
