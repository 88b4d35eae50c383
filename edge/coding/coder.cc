// SPDX-License-Identifier: Apache-2.0
// Invariant, under mutex_: a job is in jobs_ until its waiters have been taken out of it; so whoever finds it
// there is answered.
#include "edge/coding/coder.h"

#include <string>
#include <utility>

#include "edge/base/thread.h"

namespace coding {

Coder::Coder(const Options& options) : options_(options) {
  for (unsigned i = 0; i < options.threads; ++i) {
    Worker& worker = *workers_.emplace_back(std::make_unique<Worker>());
    worker.thread = std::thread([this, &worker, name = "coder-" + std::to_string(i)] {
      base::begin_thread(name, base::Work::Background);
      run(worker);
    });
  }
}

bool Coder::submit(const Name& name, Work work, base::Executor& home, Answer answer) {
  const std::scoped_lock lock(mutex_);
  if (stopped_) return false;
  if (const auto there = jobs_.find(name); there != jobs_.end()) {
    there->second->waiters.push_back({&home, std::move(answer)});
    return true;
  }
  if (queue_.size() >= options_.queue) {
    ++counters(name.coding).refused;
    return false;
  }
  auto job = std::make_shared<Job>(Job{name, std::move(work)});
  job->waiters.push_back({&home, std::move(answer)});
  jobs_.emplace(name, job);
  queue_.push_back(std::move(job));
  added_.notify_one();
  return true;
}

void Coder::run(Worker& worker) {
  worker.home.adopt();
  std::unique_lock lock(mutex_);
  for (;;) {
    added_.wait(lock, [this] { return stopped_ || !queue_.empty(); });
    if (stopped_) return;
    const std::shared_ptr<Job> job = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    const Made made = job->work(worker.home);
    job->work = nullptr;
    finish(*job, made);
    lock.lock();
  }
}

void Coder::finish(Job& job, const Made& made) {
  std::vector<Waiter> waiters;
  {
    const std::scoped_lock lock(mutex_);
    waiters.swap(job.waiters);
    jobs_.erase(job.name);
  }
  for (Waiter& waiter : waiters) {
    waiter.home->post([answer = std::move(waiter.answer), made]() mutable { answer(std::move(made)); });
  }
}

void Coder::stop() {
  {
    const std::scoped_lock lock(mutex_);
    if (std::exchange(stopped_, true)) return;
  }
  added_.notify_all();
  for (const auto& worker : workers_) worker->home.stop();
  for (const auto& worker : workers_) worker->thread.join();
  for (const auto& job : std::exchange(queue_, {})) {
    finish(*job, base::fail(base::Errc::Cancelled, "the node ends"));
  }
}

std::size_t Coder::waiting() const {
  const std::scoped_lock lock(mutex_);
  return queue_.size();
}

}  // namespace coding
