// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "edge/base/thread.h"

namespace purgeapi {

/// A thread that gets jobs of one kind in order, all that wait at once. Its end comes after the last job.
template <typename Job>
class JobThread {
 public:
  /// `work(std::vector<Job>)` runs on the thread.
  template <typename Work>
  JobThread(const char* name, std::size_t queued_max, Work work)
      : queued_max_(queued_max), thread_([this, name = std::string(name), work = std::move(work)]() mutable {
          base::begin_thread(name, base::Work::Background);
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
    {
      const std::scoped_lock lock(mutex_);
      if (jobs_.size() >= queued_max_) return false;
      jobs_.push_back(std::move(job));
    }
    changed_.notify_one();
    return true;
  }

 private:
  std::vector<Job> take() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return closing_ || !jobs_.empty(); });
    return std::exchange(jobs_, {});
  }

  const std::size_t queued_max_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Job> jobs_;
  bool closing_ = false;
  std::thread thread_;  ///< last: uses all of the above
};

}  // namespace purgeapi
