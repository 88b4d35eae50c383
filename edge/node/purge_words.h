// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "edge/base/error.h"
#include "edge/http/message.h"
#include "edge/node/config.h"
#include "purge/clock/purge.h"

/// What a request with PURGE, BAN or PURGEKEYS asks for, in the words of those who speak to Varnish, nginx
/// and Fastly. Pure functions.
namespace node {

bool is_purge_method(std::string_view method);

/// The purge of `site` that `request` asks for; errors say what was found and what is allowed. Never matches
/// less than what was asked for; what a purge cannot say is an error.
base::Result<purge::Purge> purge_of(const Config& config, const Site& site, const http::RequestHead& request);

}  // namespace node
