// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace loop {

/// The protocol that an OpenSSL session (SSL*) has agreed on, "h2" or "http/1.1"; empty if none.
std::string_view alpn_of(const void* ssl);

}  // namespace loop
