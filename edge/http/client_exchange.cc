// SPDX-License-Identifier: Apache-2.0
#include "edge/http/client_exchange.h"

#include <algorithm>
#include <utility>

#include "edge/base/check.h"
#include "edge/http/client_error.h"
#include "edge/http/client_multi.h"

namespace http {
namespace {

constexpr std::chrono::milliseconds kShortestCheck{1};
/// How often in a pace_time a waiting transfer looks for one that should give way.
constexpr int kLooks = 3;
/// How many of it may lie between two looks of one wait: longer ones tell what the server did, too.
constexpr int kStaleLook = 2;

}  // namespace

Transfer::Transfer(Multi& multi, ClientRequest request, ExchangeListener& listener)
    : multi_(&multi),
      request_(std::move(request)),
      listener_(&listener),
      head_(multi.limits().header_bytes),
      timer_(multi.loop()) {
  if (!request_.options) request_.options = std::make_shared<const ServerOptions>();
  auto prepared = prepare(request_);
  if (!prepared) {
    error_ = std::move(prepared).error();
    return;
  }
  prepared_ = std::move(*prepared);
  set_callbacks();
}

Transfer::~Transfer() = default;

void Transfer::set_callbacks() {
  const auto set = [this](CURLoption option, auto value) {
    CHECK(curl_easy_setopt(easy(), option, value) == CURLE_OK);
  };
  set(CURLOPT_PRIVATE, static_cast<void*>(this));
  set(CURLOPT_ERRORBUFFER, error_text_.data());
  set(CURLOPT_PREREQFUNCTION, &Transfer::on_connected);
  set(CURLOPT_PREREQDATA, static_cast<void*>(this));
  set(CURLOPT_HEADERFUNCTION, &Transfer::on_line);
  set(CURLOPT_HEADERDATA, static_cast<void*>(this));
  set(CURLOPT_WRITEFUNCTION, &Transfer::on_bytes);
  set(CURLOPT_WRITEDATA, static_cast<void*>(this));
  if (request_.body) {
    set(CURLOPT_READFUNCTION, &Transfer::on_room);
    set(CURLOPT_READDATA, static_cast<void*>(this));
  }
}

int Transfer::on_connected(void* self, char*, char*, int, int) noexcept {
  Transfer& transfer = *static_cast<Transfer*>(self);
  if (transfer.listener_ == nullptr) return CURL_PREREQFUNC_ABORT;
  // curl begins again by itself when a kept connection ends without an answer.
  const bool again = transfer.phase_ != Phase::Connecting;
  if (again && !transfer.may_repeat()) {
    transfer.keep_error(base::Errc::Unavailable, "the connection ended before a response came");
    return CURL_PREREQFUNC_ABORT;
  }
  if (!transfer.takes_connection()) {
    transfer.wrong_connection_ = true;
    return CURL_PREREQFUNC_ABORT;
  }
  transfer.enter(Phase::Waiting);
  return CURL_PREREQFUNC_OK;
}

bool Transfer::takes_connection() {
  if (http1_only_) return true;
  const bool http2 = speaks_http2(prepared_);
  return multi_->versions().may_go(server(), http2, multi_->loop().clock().steady());
}

void Transfer::choose_version() {
  const bool left_to_server = prepared_.https && request_.options->prefer_http2;
  http1_only_ = !left_to_server || multi_->versions().http1_only(server(), multi_->loop().clock().steady());
  if (http1_only_ && left_to_server) settle_for_http1(prepared_);
}

bool Transfer::needs_another_connection() {
  if (!std::exchange(wrong_connection_, false) || listener_ == nullptr) return false;
  curl_holds_ = body_waits_ = false;
  return true;
}

bool Transfer::may_repeat() const { return is_idempotent(request_.method) && body_sent_ == 0; }

std::size_t Transfer::on_line(char* bytes, std::size_t size, std::size_t count, void* self) noexcept {
  Transfer& transfer = *static_cast<Transfer*>(self);
  // Trailers that came while curl was paused are one piece.
  for (std::string_view lines(bytes, size * count); !lines.empty();) {
    const std::string_view line = lines.substr(0, std::min(lines.find('\n'), lines.size() - 1) + 1);
    if (transfer.listener_ == nullptr || !transfer.take_line(line)) return 0;
    lines.remove_prefix(line.size());
  }
  return size * count;
}

bool Transfer::take_line(std::string_view line) {
  // Interim responses and pieces of a head do not put off the limit for the head.
  if (phase_ == Phase::Receiving) touch();
  if (!head_.begun()) {
    http2_ = line.starts_with("HTTP/2");
    // A connection that http2_prior_knowledge makes serves one request, see prepare().
    multi_->note_multiplexing(*this, http2_ && !request_.options->http2_prior_knowledge);
  }
  if (http2_) multi_->note_http2();
  switch (head_.line(line)) {
    case HeadReader::Event::More: break;
    case HeadReader::Event::Informational: listener_->on_informational(head_.take_head()); break;
    case HeadReader::Event::Final:
      enter(Phase::Receiving);
      listener_->on_head(head_.take_head());
      break;
    case HeadReader::Event::Broken:
      error_ = head_.error();
      error_->text = server_of(request_.url) + ": " + error_->text;
      return false;
  }
  return listener_ != nullptr;  // the call may have ended the exchange
}

std::size_t Transfer::on_bytes(char* bytes, std::size_t size, std::size_t count, void* self) noexcept {
  Transfer& transfer = *static_cast<Transfer*>(self);
  const std::string_view piece(bytes, size * count);
  if (transfer.listener_ == nullptr) return 0;
  // Not over HTTP/2: see Multi::note_traffic() for what a pause does there.
  const bool late = !transfer.reader_paused_ && !transfer.http2_ && transfer.multi_->slice_over();
  if (late) transfer.multi_->wake(transfer);
  if (transfer.reader_paused_ || late) {
    transfer.curl_holds_ = true;
    return CURL_WRITEFUNC_PAUSE;
  }
  transfer.touch();
  if (transfer.http2_) transfer.multi_->note_http2();
  if (piece.empty()) return 0;
  transfer.moved_ += piece.size();
  const Flow flow = transfer.listener_->on_data(piece);
  if (flow == Flow::Pause && transfer.listener_ != nullptr) transfer.reader_paused_ = true;
  return transfer.listener_ != nullptr ? piece.size() : 0;
}

std::size_t Transfer::on_room(char* room, std::size_t size, std::size_t count, void* self) noexcept {
  Transfer& transfer = *static_cast<Transfer*>(self);
  return transfer.listener_ != nullptr ? transfer.give_body(room, size * count) : CURL_READFUNC_ABORT;
}

std::size_t Transfer::give_body(char* room, std::size_t size) {
  if (body_over_) return 0;
  BodyPiece piece;
  do {
    body_again_ = false;
    piece = request_.body(room, size);
  } while (listener_ != nullptr && piece.bytes == 0 && !piece.end && !piece.failed && body_again_);
  if (listener_ == nullptr) return CURL_READFUNC_ABORT;
  body_sent_ += piece.bytes;
  moved_ += piece.bytes;
  if (piece.failed || (piece.end && body_sent_ != request_.body_bytes.value_or(body_sent_))) {
    keep_error(base::Errc::Cancelled, "the request's body could not be read to its end");
    return CURL_READFUNC_ABORT;
  }
  touch();
  body_over_ = piece.end;
  if (piece.bytes == 0 && !piece.end) {
    body_waits_ = true;
    return CURL_READFUNC_PAUSE;
  }
  return piece.bytes;
}

void Transfer::resume() {
  if (listener_ == nullptr || !std::exchange(reader_paused_, false)) return;
  touch();
  if (curl_holds_) multi_->wake(*this);
}

void Transfer::body_ready() {
  body_again_ = true;
  if (listener_ != nullptr && body_waits_) multi_->wake(*this);
}

void Transfer::set_pass(bool pass) {
  request_.pass = pass;
  if (multi_ != nullptr) multi_->set_pass(*this, pass);
}

std::string Transfer::pool() const { return server() + (prepared_.https && http1_only_ ? " HTTP/1.1" : ""); }

std::string Transfer::server() const {
  const std::string& told = request_.options->connect_to;
  return told.empty() ? server_of(request_.url) : told;
}

std::optional<double> Transfer::pace_of_client(base::Steady now) {
  const base::Duration looked = now - pace_since_.value_or(now);
  // So long ago that nobody has waited in between: this wait begins to look anew.
  const bool first = !pace_since_ || looked > kStaleLook * multi_->limits().pace_time;
  if (!first && looked < multi_->limits().pace_time) return {};
  const std::uint64_t bytes = moved_ - std::exchange(pace_from_, moved_);
  pace_since_ = now;
  if (first || (!reader_paused_ && !body_waits_)) return {};
  return static_cast<double>(bytes) / std::chrono::duration<double>(looked).count();
}

bool Transfer::give_way() {
  if (listener_ != nullptr && listener_->on_slow()) return false;
  keep_error(base::Errc::Busy, "its connection was given to others: the client was too slow");
  return true;
}

void Transfer::lose_connection() {
  lost_ = true;
  keep_error(base::Errc::System, "the system cannot watch its connection: out of memory or of watches");
}

bool Transfer::apply_pause() {
  if (listener_ == nullptr) return true;
  if (lost_) return false;
  if (!reader_paused_) curl_holds_ = false;
  if (std::exchange(body_waits_, false)) touch();
  // Calls on_bytes with what was held, which may pause, or end the exchange, again.
  const CURLcode code = curl_easy_pause(easy(), curl_holds_ ? CURLPAUSE_RECV : CURLPAUSE_CONT);
  if (code == CURLE_OK || listener_ == nullptr) return true;
  if (!error_) error_ = describe(code, request_.url, error_text_.data());
  return false;
}

void Transfer::silence() {
  listener_ = nullptr;
  timer_.stop();
}

void Transfer::orphan() {
  silence();
  multi_ = nullptr;
}

void Transfer::finish(CURLcode code) {
  timer_.stop();
  if (listener_ == nullptr) return;
  std::optional<ExchangeError> failure;
  if (error_ || code != CURLE_OK) {
    failure = take_error(code);
  } else if (!head_.complete()) {
    error_ = {base::Errc::Protocol, server_of(request_.url) + ": the connection ended without a response"};
    failure = take_error(code);
  } else if (head_.has_trailers()) {
    listener_->on_trailers(head_.take_trailers());
  }
  // on_trailers may have ended the exchange.
  if (ExchangeListener* listener = std::exchange(listener_, nullptr)) listener->on_end(std::move(failure));
}

ExchangeError Transfer::take_error(CURLcode code) {
  if (!error_) error_ = describe(code, request_.url, error_text_.data());
  return {std::move(*error_)};
}

void Transfer::keep_error(base::Errc code, std::string text) {
  error_ = {code, server_of(request_.url) + ": " + std::move(text)};
}

void Transfer::enter(Phase phase) {
  phase_ = phase;
  touch();
  watch_time(phase == Phase::Queued ? kShortestCheck : limit());
}

void Transfer::touch() { active_ = multi_->loop().clock().steady(); }

std::chrono::milliseconds Transfer::limit() const {
  switch (phase_) {
    case Phase::Queued: return request_.options->queue_limit;
    case Phase::Connecting: return request_.options->connect_limit;
    case Phase::Waiting: return request_.options->first_byte_limit;
    case Phase::Receiving: return request_.options->idle_limit;
  }
  return request_.options->idle_limit;
}

void Transfer::watch_time(base::Duration delay) {
  if (phase_ == Phase::Queued) delay = std::min<base::Duration>(delay, multi_->limits().pace_time / kLooks);
  timer_.start(delay, [this] { check_time(); });
}

/// Activity only moves `active_`; the timer looks when it rings whether that was long enough ago.
void Transfer::check_time() {
  if (reader_paused_ || body_waits_ || curl_holds_) touch();  // the wait is not the server's fault
  const base::Duration left = active_ + limit() - multi_->loop().clock().steady();
  if (left > base::Duration::zero()) {
    watch_time(std::max<base::Duration>(left, kShortestCheck));
    if (phase_ == Phase::Queued) multi_->make_room(*this);  // may end this
    return;
  }
  const std::string after = std::to_string(limit().count()) + " ms";
  switch (phase_) {
    case Phase::Queued: keep_error(base::Errc::Busy, "no connection was free for " + after); break;
    case Phase::Connecting: keep_error(base::Errc::Timeout, "no connection within " + after); break;
    case Phase::Waiting: keep_error(base::Errc::Timeout, "no response within " + after); break;
    case Phase::Receiving: keep_error(base::Errc::Timeout, "no byte of the body for " + after); break;
  }
  multi_->fail(*this);
}

ClientExchange::~ClientExchange() {
  transfer_->silence();
  if (Multi* multi = transfer_->multi()) multi->discard(std::move(transfer_));
}

}  // namespace http
