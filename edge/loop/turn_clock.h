// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <thread>
#include <utility>

#include "edge/base/clock.h"

namespace loop {

/// The clock of a loop: within one callback of it, on its thread, steady() is the time at which the callback began, or
/// go_on() was last called, read once for all that it serves. So times of two loops are not in order. Everywhere else, and
/// wall() always, it is the machine's. Owned by its loop. Any thread; go_on() and Callback: home thread.
class TurnClock final : public base::Clock {
 public:
  /// Marks that a callback of the loop runs, for as long as it lives. Nested (a loop that is run by one of its callbacks), the
  /// inner one moves the time of the outer one on.
  class Callback {
   public:
    explicit Callback(TurnClock& clock) : clock_(clock), nested_(std::exchange(clock.within_, true)) {
      clock_.go_on();
    }
    ~Callback() { clock_.within_ = nested_; }
    Callback(const Callback&) = delete;
    Callback& operator=(const Callback&) = delete;

   private:
    TurnClock& clock_;
    bool nested_;
  };

  /// Reads the machine's clock anew, within a callback that has many things to do one after another.
  void go_on() { began_ = real_steady(); }
  base::Steady steady() const override { return in_home() && within_ ? began_ : real_steady(); }
  /// The machine's, also within a callback: a timer must not fire early however long its callback has run.
  base::Steady real_steady() const { return machine_.steady(); }
  base::Wall wall() const override { return machine_.wall(); }

  bool in_home() const { return home_.load(std::memory_order_acquire) == std::this_thread::get_id(); }
  /// From here on the calling thread is the home thread.
  void move_in() { home_.store(std::this_thread::get_id(), std::memory_order_release); }

 private:
  base::RealClock machine_{};
  std::atomic<std::thread::id> home_{std::this_thread::get_id()};
  bool within_ = false;      ///< home thread only
  base::Steady began_{};     ///< home thread only
};

}  // namespace loop
