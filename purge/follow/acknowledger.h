// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "edge/base/executor.h"
#include "edge/http/exchange.h"
#include "purge/clock/purge.h"

namespace purge {

/// Tells the API what is applied: POST /v1/nodes/NAME/ack, one at a time, always the newest number, again
/// after a while if it did not get through. Owned by the follower; lives on its loop.
class Acknowledger final : public http::ExchangeListener {
 public:
  struct Options {
    std::string url{};
    std::string authorization{};
    std::shared_ptr<const http::ServerOptions> server{};
    std::chrono::milliseconds retry{1'000};
    std::chrono::milliseconds limit{15'000};  ///< of one exchange
  };
  Acknowledger(base::Executor& home, http::ExchangeMaker& client, Options options);

  /// `applied` of log `log_id` is visible and kept.
  void tell(Sequence applied, const std::string& log_id);

 private:
  void on_informational(http::ResponseHead) override {}
  void on_head(http::ResponseHead head) override { status_ = head.status; }
  http::Flow on_data(std::string_view) override { return http::Flow::Continue; }
  void on_trailers(http::Fields) override {}
  void on_end(std::optional<http::ExchangeError> error) override;

  void send();
  void ended(bool good);

  http::ExchangeMaker& client_;
  Options options_;
  std::string next_{};  ///< the body to send; empty: nothing new
  std::string sent_{};  ///< the body under way
  int status_ = 0;
  base::Timer timer_;  ///< of the exchange under way, or until the next try
  std::unique_ptr<http::Exchange> exchange_{};
};

}  // namespace purge
