// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

#include "edge/base/clock.h"

namespace base {

using Task = std::move_only_function<void()>;

/// A home thread: everything that lives on a loop is reached through this. The event loop
/// implements it (loop::Loop), the simulation and unit tests replace it.
class Executor {
 public:
  using TimerId = std::uint64_t;  ///< 0 is never a timer

  virtual ~Executor() = default;

  /// Runs `task` on the home thread, after what is running there now. Any thread. Order among posts
  /// of one thread is kept. Tasks still queued when the executor ends are destroyed, not run.
  virtual void post(Task task) = 0;
  /// Whether the caller is on the home thread.
  virtual bool in_thread() const = 0;
  virtual const Clock& clock() const = 0;

  /// Home thread only. Runs `task` once after `delay`. The id is spent when the task runs.
  virtual TimerId start_timer(Duration delay, Task task) = 0;
  /// Home thread only. After it the task will not run. Spent and zero ids are ignored.
  virtual void cancel_timer(TimerId id) = 0;
};

/// One timer as a member: destroying it cancels. Home thread only.
class Timer {
 public:
  explicit Timer(Executor& executor) : executor_(executor) {}
  ~Timer() { stop(); }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  /// (Re)starts: an earlier start is cancelled. `task` may destroy this timer.
  void start(Duration delay, Task task) {
    stop();
    id_ = executor_.start_timer(delay, [this, task = std::move(task)]() mutable {
      id_ = 0;
      Task mine = std::move(task);
      mine();
    });
  }
  void stop() {
    if (id_ != 0) executor_.cancel_timer(std::exchange(id_, 0));
  }
  bool running() const { return id_ != 0; }

 private:
  Executor& executor_;
  Executor::TimerId id_ = 0;
};

/// Ties callbacks to the life of their owner: a wrapped task that is run after the anchor's end does
/// nothing. Make it the *last* member. Create, destroy and run wrapped tasks on one home thread;
/// the wrapped task itself may travel through other threads.
class Anchor {
 public:
  Anchor() = default;
  ~Anchor() {
    if (alive_) *alive_ = false;
  }
  Anchor(const Anchor&) = delete;
  Anchor& operator=(const Anchor&) = delete;

  /// `anchor_.wrap([this](Result<X> x) { … })`: same signature, silent after the owner's end.
  template <typename F>
  auto wrap(F task) const {
    if (!alive_) alive_ = std::make_shared<bool>(true);
    return [alive = alive_, task = std::move(task)](auto&&... arguments) mutable {
      if (*alive) task(std::forward<decltype(arguments)>(arguments)...);
    };
  }

 private:
  mutable std::shared_ptr<bool> alive_{};  ///< null until the first wrap: many never wait for anything
};

}  // namespace base
