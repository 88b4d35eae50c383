// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <compare>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "edge/base/error.h"
#include "edge/base/executor.h"
#include "edge/coding/home.h"
#include "edge/policy/coding.h"
#include "store/object/object.h"

namespace coding {

/// What is counted of one coding. Any thread.
struct Counters {
  std::atomic<std::uint64_t> done{0};       ///< bodies coded, useless ones too
  std::atomic<std::uint64_t> bytes_in{0};   ///< of those
  std::atomic<std::uint64_t> bytes_out{0};  ///< of those that are kept
  std::atomic<std::uint64_t> useless{0};    ///< whose coded form was not smaller
  std::atomic<std::uint64_t> failed{0};
  std::atomic<std::uint64_t> refused{0};  ///< requests that found the queue full
};

/// The threads that code bodies, with a bounded queue. Who asks for what is being made or waits to be made
/// joins: one job for an object and a coding in the whole process. Owned by node::Node; outlives whatever
/// posts to its workers' homes, the disk's threads above all. Any thread may call.
class Coder {
 public:
  struct Options {
    unsigned threads = 1;
    std::size_t queue = 64;  ///< jobs that wait for a thread
  };
  struct Name {
    store::ObjectId object = 0;  ///< of the identity
    policy::Coding coding = policy::Coding::Gzip;
    auto operator<=>(const Name&) const = default;
  };
  /// The coded object, or why there is none.
  using Made = base::Result<store::ObjectRef>;
  /// Makes and stores it, on a worker's thread. Should give up when its home says that all is to end.
  using Work = std::move_only_function<Made(Home&)>;
  using Answer = std::move_only_function<void(Made)>;

  explicit Coder(const Options& options);
  ~Coder() { stop(); }
  Coder(const Coder&) = delete;
  Coder& operator=(const Coder&) = delete;

  /// `answer` is posted to `home` once. False: the queue is full, or all is to end; then it is not. `work` is
  /// dropped if the job is there already.
  bool submit(const Name& name, Work work, base::Executor& home, Answer answer);
  /// Ends the threads; whoever waits is answered with Errc::Cancelled.
  void stop();

  Counters& counters(policy::Coding coding) { return counters_[static_cast<std::size_t>(coding)]; }
  const Counters& counters(policy::Coding coding) const {
    return counters_[static_cast<std::size_t>(coding)];
  }
  std::size_t waiting() const;  ///< jobs in the queue

 private:
  struct Waiter {
    base::Executor* home;
    Answer answer;
  };
  struct Job {
    Name name;
    Work work;
    std::vector<Waiter> waiters{};
  };
  struct Worker {
    Home home{};
    std::thread thread{};
  };
  void run(Worker& worker);
  void finish(Job& job, const Made& made);

  const Options options_;
  std::array<Counters, policy::kCodings.size()> counters_{};
  mutable std::mutex mutex_;
  std::condition_variable added_;
  std::map<Name, std::shared_ptr<Job>> jobs_{};  ///< queued and running
  std::deque<std::shared_ptr<Job>> queue_{};
  bool stopped_ = false;
  std::vector<std::unique_ptr<Worker>> workers_{};
};

}  // namespace coding
