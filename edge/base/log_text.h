// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "edge/base/log.h"

namespace logs {

/// A line's text, `message key=value …`: values with spaces, quotes, `=` or control characters (and empty
/// ones) are quoted, control characters escaped everywhere, so that one event is always one line. Pure.
std::string line_text(std::string_view message, Fields fields);

}  // namespace logs
