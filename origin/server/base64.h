// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

/// Base64 with padding, as digest fields use it (RFC 4648 4). Pure functions.
namespace origin {

std::string to_base64(std::string_view bytes);
/// Nothing if `text` is not whole, canonical base64.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace origin
