// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <mutex>
#include <thread>
#include <vector>

#include "tests/support/thread_executor.h"

namespace support {

/// A home thread that notes which threads posted to it: those that did the work that is answered.
class PostedFrom final : public base::Executor {
 public:
  void post(base::Task task) override {
    {
      const std::scoped_lock lock(mutex_);
      threads_.push_back(std::this_thread::get_id());
    }
    home_.post(std::move(task));
  }
  bool in_thread() const override { return home_.in_thread(); }
  const base::Clock& clock() const override { return home_.clock(); }
  TimerId start_timer(base::Duration delay, base::Task task) override {
    return home_.start_timer(delay, std::move(task));
  }
  void cancel_timer(TimerId id) override { home_.cancel_timer(id); }

  std::size_t posts() const {
    const std::scoped_lock lock(mutex_);
    return threads_.size();
  }
  /// How many of the posts came from the thread that asks.
  std::size_t from_here() const {
    const std::scoped_lock lock(mutex_);
    return static_cast<std::size_t>(std::ranges::count(threads_, std::this_thread::get_id()));
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::thread::id> threads_;
  ThreadExecutor home_;  ///< last: its tasks may post
};

}  // namespace support
