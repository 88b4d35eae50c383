// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace store {

/// The threads that read from the disk, with one queue of jobs. The destructor ends them after the job that
/// each is doing. Any thread.
class ReaderPool {
 public:
  /// Called once, on a reader thread; or with `run` false, on whatever thread, when it will not be run.
  using Job = std::move_only_function<void(bool run)>;

  ReaderPool(unsigned threads, std::size_t jobs_max);
  ~ReaderPool() { stop(); }
  ReaderPool(const ReaderPool&) = delete;
  ReaderPool& operator=(const ReaderPool&) = delete;

  /// When `jobs_max` wait already, or after stop, the job is called with false at once.
  void submit(Job job);
  void stop();

 private:
  void run();

  std::size_t jobs_max_;
  std::mutex mutex_;
  std::size_t sleeping_ = 0;  ///< threads that nobody has woken yet
  std::condition_variable added_;
  std::deque<Job> jobs_;
  bool stopped_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace store
