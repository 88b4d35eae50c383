// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "edge/base/settings.h"
#include "purge/nats/link.h"

namespace nats {

/// Reads how to reach NATS out of a table: servers (needed), domain, credentials_file, user, password,
/// user_token, tls, authorities, certificate, key, connect_timeout. Files are tried.
Access read_access(const base::Table& table);
/// A stream's name, checked.
std::string read_stream(const base::Table& table);

}  // namespace nats
