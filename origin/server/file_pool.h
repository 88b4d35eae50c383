// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "edge/base/executor.h"

namespace origin {

/// The threads that do all file I/O, so that no loop waits for a disk. Any thread may give work. Outlives
/// every loop's handlers; its end finishes what is queued.
class FilePool {
 public:
  explicit FilePool(unsigned threads);
  ~FilePool();
  FilePool(const FilePool&) = delete;
  FilePool& operator=(const FilePool&) = delete;

  void submit(base::Task work);

  /// Runs `work()` on a thread of the pool, then `done(result)` on `home`. `done` comes from an Anchor, so
  /// that it is silent after its owner's end.
  template <typename Work, typename Done>
  void run(base::Executor& home, Work work, Done done) {
    submit([&home, work = std::move(work), done = std::move(done)]() mutable {
      home.post([result = work(), done = std::move(done)]() mutable { done(std::move(result)); });
    });
  }

 private:
  void serve();

  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<base::Task> queue_;
  bool ending_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace origin
