// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "edge/base/metrics.h"
#include "edge/http/server.h"
#include "edge/loop/loop.h"
#include "purge/server/api.h"

namespace purgeapi {

/// The admin listener, plain HTTP, for loopback: /healthz (the process runs), /readyz (it takes purges),
/// /metrics (Prometheus). Owned by the service, on its loop.
class Admin final : public http::HandlerMaker {
 public:
  Admin(loop::Loop& loop, Api& api, const http::Server& front);
  base::Status listen(const std::string& address);
  /// As bound; empty if not listening.
  const std::string& address() const { return address_; }

  std::unique_ptr<http::Handler> make(const http::ConnectionInfo& connection, http::RequestHead head,
                                      http::ResponseWriter& writer) override;

 private:
  void sample(metrics::Samples& samples) const;
  void sample_nodes(metrics::Samples& samples) const;

  Api& api_;
  const http::Server& front_;
  std::string address_{};
  metrics::Exporter exporter_{};
  http::Server server_;
};

}  // namespace purgeapi
