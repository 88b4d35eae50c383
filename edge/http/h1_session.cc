// SPDX-License-Identifier: Apache-2.0
//
// States: idle (no exchange, no input), in a head (in_head_), in an exchange, closing. An exchange lasts
// until its response is written *and* its request body has been read; when the response is first, its handler
// ends and the rest of the body is discarded, up to a window's worth. Handlers end in end_exchange() only,
// which no handler can be calling.
#include "edge/http/h1_session.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "edge/http/h1_writer.h"
#include "edge/http/refusal_response.h"

namespace http {

H1Session::H1Session(SessionHost& host)
    : host_(host),
      parser_([this](std::string_view bytes) {
        if (exchange_->has_handler() && !exchange_->aborted()) exchange_->give_body(bytes);
      }),
      since_(now()) {}

H1Session::~H1Session() {
  if (exchange_) exchange_->finish(false);
}

void H1Session::receive(std::string_view bytes) {
  if (closing_) return;
  if (input_.empty()) {
    bytes.remove_prefix(parse(bytes));
    if (!closing_) input_ = bytes;
  } else {
    input_.append(bytes);
    parse_input();
  }
  host_.wake();
}

void H1Session::parse_input() {
  input_.erase(0, parse(input_));
  // An idle connection keeps no buffer.
  if (input_.empty()) std::string().swap(input_);
}

std::size_t H1Session::parse(std::string_view bytes) {
  std::size_t taken = 0;
  while (!closing_ && taken < bytes.size()) {
    if (exchange_ && !body_left_) break;
    const std::size_t n = exchange_ ? parse_body(bytes.substr(taken)) : parse_head(bytes.substr(taken));
    if (n == 0) break;
    taken += n;
  }
  return closing_ ? bytes.size() : taken;
}

std::size_t H1Session::parse_head(std::string_view bytes) {
  if (!in_head_) {
    // Empty lines before a request line are to be ignored (RFC 9112 2.2).
    if (bytes.starts_with("\r\n")) return 2;
    if (bytes == "\r") return 0;
    in_head_ = true;
    since_ = now();
  }
  const auto found = scan_.scan(bytes, host_.limits().header_bytes, host_.limits().header_fields);
  const bool is_head_method = bytes.starts_with("HEAD ");
  if (!found) {
    refuse(found.error(), is_head_method);
    return bytes.size();
  }
  if (!*found) return 0;
  scan_.reset();
  in_head_ = false;
  auto raw = parser_.parse_head(bytes.substr(0, **found));
  auto checked = raw ? check_head(std::move(*raw), host_.info().tls ? "https" : "http")
                     : std::unexpected(std::move(raw.error()));
  if (!checked) {
    refuse(checked.error(), is_head_method);
    return bytes.size();
  }
  begin(std::move(*checked));
  return **found;
}

void H1Session::begin(CheckedHead checked) {
  served_ = true;
  exchange_ = std::make_unique<H1Exchange>(host_, checked.head.version, checked.keep_alive && !draining_);
  body_left_ = checked.head.has_body;
  body_declared_ = checked.head.body_bytes;
  body_taken_ = 0;
  held_back_ = false;
  discarded_ = 0;
  since_ = now();
  exchange_->begin(std::move(checked.head));
  host_.counters().requests_h1.add(1);  // who sees it counted may rely on its having begun
  if (checked.expects_continue) {
    if (exchange_->responded() || exchange_->aborted()) {
      // The client may send its body or not: no telling what the next bytes are.
      exchange_->close_afterwards();
    } else {
      exchange_->send_continue();
    }
  }
}

std::size_t H1Session::allowance() const {
  if (!exchange_->has_handler() || exchange_->aborted()) return std::numeric_limits<std::size_t>::max();
  const std::size_t window = host_.limits().request_window;
  return window - std::min(window, exchange_->unconsumed());
}

std::size_t H1Session::parse_body(std::string_view bytes) {
  const H1Parser::BodyStep step = parser_.parse_body(bytes, allowance());
  if (step.taken > 0) since_ = now();
  body_taken_ += step.taken;
  held_back_ = !step.done && allowance() == 0;
  if (step.bad) {
    refuse({400, "bad chunked framing of the request body"}, false);
    return bytes.size();
  }
  if (!exchange_->has_handler()) {
    discarded_ += step.taken;
    if (discarded_ > host_.limits().request_window) {
      close();
      return bytes.size();
    }
  }
  // A chunk's line or the trailers, still without an end.
  if (!step.done && step.taken == 0 && allowance() > 0 && bytes.size() > host_.limits().header_bytes) {
    refuse({431, "chunk extension or trailers too large"}, false);
    return bytes.size();
  }
  if (!step.done) return step.taken;
  body_left_ = false;
  if (exchange_->has_handler()) {
    if (!exchange_->aborted()) exchange_->end_body();
  } else {
    end_exchange(true);
  }
  return step.taken;
}

void H1Session::produce(Output& output) {
  if (held_back_ && exchange_ && allowance() > 0) {
    // The client could not send until now: its time starts here.
    held_back_ = false;
    since_ = now();
  }
  if (!input_.empty() && !closing_) parse_input();
  while (!closing_ && exchange_ && exchange_->has_handler()) {
    if (draining_ || !rest_is_small()) exchange_->close_afterwards();
    if (output.full()) return;
    switch (exchange_->write(output)) {
      case H1Exchange::Progress::Blocked:
      case H1Exchange::Progress::Waiting: return;
      case H1Exchange::Progress::Failed:
        end_exchange(false);
        close();
        return;
      case H1Exchange::Progress::Complete: end_exchange(!output.failed()); break;
    }
    if (!input_.empty() && !closing_) parse_input();
  }
  if (!exchange_ && input_ended_) close();
  if (!last_words_.empty()) {
    output.append(last_words_);
    last_words_.clear();
  }
}

// Whether the connection can go on when the response is complete before the request: so much of a body is
// read in vain. Of more, or of a body that does not say how long it is, the response has to say that the
// connection ends with it (RFC 9112 9.6).
bool H1Session::rest_is_small() const {
  if (!body_left_ || !exchange_->responded() || exchange_->head_written()) return true;
  if (!exchange_->length_known()) return true;
  return body_declared_ && *body_declared_ - body_taken_ <= host_.limits().request_window;
}

void H1Session::finish_exchange(bool complete) {
  cut_short_ = !complete && exchange_->has_handler() && exchange_->ends_by_close();
  exchange_->finish(complete);
  held_back_ = false;  // nobody is left to hold the client's body back
}

bool H1Session::ends_too_soon() const {
  return cut_short_ || (exchange_ && exchange_->has_handler() && exchange_->ends_by_close());
}

void H1Session::end_exchange(bool complete) {
  finish_exchange(complete);
  const bool reusable = complete && exchange_->keeps_alive() && !draining_;
  if (!reusable) {
    exchange_.reset();
    close();
  } else if (!body_left_) {
    exchange_.reset();
  }
  since_ = now();
}

void H1Session::refuse(const Refusal& refusal, bool without_body) {
  host_.counters().protocol_errors.add(1);
  const bool begun = exchange_ && exchange_->head_written();
  if (exchange_) finish_exchange(false);
  exchange_.reset();
  if (!begun) {
    const RefusalResponse response = response_to(refusal, host_.clock().wall());
    write_head(response.head, H1Framing::Length, H1Connection::Close, last_words_);
    if (!without_body) last_words_ += response.body;
  }
  close();
}

void H1Session::close() {
  closing_ = true;
  in_head_ = false;
  std::string().swap(input_);
  host_.wake();
}

void H1Session::input_ended() {
  input_ended_ = true;
  if (exchange_ && body_left_) end_exchange(false);
  if (!exchange_ && input_.empty()) close();
  if (!exchange_ && in_head_) close();
  host_.wake();
}

bool H1Session::wants_input() const {
  if (closing_ || input_ended_) return false;
  if (!exchange_) return true;
  return body_left_ ? allowance() > 0 : input_.empty();
}

void H1Session::drain() {
  draining_ = true;
  // Who has only just connected sends a request: it is answered.
  if (!exchange_ && !in_head_ && served_) close();
  if (exchange_ && !exchange_->has_handler()) end_exchange(true);
  host_.wake();
}

base::Steady H1Session::deadline() const {
  const Limits& limits = host_.limits();
  if (closing_) return base::Steady::max();
  if (in_head_) return since_ + limits.header;
  if (!exchange_) return since_ + (draining_ ? std::min(limits.header, limits.idle) : limits.idle);
  return body_left_ && !held_back_ ? since_ + limits.body_stall : base::Steady::max();
}

void H1Session::on_time(base::Steady time) {
  if (time < deadline()) return;
  if (in_head_) {
    refuse({408, "the request's head did not end in time"}, false);
  } else if (!exchange_) {
    close();
  } else {
    refuse({408, "the request's body did not end in time"}, false);
  }
}

}  // namespace http
