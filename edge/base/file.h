// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "edge/base/error.h"

/// Small files as a whole: settings, tokens, ready files. These calls block; never on an event loop.
namespace base {

/// The whole of a regular file (or a pipe); an error that names it if it is unreadable or larger than
/// `max_bytes`.
Result<std::string> read_file(const std::string& path, std::size_t max_bytes = 16U * 1024 * 1024);
/// Replaces `path` at once: a reader sees the old bytes or the new, never a part.
Status replace_file(const std::string& path, std::string_view bytes);

}  // namespace base
