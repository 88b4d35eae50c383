// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "edge/base/executor.h"

namespace coding {

/// A worker's thread as an executor: work that runs there may wait for what other threads post, since no
/// client waits for that thread's turn. It has no timers. Must outlive the threads that post to it.
class Home final : public base::Executor {
 public:
  void post(base::Task task) override;
  bool in_thread() const override { return std::this_thread::get_id() == thread_; }
  const base::Clock& clock() const override { return clock_; }
  TimerId start_timer(base::Duration, base::Task) override;
  void cancel_timer(TimerId) override {}

  /// Home thread. Runs the next posted task, waiting for it; false: all is to end.
  bool wait();
  /// Home thread. Runs what has been posted; false: all is to end.
  bool look();
  /// From now on wait() and look() say false, and what is posted is dropped. Any thread.
  void stop();

 private:
  friend class Coder;
  void adopt() { thread_ = std::this_thread::get_id(); }

  base::RealClock clock_{};
  std::thread::id thread_{};
  std::mutex mutex_;
  std::condition_variable posted_;
  std::deque<base::Task> tasks_{};
  bool stopped_ = false;
};

}  // namespace coding
