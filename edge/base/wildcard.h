// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace base {

/// Whether `text` is what `pattern` says, in which '*' stands for any bytes. Time: at most the product of the
/// lengths.
bool matches_wildcard(std::string_view pattern, std::string_view text);

}  // namespace base
