// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "edge/base/random.h"
#include "edge/http/handler.h"

namespace sim {

/// One client request in the simulation: plays the session's part for a handler. Pulls the body in pieces of
/// random size at random moments, and may leave at any time.
class Visit final : public http::ResponseWriter {
 public:
  Visit(base::Executor& executor, base::Random& random, http::RequestHead head);
  ~Visit() override;

  void begin(http::HandlerMaker& maker);
  /// The client goes away.
  void leave();

  bool over() const { return !handler_; }
  bool complete() const { return complete_; }  ///< whole, as far as the client can see
  bool cut() const { return cut_; }            ///< visibly incomplete
  const http::RequestHead& request() const { return head_; }
  const std::optional<http::ResponseHead>& response() const { return response_; }
  const std::string& body() const { return body_; }

  unsigned version_min = 0;  ///< the model's: nothing older may be answered
  bool slow = false;
  bool left = false;  ///< the client went away by itself

 private:
  void inform(const http::ResponseHead&) override {}
  void respond(http::ResponseHead head, std::unique_ptr<http::BodySource> body) override;
  void resume() override { schedule(); }
  void consumed(std::size_t) override {}
  void abort() override { end(false); }
  void schedule();
  void pull();
  void end(bool complete);

  base::Executor& executor_;
  base::Random& random_;
  http::RequestHead head_;
  http::ConnectionInfo connection_{};
  std::unique_ptr<http::Handler> handler_{};
  std::unique_ptr<http::BodySource> source_{};
  std::optional<http::ResponseHead> response_{};
  std::string body_{};
  bool complete_ = false;
  bool cut_ = false;
  base::Timer timer_;
};

}  // namespace sim
