// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "edge/base/thread.h"

namespace base {

/// A background thread that gets jobs of one kind in order, all that wait at once. Its end comes after the
/// last job. Any thread may push.
template <typename Job>
class JobThread {
 public:
  struct Options {
    std::string name{};  ///< of the thread
    std::size_t queued_max = 0;
    /// Once jobs come faster than turns, each turn waits so long for more, as a busy log does better with
    /// fewer commits (PostgreSQL's commit_delay), but not for more than `gather_jobs`. A job that comes alone
    /// does not wait.
    std::chrono::milliseconds gather{0};
    std::size_t gather_jobs = 1'000;
  };
  /// `work(std::vector<Job>)` runs on the thread.
  template <typename Do>
  JobThread(Options options, Do work)
      : options_(std::move(options)), thread_([this, work = std::move(work)]() mutable {
          begin_thread(options_.name, Work::Background);
          for (std::vector<Job> jobs = take(); !jobs.empty(); jobs = take()) work(std::move(jobs));
        }) {}
  ~JobThread() {
    {
      const std::scoped_lock lock(mutex_);
      closing_ = true;
    }
    changed_.notify_one();
    thread_.join();
  }
  JobThread(const JobThread&) = delete;
  JobThread& operator=(const JobThread&) = delete;

  /// False, with `job` left as it is, if too many wait.
  bool push(Job& job) {
    bool wake = false;
    {
      const std::scoped_lock lock(mutex_);
      if (jobs_.size() >= options_.queued_max) return false;
      jobs_.push_back(std::move(job));
      wake = idle_ || (gathering_ && jobs_.size() >= options_.gather_jobs);
    }
    if (wake) changed_.notify_one();
    return true;
  }
  /// Lets time pass before a job is tried again; from within `work`. False: the end is near.
  bool pause(std::chrono::milliseconds time) {
    std::unique_lock lock(mutex_);
    return !changed_.wait_for(lock, time, [this] { return closing_; });
  }

 private:
  // Empty: closing, and nothing is left.
  std::vector<Job> take() {
    std::unique_lock lock(mutex_);
    const auto begin = std::chrono::steady_clock::now();
    idle_ = true;
    changed_.wait(lock, [this] { return closing_ || !jobs_.empty(); });
    idle_ = false;
    // After a pause there is nothing to be faster than.
    if (several_ && std::chrono::steady_clock::now() - begin < options_.gather) gather(lock);
    several_ = jobs_.size() > 1;
    return std::exchange(jobs_, {});
  }
  void gather(std::unique_lock<std::mutex>& lock) {
    gathering_ = true;
    changed_.wait_for(lock, options_.gather,
                      [this] { return closing_ || jobs_.size() >= options_.gather_jobs; });
    gathering_ = false;
  }

  const Options options_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Job> jobs_;
  bool idle_ = false;       ///< the thread waits for a job
  bool gathering_ = false;  ///< it waits for more
  bool several_ = false;    ///< the turn before had more than one
  bool closing_ = false;
  std::thread thread_;  ///< last: uses all of the above
};

}  // namespace base
