// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "edge/base/clock.h"

/// HTTP dates (RFC 9110 5.6.7). Pure functions, any thread.
namespace http {

/// "Sun, 06 Nov 1994 08:49:37 GMT"
std::string format_date(base::Wall time);
/// IMF-fixdate, RFC 850 and asctime forms; nothing for anything else. Two-digit years as the RFC says, relative to `now`.
std::optional<base::Wall> parse_date(std::string_view text, base::Wall now);

}  // namespace http
