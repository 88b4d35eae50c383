// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace http {

/// Whether `text` is host with optional port as Host and `:authority` carry it (RFC 3986 3.2.2, 3.2.3): a
/// name or IPv4 address, or an IPv6 address in brackets; no user information, not empty. Pure.
bool is_authority(std::string_view text);

}  // namespace http
