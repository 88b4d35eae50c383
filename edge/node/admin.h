// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "edge/base/metrics.h"
#include "edge/http/server.h"
#include "edge/loop/loop.h"

namespace node {

class Node;

/// The admin listener, on the control loop, plain HTTP, for loopback: /healthz (the process runs), /readyz (it should get traffic),
/// /metrics (Prometheus), /inspect?url= (what the cache holds of a URL).
class Admin final : public http::HandlerMaker {
 public:
  Admin(Node& node, loop::Loop& loop);
  ~Admin() override;
  base::Status listen(const std::string& address);
  /// As bound; empty if not listening.
  const std::string& address() const { return address_; }

  std::unique_ptr<http::Handler> make(const http::ConnectionInfo& connection, http::RequestHead head,
                                      http::ResponseWriter& writer) override;
  Node& node() { return node_; }
  const metrics::Exporter& exporter() const { return exporter_; }

 private:
  Node& node_;
  std::string address_{};
  metrics::Exporter exporter_{};
  http::Server server_;
};

}  // namespace node
