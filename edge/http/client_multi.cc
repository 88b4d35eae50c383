// SPDX-License-Identifier: Apache-2.0
#include "edge/http/client_multi.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "edge/base/check.h"
#include "edge/http/client_exchange.h"
#include "edge/loop/turn_clock.h"

namespace http {
namespace {

constexpr std::chrono::milliseconds kStirDelay{2};
/// Of a turn of the loop, for all transfers together.
constexpr std::chrono::microseconds kSlice{500};
/// Transfers that begin in one slice: each connects, or sends its request, in one go with the others.
constexpr std::size_t kAdmittedMax = 8;

/// curl's process-wide state, made before the first handle and kept to the end.
void init_curl_once() {
  static const bool done = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  CHECK(done);
}

CURLM* make_multi() {
  init_curl_once();
  CURLM* multi = curl_multi_init();
  CHECK(multi != nullptr);
  return multi;
}

template <typename T>
void set(CURLM* multi, CURLMoption option, T value) {
  CHECK(curl_multi_setopt(multi, option, value) == CURLM_OK);
}

}  // namespace

Multi::Multi(loop::Loop& loop, const ClientLimits& limits)
    : loop_(loop), limits_(limits), queue_(limits), timer_(loop), stir_timer_(loop), multi_(make_multi()) {
  CURLM* multi = multi_.get();
  set(multi, CURLMOPT_SOCKETFUNCTION, &Multi::on_socket);
  set(multi, CURLMOPT_SOCKETDATA, this);
  set(multi, CURLMOPT_TIMERFUNCTION, &Multi::on_timer);
  set(multi, CURLMOPT_TIMERDATA, this);
  set(multi, CURLMOPT_PIPELINING, static_cast<long>(CURLPIPE_MULTIPLEX));
  set(multi, CURLMOPT_MAX_CONCURRENT_STREAMS, static_cast<long>(limits.streams_per_connection));
  set(multi, CURLMOPT_MAX_HOST_CONNECTIONS, static_cast<long>(limits.connections_per_host));
  set(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, static_cast<long>(limits.connections_total));
  set(multi, CURLMOPT_MAXCONNECTS, static_cast<long>(limits.connections_total));
}

Multi::~Multi() {
  CHECK(!busy_);  // a listener must not end the client that calls it
  busy_ = true;
  for (Transfer* transfer : added_) curl_multi_remove_handle(multi_.get(), transfer->easy());
  for (Transfer* transfer : all_) transfer->orphan();
  discarded_.clear();
  multi_.reset();
}

void Multi::start(Transfer& transfer) {
  all_.insert(&transfer);
  if (!transfer.prepared()) {
    invalid_.push_back(&transfer);
    settle_soon();
    return;
  }
  queue(transfer);
  if (!busy_) admit();
}

void Multi::queue(Transfer& transfer) {
  transfer.choose_version();
  queue_.push(transfer, transfer.pool(), transfer.is_pass());
  transfer.wait_in_queue();
}

void Multi::wake(Transfer& transfer) {
  if (std::ranges::find(waking_, &transfer) == waking_.end()) waking_.push_back(&transfer);
  settle_soon();
}

void Multi::fail(Transfer& transfer) {
  CHECK(!busy_);
  busy_ = true;
  take_off(transfer);
  transfer.finish(CURLE_OK);
  busy_ = false;
  settle();
}

void Multi::make_room(const Transfer& waiting) {
  Transfer* slow = queue_.in_the_way_of(waiting, loop_.clock().steady());
  if (slow != nullptr && slow->give_way()) fail(*slow);
}

void Multi::discard(std::unique_ptr<Transfer> transfer) {
  if (!transfer->place.running) queue_.erase(*transfer);
  std::erase(invalid_, transfer.get());
  std::erase(waking_, transfer.get());
  all_.erase(transfer.get());
  if (busy_) {
    discarded_.push_back(std::move(transfer));
    settle_soon();
    return;
  }
  busy_ = true;  // curl may flush other transfers of the same connection
  take_off(*transfer);
  transfer.reset();
  busy_ = false;
  settle_soon();  // another may use its connection
}

void Multi::admit() {
  begin_slice_of_turn();
  while (admitted_ < kAdmittedMax) {
    Transfer* next = queue_.pop();
    if (next == nullptr) return;
    ++admitted_;
    next->begin_to_connect();
    CHECK(curl_multi_add_handle(multi_.get(), next->easy()) == CURLM_OK);
    added_.insert(next);
  }
  if (queue_.waiting() != 0) go_on_next_turn();
}

void Multi::begin_slice() {
  slice_turn_ = loop_.turn();
  slice_end_ = loop_.turn_clock().real_steady() + kSlice;
  admitted_ = 0;
}

void Multi::begin_slice_of_turn() {
  if (slice_turn_ != loop_.turn()) begin_slice();
}

bool Multi::slice_over() const { return loop_.turn_clock().real_steady() >= slice_end_; }

void Multi::go_on_next_turn() {
  if (std::exchange(going_on_, true)) return;
  loop_.post(anchor_.wrap([this] {
    going_on_ = false;
    go_on();
  }));
}

void Multi::go_on() {
  begin_slice();
  drive_put_off();
  begin_slice();
  if (!waking_.empty()) {
    busy_ = true;
    wake_one();  // one at least, however many others end
    busy_ = false;
  }
  settle();
}

void Multi::take_off(Transfer& transfer) {
  queue_.erase(transfer);
  std::erase(waking_, &transfer);
  if (added_.erase(&transfer) != 0) curl_multi_remove_handle(multi_.get(), transfer.easy());
}

int Multi::on_socket(CURL* easy, curl_socket_t fd, int what, void* self, void*) noexcept {
  Multi& multi = *static_cast<Multi*>(self);
  if (what == CURL_POLL_REMOVE) {
    multi.polls_.erase(fd);
    multi.http2_.erase(fd);
    std::erase_if(multi.put_off_, [fd](const auto& put_off) { return put_off.first == fd; });
    return 0;
  }
  std::unique_ptr<loop::Poll>& poll = multi.polls_[fd];
  if (!poll) {
    poll = std::make_unique<loop::Poll>(multi.loop_, fd, [&multi, fd](int events) {
      multi.drive(fd, ((events & loop::Poll::Readable) != 0 ? CURL_CSELECT_IN : 0) |
                          ((events & loop::Poll::Writable) != 0 ? CURL_CSELECT_OUT : 0));
    });
  }
  if (!poll->good()) {
    multi.polls_.erase(fd);
    multi.give_up(easy);
    return 0;
  }
  poll->watch(((what & CURL_POLL_IN) != 0 ? loop::Poll::Readable : 0) |
              ((what & CURL_POLL_OUT) != 0 ? loop::Poll::Writable : 0));
  return 0;
}

/// To answer curl with -1 would end all transfers there are.
void Multi::give_up(CURL* easy) {
  void* tag = nullptr;
  curl_easy_getinfo(easy, CURLINFO_PRIVATE, &tag);
  if (tag == nullptr) return;  // a handle of curl's own
  Transfer& transfer = *static_cast<Transfer*>(tag);
  transfer.lose_connection();
  wake(transfer);
}

int Multi::on_timer(CURLM*, long timeout_ms, void* self) noexcept {
  Multi& multi = *static_cast<Multi*>(self);
  if (timeout_ms < 0) {
    multi.timer_.stop();
  } else {
    multi.timer_.start(std::chrono::milliseconds(timeout_ms),
                       [&multi] { multi.drive(CURL_SOCKET_TIMEOUT, 0); });
  }
  return 0;
}

void Multi::drive(curl_socket_t fd, int events) {
  CHECK(!busy_);
  begin_slice_of_turn();
  if (!slice_over()) {
    drive_now(fd, events);
    return settle();
  }
  // What is reported again comes in the same order, an error is reported once, and timers have their turn
  // after all sockets.
  const auto before = std::ranges::find(put_off_, fd, &std::pair<curl_socket_t, int>::first);
  if (before == put_off_.end()) {
    put_off_.emplace_back(fd, events);  // CURL_SOCKET_TIMEOUT is one like others
  } else {
    before->second |= events;
  }
  go_on_next_turn();
}

void Multi::drive_now(curl_socket_t fd, int events) {
  busy_ = true;
  http2_moved_ = false;
  int running = 0;
  curl_multi_socket_action(multi_.get(), fd, events, &running);
  note_traffic(fd);
  busy_ = false;
}

void Multi::drive_put_off() {
  while (!put_off_.empty() && !slice_over()) {
    const auto [fd, events] = put_off_.front();
    put_off_.pop_front();
    drive_now(fd, events);
  }
  if (!put_off_.empty()) go_on_next_turn();
}

/// libcurl 7.88 can leave frames that it has read from an HTTP/2 connection unprocessed when the buffer of
/// one of its streams was full, and then waits for a socket that has nothing more to say (its
/// cf_h2_data_pending compares the wrong way round). So each such socket gets one more pass soon after there
/// was traffic, as if it were readable, until a pass brings nothing.
void Multi::note_traffic(curl_socket_t fd) {
  if (fd != CURL_SOCKET_TIMEOUT) {
    if (http2_moved_ && polls_.contains(fd)) http2_.insert(fd);
    if (http2_.contains(fd)) restless_.insert(fd);
  } else if (http2_moved_ && http2_.empty()) {
    for (const auto& [any, poll] : polls_) restless_.insert(any);  // not known yet which it is
  } else {
    restless_.insert(http2_.begin(), http2_.end());
  }
  if (!restless_.empty() && !stir_timer_.running()) stir_timer_.start(kStirDelay, [this] { stir(); });
}

void Multi::stir() {
  CHECK(!busy_);
  begin_slice_of_turn();
  busy_ = true;
  for (const curl_socket_t fd : std::exchange(restless_, {})) {
    if (!polls_.contains(fd)) continue;
    http2_moved_ = false;
    int running = 0;
    curl_multi_socket_action(multi_.get(), fd, CURL_CSELECT_IN, &running);
    if (http2_moved_) note_traffic(fd);
  }
  busy_ = false;
  settle();
}

void Multi::settle_soon() {
  if (busy_ || std::exchange(settling_, true)) return;  // who is busy settles at its end
  loop_.at_turn_end(anchor_.wrap([this] {
    settling_ = false;
    settle();
  }));
}

void Multi::settle() {
  busy_ = true;
  begin_slice_of_turn();
  bool left = settle_one();
  while (left && !slice_over()) left = settle_one();
  if (left || !waking_.empty()) go_on_next_turn();
  busy_ = false;
}

bool Multi::settle_one() {
  if (!discarded_.empty()) {
    const std::unique_ptr<Transfer> transfer = std::move(discarded_.back());
    discarded_.pop_back();
    take_off(*transfer);
    return true;
  }
  admit();
  if (!invalid_.empty()) {
    Transfer* transfer = invalid_.front();
    invalid_.erase(invalid_.begin());
    transfer->finish(CURLE_OK);
    return true;
  }
  // Before those that want more: what is complete must not wait for them.
  if (finish_one()) return true;
  if (waking_.empty() || slice_over()) return false;
  wake_one();
  return true;
}

void Multi::wake_one() {
  Transfer* transfer = waking_.front();
  waking_.pop_front();
  if (transfer->apply_pause()) return;
  take_off(*transfer);
  transfer->finish(CURLE_OK);
}

bool Multi::finish_one() {
  int left = 0;
  const CURLMsg* message = curl_multi_info_read(multi_.get(), &left);
  if (message == nullptr) return false;
  if (message->msg != CURLMSG_DONE) return true;
  const CURLcode code = message->data.result;
  void* tag = nullptr;
  curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &tag);
  Transfer& transfer = *static_cast<Transfer*>(tag);
  take_off(transfer);
  if (transfer.needs_another_connection()) {
    queue(transfer);
  } else {
    transfer.finish(code);
  }
  return true;
}

}  // namespace http
