// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>

#include "edge/http/exchange.h"
#include "edge/loop/loop.h"

namespace http {

struct ClientLimits {
  std::uint32_t connections_total = 1024;   ///< of one loop
  std::uint32_t connections_per_host = 64;
  std::uint32_t pass_connections = 0;      ///< of those, for ClientRequest::pass; 0: three quarters
  std::uint64_t minimum_rate = 16 * 1024;  ///< bytes a second: who passes slower gives way; 0: nobody does
  std::chrono::milliseconds pace_time{3'000};  ///< so long is looked before somebody is called slow
  std::uint32_t streams_per_connection = 100;
  std::uint32_t header_bytes = 64 * 1024;   ///< of a response's head
  bool operator==(const ClientLimits&) const = default;
};

/// Exchanges over libcurl's multi interface on one loop: HTTP/1.1 and HTTP/2, connections kept and reused,
/// names resolved on curl's threads, TLS verified. No redirect is followed, nothing is retried but idempotent
/// requests that curl repeats itself on a dead kept connection, no Accept-Encoding is added, bodies are not
/// decoded. Home thread only. Destroying it ends all exchanges (listeners hear nothing).
class Client final : public ExchangeMaker {
 public:
  Client(loop::Loop& loop, const ClientLimits& limits);
  ~Client() override;
  std::unique_ptr<Exchange> start(ClientRequest request, ExchangeListener& listener) override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace http
