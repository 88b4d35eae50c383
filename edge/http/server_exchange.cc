// SPDX-License-Identifier: Apache-2.0
#include "edge/http/server_exchange.h"

#include <algorithm>
#include <utility>

#include "edge/base/check.h"

namespace http {

class ServerExchange::Call {
 public:
  explicit Call(ServerExchange& exchange) : exchange_(exchange) { ++exchange_.calls_; }
  ~Call() { --exchange_.calls_; }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

 private:
  ServerExchange& exchange_;
};

ServerExchange::~ServerExchange() { CHECK(!handler_); }

void ServerExchange::begin(RequestHead head) {
  method_ = head.method;
  handler_ = host_.maker().make(host_.info(), std::move(head), *this);
  CHECK(handler_ != nullptr);
  const Call call(*this);
  handler_->start();
}

void ServerExchange::give_body(std::string_view bytes) {
  unconsumed_ += bytes.size();
  const Call call(*this);
  handler_->on_body(bytes);
}

void ServerExchange::end_body() {
  const Call call(*this);
  handler_->on_body_end();
}

void ServerExchange::finish(bool complete) {
  CHECK(calls_ == 0 && !pulling_);
  if (!handler_) return;
  delivery_.complete = complete;
  delivery_.end = host_.clock().steady();
  // What the handler says from here on comes too late.
  aborted_ = true;
  handler_->on_finished(delivery_);
  feed_.close();
  handler_.reset();
}

void ServerExchange::inform(const ResponseHead& head) {
  CHECK(!responded_ && head.status >= 100 && head.status < 200 && head.status != 101);
  if (!aborted_) on_inform(head);
}

void ServerExchange::respond(ResponseHead head, std::unique_ptr<BodySource> body) {
  CHECK(!responded_ && head.status >= 200 && head.status <= 999);
  if (aborted_) return;
  responded_ = true;
  response_ = std::move(head);
  const bool bodiless = has_no_body(method_, response_.status);
  if (!bodiless && !body) {
    // A length without a body is a promise that cannot be kept.
    if (response_.body_bytes.value_or(0) > 0) return abort();
    response_.body_bytes = 0;
  }
  if (!bodiless && body) feed_.open(std::move(body), response_.body_bytes);
  on_respond();
}

void ServerExchange::resume() {
  if (aborted_) return;
  if (pulling_) {
    resumed_while_pulling_ = true;
  } else {
    on_resume();
  }
}

void ServerExchange::consumed(std::size_t bytes) {
  CHECK(bytes <= unconsumed_);
  unconsumed_ -= bytes;
  if (!aborted_) on_consumed(bytes);
}

void ServerExchange::abort() {
  if (std::exchange(aborted_, true)) return;
  on_abort();
}

void ServerExchange::head_sent() {
  delivery_.status = response_.status;
  delivery_.first_byte = host_.clock().steady();
}

BodyFeed::Piece ServerExchange::pull(std::size_t max) {
  BodyFeed::Piece piece;
  do {
    pulling_ = true;
    resumed_while_pulling_ = false;
    piece = feed_.next(max);
    pulling_ = false;
  } while (piece.pull == Pull::Later && resumed_while_pulling_);
  return piece;
}

}  // namespace http
