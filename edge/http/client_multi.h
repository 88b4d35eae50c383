// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <curl/curl.h>

#include <deque>
#include <memory>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "edge/base/executor.h"
#include "edge/http/client.h"
#include "edge/http/client_queue.h"
#include "edge/http/client_versions.h"
#include "edge/loop/loop.h"

namespace http {

class Transfer;

/// libcurl's multi handle on a loop: its sockets are watched by loop::Poll, its one timer by the loop, and
/// whatever transfers want of it while it runs their callbacks waits until it has returned (curl refuses to
/// be called from there). curl would go on with all transfers as long as anything comes; here a turn of the
/// loop has a slice of time for them, and what is left at its end goes on in the next. Owned by the Client;
/// home thread only.
class Multi {
 public:
  Multi(loop::Loop& loop, const ClientLimits& limits);
  /// Takes all transfers off; their owners may still hold them.
  ~Multi();
  Multi(const Multi&) = delete;
  Multi& operator=(const Multi&) = delete;

  loop::Loop& loop() { return loop_; }
  const ClientLimits& limits() const { return limits_; }

  /// The transfer's listener hears nothing before start() has returned.
  void start(Transfer& transfer);
  /// Has transfer.apply_pause() called soon, outside of curl and within a slice.
  void wake(Transfer& transfer);
  /// Ends `transfer` as failed with the error that it keeps. Not from within curl's callbacks.
  void fail(Transfer& transfer);
  /// Ends another transfer for the sake of `waiting`, if one should give way. Not from within curl's
  /// callbacks.
  void make_room(const Transfer& waiting);
  void set_pass(Transfer& transfer, bool pass) { queue_.set_pass(transfer, pass); }
  void note_multiplexing(Transfer& transfer, bool multiplexes) {
    queue_.note_multiplexing(transfer, multiplexes);
  }
  ServerVersions& versions() { return versions_; }
  /// Takes over a transfer that its owner has given up.
  void discard(std::unique_ptr<Transfer> transfer);
  /// Whether this turn's time for transfers is over: what curl has for them now has to wait.
  bool slice_over() const;
  /// A transfer has been given bytes by curl over HTTP/2.
  void note_http2() { http2_moved_ = true; }

 private:
  struct FreeMulti {
    void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
  };

  static int on_socket(CURL* easy, curl_socket_t fd, int what, void* self, void* per_socket) noexcept;
  static int on_timer(CURLM* multi, long timeout_ms, void* self) noexcept;
  void drive(curl_socket_t fd, int events);
  void drive_now(curl_socket_t fd, int events);
  /// What came for sockets when the slice was over.
  void drive_put_off();
  /// Ends the transfer of `easy` soon: the loop cannot watch its connection.
  void give_up(CURL* easy);
  void begin_slice();
  /// If the last one was of an earlier turn.
  void begin_slice_of_turn();
  void go_on_next_turn();
  /// With what the last slice has left, which gets slices of its own: others may have used up this turn's.
  void go_on();
  void settle_soon();
  /// Does what was put off while curl ran, until nothing is left or the slice is over. Listeners are called
  /// from here.
  void settle();
  bool settle_one();
  void wake_one();
  bool finish_one();
  /// Hands curl what may go now.
  void admit();
  void take_off(Transfer& transfer);
  void queue(Transfer& transfer);
  void note_traffic(curl_socket_t fd);
  void stir();

  loop::Loop& loop_;
  const ClientLimits limits_;
  std::unordered_map<curl_socket_t, std::unique_ptr<loop::Poll>> polls_;
  TransferQueue queue_;
  ServerVersions versions_;
  std::unordered_set<Transfer*> added_;  ///< in the multi handle
  std::vector<Transfer*> invalid_;       ///< could not be prepared: wait to be told so
  std::deque<Transfer*> waking_;
  std::deque<std::pair<curl_socket_t, int>> put_off_;  ///< events, each socket once
  std::vector<std::unique_ptr<Transfer>> discarded_;
  std::unordered_set<Transfer*> all_;
  std::unordered_set<curl_socket_t> http2_;     ///< sockets that brought HTTP/2
  std::unordered_set<curl_socket_t> restless_;  ///< of those, where something went on since stir()
  bool http2_moved_ = false;
  bool busy_ = false;             ///< in curl or in a listener
  bool settling_ = false;         ///< settle() is queued
  bool going_on_ = false;         ///< go_on() is queued
  std::uint64_t slice_turn_ = 0;  ///< of the loop; 0: none yet
  base::Steady slice_end_{};
  std::size_t admitted_ = 0;  ///< in this slice
  base::Timer timer_;
  base::Timer stir_timer_;
  std::unique_ptr<CURLM, FreeMulti> multi_;
  base::Anchor anchor_;
};

}  // namespace http
