// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>

#include "edge/base/error.h"
#include "edge/base/executor.h"

struct uv_loop_s;

namespace loop {

class TurnClock;

/// An event loop on one thread (libuv). Made on any thread; run(), and all but post(), on one home thread. Its destructor
/// closes what is left; everything that lives on the loop must be gone by then.
class Loop final : public base::Executor {
 public:
  Loop();
  ~Loop() override;

  /// Runs until stop().
  void run();
  /// Makes run() return after the current turn. Any thread.
  void stop();

  void post(base::Task task) override;
  bool in_thread() const override;
  const base::Clock& clock() const override;
  TimerId start_timer(base::Duration delay, base::Task task) override;
  void cancel_timer(TimerId id) override;

  /// Runs `task` at the end of this turn, before the loop looks for events again: for work that is batched over a turn (flushes)
  /// and for ending objects that are on the stack now. Home thread only.
  void at_turn_end(base::Task task);
  /// Which turn this is, from 1 on. Home thread only.
  std::uint64_t turn() const;
  /// The longest turn since the last call, for the stall metric. Any thread.
  base::Duration take_longest_turn();

  uv_loop_s* native();
  /// For those who run callbacks of the loop.
  TurnClock& turn_clock();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Watches one descriptor (uv_poll). The descriptor is not owned and must outlive this.
class Poll {
 public:
  enum Events : int { Readable = 1, Writable = 2, Broken = 4 };
  /// `on_ready(events)`: bits of Events. Broken, the peer has reset the connection, comes with both others.
  Poll(Loop& loop, int fd, std::move_only_function<void(int events)> on_ready);
  ~Poll();
  Poll(const Poll&) = delete;
  Poll& operator=(const Poll&) = delete;
  /// False: the system cannot watch this descriptor (out of memory or of watches); nothing will be reported.
  bool good() const { return good_; }
  /// Which events to report; Broken always is, also with 0.
  void watch(int events);
  /// Nothing is reported any more, until watch(): the descriptor may be closed.
  void stop();

 private:
  struct Impl;
  bool good_ = false;
  Impl* impl_;  ///< ends itself when libuv has closed its handle
};

}  // namespace loop
