// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace origin {

/// The media type of the file `name` by its extension; empty if the table does not know it. Pure.
std::string_view type_by_extension(std::string_view name);

/// As type_by_extension, and for unknown extensions what libmagic makes of the first bytes of `fd`. File I/O:
/// on a FilePool thread.
std::string content_type(int fd, std::string_view name);

}  // namespace origin
