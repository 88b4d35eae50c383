// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "edge/base/error.h"

namespace ctl {

/// SHA-256 of a file in the form of Repr-Digest (RFC 9530): "sha-256=:base64:". Reads the whole file; may
/// block.
base::Result<std::string> file_digest(const std::string& path);

}  // namespace ctl
