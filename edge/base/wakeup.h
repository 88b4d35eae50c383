// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <memory>

#include "edge/base/executor.h"

namespace base {

/// "Look again", from any thread to one listener on its home thread. Level-triggered: many signals
/// before the listener runs become one call, and the listener re-reads the state it watches.
/// Created and destroyed on the home thread; after the destructor no call comes.
class Wakeup {
  struct State;

 public:
  /// The sending side; any thread may keep, copy and signal it, also after the Wakeup's end.
  class Sender {
   public:
    Sender() = default;
    void signal() const;
    /// Identity, for removing a watcher from a list.
    bool operator==(const Sender& other) const = default;

   private:
    friend class Wakeup;
    explicit Sender(std::shared_ptr<State> state) : state_(std::move(state)) {}
    std::shared_ptr<State> state_;
  };

  Wakeup(Executor& executor, std::move_only_function<void()> on_wake);
  ~Wakeup();
  Wakeup(const Wakeup&) = delete;
  Wakeup& operator=(const Wakeup&) = delete;

  Sender sender() const { return Sender(state_); }

 private:
  struct State {
    explicit State(Executor& home) : executor(home) {}
    Executor& executor;
    std::atomic<bool> posted{false};
    std::move_only_function<void()> on_wake;  ///< home thread only; empty after the end
  };
  std::shared_ptr<State> state_;
};

}  // namespace base
