// SPDX-License-Identifier: Apache-2.0
#include "edge/coding/home.h"

#include <utility>

#include "edge/base/check.h"

namespace coding {

void Home::post(base::Task task) {
  const std::scoped_lock lock(mutex_);
  if (stopped_) return;
  tasks_.push_back(std::move(task));
  posted_.notify_one();
}

base::Executor::TimerId Home::start_timer(base::Duration, base::Task) { CHECK(false); }

bool Home::wait() {
  std::unique_lock lock(mutex_);
  posted_.wait(lock, [this] { return stopped_ || !tasks_.empty(); });
  if (stopped_) return false;
  base::Task task = std::move(tasks_.front());
  tasks_.pop_front();
  lock.unlock();
  task();
  return true;
}

bool Home::look() {
  for (;;) {
    {
      const std::scoped_lock lock(mutex_);
      if (stopped_) return false;
      if (tasks_.empty()) return true;
    }
    if (!wait()) return false;
  }
}

void Home::stop() {
  std::deque<base::Task> dropped;
  {
    const std::scoped_lock lock(mutex_);
    stopped_ = true;
    dropped.swap(tasks_);
  }
  posted_.notify_all();
}

}  // namespace coding
