// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "edge/base/error.h"
#include "edge/http/message.h"

/// One exchange with a server, seen from the client's side. http::Client makes real ones over libcurl; tests and the
/// simulation make their own. Everything here lives on one loop.
namespace http {

/// How to reach a server, and how patient to be.
struct ServerOptions {
  std::string ca_file{};            ///< empty: the system's store
  bool verify_tls = true;
  std::string client_cert_file{};   ///< for servers that ask for one
  std::string client_key_file{};
  std::string connect_to{};         ///< "host:port" to connect to instead of the URL's
  bool prefer_http2 = true;         ///< by ALPN; over http: only if http2_prior_knowledge
  bool http2_prior_knowledge = false;
  std::chrono::milliseconds queue_limit{
      5'000};  ///< until a connection may be used or made; Errc::Busy past it
  std::chrono::milliseconds connect_limit{5'000};
  std::chrono::milliseconds first_byte_limit{30'000};  ///< from the request sent to the response's head
  std::chrono::milliseconds idle_limit{30'000};        ///< without any byte, once the head is in
};

/// What to give an exchange's request body from. Pull style, as BodySource, but bytes are copied out.
/// Answers the number of bytes written to `room` (0 with `end` false: later, then call Exchange::body_ready()).
struct BodyPiece {
  std::size_t bytes = 0;
  bool end = false;
  bool failed = false;
};
using BodyReader = std::move_only_function<BodyPiece(char* room, std::size_t size)>;

struct ClientRequest {
  std::string method{"GET"};
  std::string url{};        ///< absolute; sent as it is, not normalised
  Fields fields{};          ///< all fields but framing; "host" here overrides the URL's authority
  BodyReader body{};        ///< empty: no body
  std::optional<std::uint64_t> body_bytes{};  ///< absent with a body: chunked, or HTTP/2 without a length
  std::shared_ptr<const ServerOptions> options{};
  /// Goes at the pace of one client: uses no connection that is reserved for others, and gives way
  /// (Errc::Busy) when that client is slow and others wait.
  bool pass = false;
};

/// Why an exchange did not end well.
struct ExchangeError {
  base::Error error{};
};

enum class Flow { Continue, Pause };

/// Called on the exchange's loop, never from within start(). A listener may destroy the exchange from any call.
class ExchangeListener {
 public:
  virtual ~ExchangeListener() = default;
  virtual void on_informational(ResponseHead head) = 0;  ///< 1xx but 100 and 101
  virtual void on_head(ResponseHead head) = 0;           ///< final status, once
  /// Bytes of the body. Pause: these bytes are taken, no more come until resume().
  virtual Flow on_data(std::string_view bytes) = 0;
  virtual void on_trailers(Fields fields) = 0;
  /// A pass is too slow and others wait for its connection: true if that has been seen to, so that it may go
  /// on; else it ends (Errc::Busy). Must not touch the exchange.
  virtual bool on_slow() { return false; }
  /// Last call. No value: the response is complete as its framing says.
  virtual void on_end(std::optional<ExchangeError> error) = 0;
};

/// A running exchange; destroying it cancels it, and no call comes after.
class Exchange {
 public:
  virtual ~Exchange() = default;
  virtual void resume() = 0;
  virtual void body_ready() = 0;
  /// From now on as if ClientRequest::pass had been that.
  virtual void set_pass(bool pass) = 0;
};

/// Starts exchanges; one for each loop. The listener must outlive the exchange.
class ExchangeMaker {
 public:
  virtual ~ExchangeMaker() = default;
  virtual std::unique_ptr<Exchange> start(ClientRequest request, ExchangeListener& listener) = 0;
};

}  // namespace http
