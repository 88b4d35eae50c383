// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "edge/base/log.h"
#include "edge/base/settings.h"

/// What every daemon reads from its table [log]. A file that cannot be written is a fault.
namespace logs {

/// The keys level, file and queue_lines.
Setup read_setup(const base::Table& table);
/// The name of a file for open_lines: "-" for standard output, empty for none.
std::string read_lines_file(const base::Table& table, std::string_view key, std::string_view fallback);

}  // namespace logs
