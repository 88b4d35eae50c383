// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "edge/base/error.h"
#include "edge/http/handler.h"
#include "edge/loop/loop.h"
#include "edge/loop/tls_context.h"

namespace http {

/// Every bound of the HTTP front in one place; all are settings.
struct Limits {
  std::uint32_t connections = 100'000;  ///< of one loop; past it new ones are closed at once
  std::uint32_t header_bytes =
      32 * 1024;  ///< names and values of one head, and the request line: 431 / 414 past it
  std::uint32_t header_fields = 128;
  std::uint32_t streams = 128;                ///< concurrent, of one HTTP/2 connection
  std::uint32_t request_window = 64 * 1024;   ///< request body bytes not yet consumed, of one request
  std::uint32_t buffered_bytes = 256 * 1024;  ///< response bytes waiting for a slow client, of one connection
  std::chrono::milliseconds handshake{10'000};
  std::chrono::milliseconds header{10'000};       ///< from the first byte of a head to its end
  std::chrono::milliseconds idle{60'000};         ///< between requests
  std::chrono::milliseconds write_stall{60'000};  ///< a client that takes no byte for so long
  std::chrono::milliseconds body_stall{60'000};   ///< a client that sends no byte of its body for so long
  std::chrono::milliseconds linger{
      2'000};  ///< a closed connection waits so long for the client to read and close too
  /// Streams that the client resets (rapid reset) or that are refused for its faults, bursts of 10 times
  /// that.
  std::uint32_t resets_per_second = 100;
  std::uint32_t control_frames_per_second =
      500;  ///< PING, SETTINGS, PRIORITY, empty DATA from the client, bursts likewise
};

struct ListenOptions {
  std::string address{};  ///< "127.0.0.1:8443", "[::1]:443", "0.0.0.0:80"; port 0: chosen by the system
  std::shared_ptr<loop::TlsContext> tls{};  ///< null: plain (HTTP/1.1, and HTTP/2 with prior knowledge)
  bool proxy_protocol = false;              ///< connections must begin with a PROXY header v1 or v2
  bool trust_forwarded = false;  ///< see ConnectionInfo
  int backlog = 4096;
};

/// Counters of one server; written by its loop, read by any thread.
struct ServerCounters {
  std::uint64_t accepted = 0;
  std::uint64_t open = 0;
  std::uint64_t refused = 0;
  std::uint64_t tls_handshakes = 0;
  std::uint64_t tls_resumed = 0;
  std::uint64_t tls_failed = 0;
  std::uint64_t requests_h1 = 0;
  std::uint64_t requests_h2 = 0;
  std::uint64_t protocol_errors = 0;
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
};

/// The HTTP front of one loop: listeners (SO_REUSEPORT: each loop has its own on the same address),
/// connections, sessions. Home thread only unless said otherwise. The maker must outlive the server.
/// Destroying it ends all connections at once.
class Server {
 public:
  Server(loop::Loop& loop, const Limits& limits, HandlerMaker& maker);
  ~Server();

  /// Binds and accepts. The error names the address and the reason (in use, not permitted, not an address).
  base::Status listen(const ListenOptions& options);
  /// The port of the `index`th listener (for port 0).
  std::uint16_t port(std::size_t index) const;
  /// New TLS settings for the `index`th listener: connections accepted from now on use them.
  void set_tls(std::size_t index, std::shared_ptr<loop::TlsContext> tls);
  void set_limits(const Limits& limits);

  /// Closes the listeners, tells clients to go (GOAWAY, `Connection: close`), finishes running requests and
  /// the first one of who has just connected; calls `done` when no connection is left or after `limit`, when
  /// the rest is cut.
  void drain(std::chrono::milliseconds limit, base::Task done);

  ServerCounters counters() const;  ///< any thread

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace http
