// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "edge/base/error.h"

/// What can be said of a path before it is used. These calls block but change nothing: a check that is run by
/// another user than the program must not leave folders of that user's behind.
namespace base {

/// Whether this user can keep files in `folder`: it is there and can be read and written, or it can be made.
Status can_use_folder(const std::string& folder);
/// Whether this user can write to the file: it is there and may be written, or it can be made in its folder.
Status can_write_file(const std::string& path);
/// Whether one is the other or lies in it; links are followed as far as there is something.
bool paths_overlap(const std::string& one, const std::string& other);

}  // namespace base
