// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "edge/base/settings.h"
#include "edge/http/server.h"

namespace http {

/// Reads what a table [limits] says of the HTTP front, the same keys in every daemon; `limits` holds the
/// defaults.
void read_limits(const base::Table& table, Limits& limits);

}  // namespace http
