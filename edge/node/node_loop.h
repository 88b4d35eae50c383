// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "edge/http/client.h"
#include "edge/http/server.h"
#include "edge/loop/loop.h"
#include "edge/node/context.h"
#include "edge/node/fills.h"
#include "edge/node/request.h"

namespace node {

/// Everything of the edge that lives on one loop: its HTTP front, its origin client, its fills. Made, used and ended on the loop's thread;
/// counters may be read by any.
class NodeLoop {
 public:
  NodeLoop(loop::Loop& loop, Shared& shared, std::shared_ptr<const Config> config, LoopCounters& counters)
      : client_(loop, config->client_limits),
        context_{shared, loop, client_, fills_, counters, config},
        fills_(context_),
        maker_(context_),
        server_(loop, config->limits, maker_) {}

  /// Opens the listeners at `addresses` (one for each in the configuration).
  base::Status listen(const std::vector<std::string>& addresses, const std::shared_ptr<loop::TlsContext>& tls) {
    for (std::size_t i = 0; i < addresses.size(); ++i) {
      const ListenerConfig& listener = context_.config->listeners[i];
      const auto opened = server_.listen({.address = addresses[i],
                                          .tls = listener.tls ? tls : nullptr,
                                          .proxy_protocol = listener.proxy_protocol,
                                          .trust_forwarded = listener.trust_forwarded});
      if (!opened) return opened;
    }
    return {};
  }
  void reload(std::shared_ptr<const Config> config, const std::shared_ptr<loop::TlsContext>& tls) {
    for (std::size_t i = 0; i < config->listeners.size(); ++i) {
      if (config->listeners[i].tls) server_.set_tls(i, tls);
    }
    server_.set_limits(config->limits);
    context_.config = std::move(config);
  }
  http::Server& server() { return server_; }
  purge::Stamp oldest_fill() const { return fills_.oldest_stamp(); }
  const http::Server& server() const { return server_; }

 private:
  http::Client client_;
  Context context_;
  Fills fills_;
  RequestMaker maker_;
  http::Server server_;
};

}  // namespace node
