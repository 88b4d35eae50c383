// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "edge/base/executor.h"
#include "edge/http/exchange.h"
#include "purge/server/journal_tables.h"

namespace purgeapi {

/// What two processes of one embedded log tell each other: who leads, and since which term.
struct Meeting {
  std::string log_id{};
  Leadership leadership{};
};
std::string to_json(const Meeting& meeting);
base::Result<Meeting> parse_meeting(std::string_view json);

/// Asks the other process of this log every few seconds who leads (POST /v1/standby/meet), and tells it.
/// Lives on the loop.
class Peer final : private http::ExchangeListener {
 public:
  struct Options {
    std::string url{};
    std::string token{};
    std::shared_ptr<const http::ServerOptions> server{};
  };
  using Tell = std::function<Meeting()>;
  /// Nothing: it did not answer.
  using Heard = std::function<void(std::optional<Meeting>)>;

  Peer(base::Executor& home, http::ExchangeMaker& client, Options options, Tell tell, Heard heard);
  ~Peer() override;
  void start() { ask(); }

 private:
  void on_informational(http::ResponseHead) override {}
  void on_head(http::ResponseHead head) override { status_ = head.status; }
  http::Flow on_data(std::string_view bytes) override;
  void on_trailers(http::Fields) override {}
  void on_end(std::optional<http::ExchangeError> error) override;
  void ask();
  void over(std::optional<Meeting> answer);

  http::ExchangeMaker& client_;
  const Options options_;
  Tell tell_;
  Heard heard_;
  int status_ = 0;
  std::string body_{};
  base::Timer timer_;  ///< of the exchange under way, or until the next
  std::unique_ptr<http::Exchange> exchange_{};
};

}  // namespace purgeapi
