// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "edge/base/executor.h"

namespace origin {

/// Threads that do file I/O, so that no loop waits for a disk. Any thread may give work. Outlives every loop,
/// since what a loop has not taken of its answers may give work when the loop goes.
class FilePool {
 public:
  explicit FilePool(unsigned threads);
  ~FilePool();
  FilePool(const FilePool&) = delete;
  FilePool& operator=(const FilePool&) = delete;

  void submit(base::Task work);
  /// Finishes what is queued and joins the threads: no answer is posted to a loop any more. Once no handler
  /// is left; work that still comes is done by who gives it.
  void end();
  /// Work that no thread has taken up yet.
  std::size_t waiting() const;

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

  mutable std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<base::Task> queue_;
  bool ending_ = false;
  bool ended_ = false;
  std::vector<std::thread> threads_;
};

/// All file I/O of an origin. Changes have threads of their own: they wait for disks to write and for each
/// other, and what is only read must not queue behind them.
struct FilePools {
  FilePool reads;
  FilePool changes;
};

}  // namespace origin
