// SPDX-License-Identifier: Apache-2.0
#include "store/disk/reader_pool.h"

#include <string>
#include <utility>

#include "edge/base/thread.h"

namespace store {

ReaderPool::ReaderPool(unsigned threads, std::size_t jobs_max) : jobs_max_(jobs_max) {
  for (unsigned i = 0; i < threads; ++i) {
    threads_.emplace_back([this, name = "disk-read-" + std::to_string(i)] {
      base::begin_thread(name, base::Work::Prompt);
      run();
    });
  }
}

void ReaderPool::submit(Job job) {
  bool taken = false;
  bool wake = false;
  {
    const std::scoped_lock lock(mutex_);
    if (!stopped_ && jobs_.size() < jobs_max_) {
      jobs_.push_back(std::move(job));
      taken = true;
      // Those that are awake look for another job by themselves.
      wake = sleeping_ > 0;
      if (wake) --sleeping_;
    }
  }
  if (wake) added_.notify_one();
  if (!taken) job(false);
}

void ReaderPool::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    while (!stopped_ && jobs_.empty()) {
      ++sleeping_;
      added_.wait(lock);
    }
    if (stopped_) return;
    Job job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    job(true);
    job = nullptr;
    lock.lock();
  }
}

void ReaderPool::stop() {
  std::deque<Job> left;
  {
    const std::scoped_lock lock(mutex_);
    stopped_ = true;
    left.swap(jobs_);
  }
  added_.notify_all();
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
  for (Job& job : left) job(false);
}

}  // namespace store
