// SPDX-License-Identifier: Apache-2.0
#include "origin/server/file_pool.h"

namespace origin {

FilePool::FilePool(unsigned threads) {
  for (unsigned i = 0; i < threads; ++i) threads_.emplace_back([this] { serve(); });
}

FilePool::~FilePool() { end(); }

void FilePool::end() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  ready_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  const std::lock_guard lock(mutex_);
  ended_ = true;
}

void FilePool::submit(base::Task work) {
  {
    const std::lock_guard lock(mutex_);
    if (!ended_) {
      queue_.push_back(std::move(work));
      ready_.notify_one();
      return;
    }
  }
  work();
}

std::size_t FilePool::waiting() const {
  const std::lock_guard lock(mutex_);
  return queue_.size();
}

void FilePool::serve() {
  for (;;) {
    base::Task work;
    {
      std::unique_lock lock(mutex_);
      ready_.wait(lock, [this] { return ending_ || !queue_.empty(); });
      if (queue_.empty()) return;
      work = std::move(queue_.front());
      queue_.pop_front();
    }
    work();
  }
}

}  // namespace origin
