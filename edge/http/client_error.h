// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <curl/curl.h>

#include <string>
#include <string_view>

#include "edge/base/error.h"

namespace http {

/// What curl's `code` means for a request to `url`, in words that name the server; `details` is curl's own
/// text, may be empty.
base::Error describe(CURLcode code, std::string_view url, std::string_view details);
/// "https://host:port" of an absolute URL, for messages: paths and queries may hold secrets.
std::string server_of(std::string_view url);

}  // namespace http
