// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace bodies {

/// Takes all files below `folder` out of the page cache, also those that this process has mapped. The part of
/// them that stays, 0 to 1.
double forget_pages(const std::string& folder);
/// Reads them all into it, where they are not yet.
void load_pages(const std::string& folder);
/// Lets the page cache hold them in pages of 4 KiB, as kernels did before ext4 had larger ones (6.16): what
/// is once in it stays as it is when it is written to.
void load_small_pages(const std::string& folder);

}  // namespace bodies
