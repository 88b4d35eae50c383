// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "edge/base/executor.h"
#include "edge/http/exchange.h"

namespace node {

/// One POST of JSON to the purge API.
struct ApiOrder {
  std::vector<std::string> urls{};  ///< of APIs of one log, tried in turn
  std::string path{};               ///< behind one of them
  std::string token{};
  std::shared_ptr<const http::ServerOptions> server{};
  std::string json{};
  std::string key{};       ///< Idempotency-Key, the same at each try; empty: none
  base::Duration limit{};  ///< for all tries together
};
struct ApiAnswer {
  int status = 0;      ///< 0: none came
  std::string body{};  ///< its first 64 KiB
  std::string location{};
  std::string retry_after{};
  std::string error{};  ///< why none came
};

/// Sends it, to the next API when one is away, only stands by (503) or does not know what is answered (404),
/// and again when the connection breaks: so an API must take it twice for once. Lives on its loop; destroying
/// it gives up.
class ApiPost final : private http::ExchangeListener {
 public:
  /// `done` is called once, never from within here; it may destroy this.
  ApiPost(base::Executor& home, http::ExchangeMaker& client, ApiOrder order,
          std::move_only_function<void(ApiAnswer)> done);

 private:
  void send();
  void on_informational(http::ResponseHead) override {}
  void on_head(http::ResponseHead head) override;
  http::Flow on_data(std::string_view bytes) override;
  void on_trailers(http::Fields) override {}
  void on_end(std::optional<http::ExchangeError> error) override;
  bool is_to_be_tried_elsewhere() const;
  bool is_accepted() const;
  void finish();

  http::ExchangeMaker& client_;
  const ApiOrder order_;
  std::move_only_function<void(ApiAnswer)> done_;
  ApiAnswer answer_{};
  unsigned tries_ = 0;
  base::Timer limit_;
  base::Timer again_;
  std::unique_ptr<http::Exchange> exchange_{};
};

}  // namespace node
