// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "edge/base/chunk.h"
#include "edge/base/clock.h"
#include "edge/base/executor.h"
#include "edge/http/message.h"

/// The contract between the HTTP front (sessions of both protocols) and what answers requests. Everything
/// here lives on the connection's loop. Bodies are pulled: the session asks when the client has room.
namespace http {

enum class Pull {
  Data,    ///< `out` holds at least one byte
  Later,   ///< nothing now; ResponseWriter::resume() will be called
  End,     ///< the body is over
  Failed,  ///< the body cannot be finished: the session must make that visible (RST_STREAM, closed connection)
};

/// Where a response's body comes from. Owned by the session from respond() on; destroyed at the latest before
/// the handler is.
class BodySource {
 public:
  virtual ~BodySource() = default;
  /// At most `max` bytes (> 0), as a slice: no copy. Never blocks.
  virtual Pull pull(std::size_t max, base::Slice& out) = 0;
  /// After End: trailer fields, or null.
  virtual const Fields* trailers() const { return nullptr; }
};

/// The session's side of one request. Valid as long as its handler is.
class ResponseWriter {
 public:
  virtual ~ResponseWriter() = default;
  /// An interim response (1xx), before respond(). Not sent to HTTP/1.0.
  virtual void inform(const ResponseHead& head) = 0;
  /// The final response, once. `body` null: no body. The session leaves a body out where HTTP says so (HEAD, 204, 304)
  /// and then does not pull. May be called from within start() and later.
  virtual void respond(ResponseHead head, std::unique_ptr<BodySource> body) = 0;
  /// A source that answered Later has more, or has ended or failed.
  virtual void resume() = 0;
  /// Gives back flow-control credit for `bytes` of request body that the handler has dealt with.
  virtual void consumed(std::size_t bytes) = 0;
  /// Ends the exchange without a (complete) response: RST_STREAM or a closed connection.
  virtual void abort() = 0;
};

/// What became of a response; for logs and counters.
struct Delivery {
  bool complete = false;           ///< the whole response was handed to the transport
  int status = 0;                  ///< 0: none was begun
  std::uint64_t body_bytes = 0;    ///< body bytes handed to the transport
  base::Steady first_byte{};       ///< when the head was handed over; zero if it was not
  base::Steady end{};
};

/// One request being answered. Owned by the session's stream: when the client resets or leaves, the handler is
/// destroyed, which cancels all that it waits for.
class Handler {
 public:
  virtual ~Handler() = default;
  /// Called once, right after making.
  virtual void start() = 0;
  /// A piece of the request body; the bytes are only valid during the call. Credit is returned by
  /// ResponseWriter::consumed; the session sends no more than its window (64 KiB by default) without it.
  virtual void on_body(std::string_view bytes) = 0;
  /// The request body is complete. Not called for requests without one.
  virtual void on_body_end() = 0;
  /// Exactly once, last call before the destructor, however the exchange ended.
  virtual void on_finished(const Delivery& delivery) = 0;
};

/// A connection as its requests see it.
struct ConnectionInfo {
  bool tls = false;
  std::string client_address{};   ///< numeric, of the PROXY header if the listener takes one
  std::uint16_t client_port = 0;
  std::string server_address{};
  std::uint16_t server_port = 0;
  std::string server_name{};      ///< SNI, lower case; empty if none
  bool trust_forwarded = false;   ///< clients are proxies whose Forwarded and X-Forwarded-For, -Proto are believed
  std::uint64_t id = 0;           ///< unique in the process
};

/// Makes a handler for each request. One for each loop.
class HandlerMaker {
 public:
  virtual ~HandlerMaker() = default;
  /// `connection` and `writer` outlive the handler.
  virtual std::unique_ptr<Handler> make(const ConnectionInfo& connection, RequestHead head,
                                        ResponseWriter& writer) = 0;
};

}  // namespace http
