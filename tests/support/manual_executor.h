// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <utility>

#include "edge/base/executor.h"

namespace support {

/// Time that only tests move.
class ManualClock final : public base::Clock {
 public:
  base::Steady steady() const override { return steady_; }
  base::Wall wall() const override { return wall_; }
  void advance(base::Duration by) {
    steady_ += by;
    wall_ += std::chrono::duration_cast<base::Wall::duration>(by);
  }
  void set_wall(base::Wall wall) { wall_ = wall; }

 private:
  base::Steady steady_{std::chrono::hours(1)};
  base::Wall wall_{std::chrono::seconds(1'790'000'000)};
};

/// A home thread that runs when the test says so, on the test's thread, in a known order.
class ManualExecutor final : public base::Executor {
 public:
  explicit ManualExecutor(ManualClock& clock) : clock_(clock) {}

  void post(base::Task task) override { tasks_.push_back(std::move(task)); }
  bool in_thread() const override { return true; }
  const base::Clock& clock() const override { return clock_; }
  TimerId start_timer(base::Duration delay, base::Task task) override {
    const TimerId id = ++last_id_;
    timers_.emplace(std::pair(clock_.steady() + delay, id), std::move(task));
    return id;
  }
  void cancel_timer(TimerId id) override {
    std::erase_if(timers_, [id](const auto& entry) { return entry.first.second == id; });
  }

  /// Runs one posted task; false if there is none.
  bool run_one() {
    if (tasks_.empty()) return false;
    base::Task task = std::move(tasks_.front());
    tasks_.pop_front();
    task();
    return true;
  }
  /// Runs posted tasks, and those that they post, until none is left.
  void run_all() {
    while (run_one()) {
    }
  }
  /// Moves time on, running what becomes due in order, with all posted tasks in between.
  void advance(base::Duration by) {
    const base::Steady end = clock_.steady() + by;
    run_all();
    while (!timers_.empty() && timers_.begin()->first.first <= end) {
      auto entry = timers_.extract(timers_.begin());
      clock_.advance(std::max(entry.key().first - clock_.steady(), base::Duration::zero()));
      entry.mapped()();
      run_all();
    }
    clock_.advance(end - clock_.steady());
  }
  /// Runs the timers that are due now, without moving time; answers how many.
  std::size_t run_due() {
    std::size_t count = 0;
    while (!timers_.empty() && timers_.begin()->first.first <= clock_.steady()) {
      auto entry = timers_.extract(timers_.begin());
      entry.mapped()();
      ++count;
    }
    return count;
  }
  bool idle() const { return tasks_.empty(); }
  std::size_t timers() const { return timers_.size(); }

 private:
  ManualClock& clock_;
  std::deque<base::Task> tasks_;
  std::map<std::pair<base::Steady, TimerId>, base::Task> timers_;
  TimerId last_id_ = 0;
};

}  // namespace support
