// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "edge/base/executor.h"

namespace support {

/// A home thread of its own, with real time. What is queued when it ends is destroyed, not run.
class ThreadExecutor final : public base::Executor {
 public:
  ThreadExecutor() : thread_([this] { run(); }) {}
  ~ThreadExecutor() override {
    {
      const std::scoped_lock lock(mutex_);
      stopped_ = true;
    }
    changed_.notify_one();
    thread_.join();
  }
  ThreadExecutor(const ThreadExecutor&) = delete;
  ThreadExecutor& operator=(const ThreadExecutor&) = delete;

  void post(base::Task task) override {
    {
      const std::scoped_lock lock(mutex_);
      tasks_.push_back(std::move(task));
    }
    changed_.notify_one();
  }
  bool in_thread() const override { return std::this_thread::get_id() == thread_.get_id(); }
  const base::Clock& clock() const override { return clock_; }
  TimerId start_timer(base::Duration delay, base::Task task) override {
    const std::scoped_lock lock(mutex_);
    timers_.emplace(std::pair(clock_.steady() + delay, ++last_id_), std::move(task));
    return last_id_;
  }
  void cancel_timer(TimerId id) override {
    const std::scoped_lock lock(mutex_);
    std::erase_if(timers_, [id](const auto& entry) { return entry.first.second == id; });
  }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    while (!stopped_) {
      base::Task task;
      if (!tasks_.empty()) {
        task = std::move(tasks_.front());
        tasks_.pop_front();
      } else if (timers_.empty()) {
        changed_.wait(lock);
      } else if (timers_.begin()->first.first <= clock_.steady()) {
        task = std::move(timers_.extract(timers_.begin()).mapped());
      } else {
        const base::Steady due = timers_.begin()->first.first;
        changed_.wait_until(lock, due);
      }
      if (!task) continue;
      lock.unlock();
      task();
      task = nullptr;
      lock.lock();
    }
  }

  base::RealClock clock_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<base::Task> tasks_;
  std::map<std::pair<base::Steady, TimerId>, base::Task> timers_;
  TimerId last_id_ = 0;
  bool stopped_ = false;
  std::thread thread_;  ///< last: uses all of the above
};

}  // namespace support
