// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "edge/http/handler.h"
#include "edge/http/message.h"
#include "edge/node/answer.h"
#include "edge/node/config.h"

namespace node {

/// Where a request goes.
struct Route {
  const Site* site = nullptr;         ///< of the configuration; null: none has the host
  std::optional<Synthetic> answer{};  ///< given by the edge itself, in place of the site's content
};
/// Unknown hosts (421), loops (508, RFC 8586 2), plain connections as the site wants it, and OPTIONS * are
/// answered here.
Route route(const Config& config, const http::ConnectionInfo& connection, const http::RequestHead& request);

}  // namespace node
