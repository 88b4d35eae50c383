// SPDX-License-Identifier: Apache-2.0
#include "edge/base/wakeup.h"

#include "edge/base/check.h"

namespace base {

Wakeup::Wakeup(Executor& executor, std::move_only_function<void()> on_wake)
    : state_(std::make_shared<State>(executor)) {
  state_->on_wake = std::move(on_wake);
}

Wakeup::~Wakeup() {
  DCHECK(state_->executor.in_thread());
  state_->on_wake = nullptr;
}

void Wakeup::Sender::signal() const {
  if (!state_ || state_->posted.exchange(true, std::memory_order_acq_rel)) return;
  state_->executor.post([state = state_] {
    state->posted.store(false, std::memory_order_release);
    if (!state->on_wake) return;
    // The callback may destroy the Wakeup, which must not destroy the running callable.
    auto call = std::move(state->on_wake);
    state->on_wake = [] {};
    call();
    if (state->on_wake) state->on_wake = std::move(call);
  });
}

}  // namespace base
