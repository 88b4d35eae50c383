// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>

#include "edge/base/metrics.h"
#include "edge/http/handler.h"

namespace origin {

/// The admin listener's answers: /healthz (the process runs), /readyz (it takes requests), /metrics. Lives on
/// the main loop.
class AdminMaker final : public http::HandlerMaker {
 public:
  AdminMaker(std::function<bool()> ready, const metrics::Exporter& exporter)
      : ready_(std::move(ready)), exporter_(exporter) {}
  std::unique_ptr<http::Handler> make(const http::ConnectionInfo& connection, http::RequestHead head,
                                      http::ResponseWriter& writer) override;

 private:
  std::function<bool()> ready_;
  const metrics::Exporter& exporter_;
};

}  // namespace origin
