// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/sim_visit.h"

namespace sim {

Visit::Visit(base::Executor& executor, base::Random& random, http::RequestHead head)
    : executor_(executor), random_(random), head_(std::move(head)), timer_(executor) {}

Visit::~Visit() { leave(); }

void Visit::begin(http::HandlerMaker& maker) {
  connection_.tls = true;
  connection_.client_address = "192.0.2.1";
  handler_ = maker.make(connection_, head_, *this);
  handler_->start();
}

void Visit::leave() {
  if (handler_) end(false);
}

void Visit::respond(http::ResponseHead head, std::unique_ptr<http::BodySource> body) {
  response_ = std::move(head);
  source_ = std::move(body);
  schedule();
}

void Visit::schedule() {
  if (timer_.running() || !handler_) return;
  const auto most = slow ? 200'000U : 2'000U;
  timer_.start(std::chrono::microseconds(random_.below(most)), [this] { pull(); });
}

void Visit::pull() {
  if (!source_) return end(true);
  base::Slice slice;
  switch (source_->pull(1 + random_.below(30'000), slice)) {
    case http::Pull::Data:
      body_ += slice.bytes;
      if (response_->body_bytes && body_.size() > *response_->body_bytes) return end(false);
      return schedule();
    case http::Pull::Later: return;
    case http::Pull::End: return end(!response_->body_bytes || body_.size() == *response_->body_bytes);
    case http::Pull::Failed: return end(false);
  }
}

// As a session does it: the source ends first, then the handler hears of it and ends.
void Visit::end(bool complete) {
  timer_.stop();
  complete_ = complete;
  cut_ = !complete;
  source_.reset();
  if (!handler_) return;
  http::Delivery delivery;
  delivery.complete = complete;
  delivery.status = response_ ? response_->status : 0;
  delivery.body_bytes = body_.size();
  handler_->on_finished(delivery);
  const auto handler = std::move(handler_);
}

}  // namespace sim
