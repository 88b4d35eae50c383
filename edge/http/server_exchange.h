// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "edge/http/body_feed.h"
#include "edge/http/handler.h"
#include "edge/http/session.h"

namespace http {

/// One request being answered, as far as it is the same in both protocols: its handler, its response, its
/// flow-control credit, its Delivery. Sessions derive from it, react to the on_x calls and end it by finish()
/// at a point where no method of the handler is on the stack. Home thread only.
class ServerExchange : public ResponseWriter {
 public:
  explicit ServerExchange(SessionHost& host) : host_(host) {}
  ~ServerExchange() override;
  ServerExchange(const ServerExchange&) = delete;
  ServerExchange& operator=(const ServerExchange&) = delete;

  void inform(const ResponseHead& head) final;
  void respond(ResponseHead head, std::unique_ptr<BodySource> body) final;
  void resume() final;
  void consumed(std::size_t bytes) final;
  void abort() final;

  /// Makes the handler and starts it.
  void begin(RequestHead head);
  void give_body(std::string_view bytes);
  void end_body();
  /// Tells the handler what became of its response and destroys it. Does nothing without a handler.
  void finish(bool complete);

  bool has_handler() const { return handler_ != nullptr; }
  bool responded() const { return responded_; }
  bool aborted() const { return aborted_; }
  /// Request body bytes given to the handler and not yet consumed.
  std::size_t unconsumed() const { return unconsumed_; }

 protected:
  virtual void on_inform(const ResponseHead& head) = 0;
  virtual void on_respond() = 0;
  virtual void on_resume() = 0;
  virtual void on_consumed(std::size_t bytes) = 0;
  virtual void on_abort() = 0;

  /// The response's head was handed to the transport.
  void head_sent();
  void body_sent(std::size_t bytes) { delivery_.body_bytes += bytes; }
  /// The next piece of the response's body. A resume() from within the pull is not lost.
  BodyFeed::Piece pull(std::size_t max);
  /// Whether the response has a body to pull, under the rules of method and status.
  bool sends_body() const { return feed_.is_open(); }
  const Fields* trailers() const { return feed_.trailers(); }

  SessionHost& host_;
  std::string method_;
  ResponseHead response_;

 private:
  /// Marks that a method of the handler is on the stack.
  class Call;

  std::unique_ptr<Handler> handler_;
  BodyFeed feed_;
  Delivery delivery_;
  std::size_t unconsumed_ = 0;
  int calls_ = 0;
  bool responded_ = false;
  bool aborted_ = false;
  bool pulling_ = false;
  bool resumed_while_pulling_ = false;
};

}  // namespace http
