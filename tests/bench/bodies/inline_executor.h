// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "edge/base/executor.h"

namespace bodies {

/// Runs what is posted at once, on the store's own thread: no hop to another thread blurs what is measured.
class InlineExecutor final : public base::Executor {
 public:
  void post(base::Task task) override { task(); }
  bool in_thread() const override { return true; }
  const base::Clock& clock() const override { return clock_; }
  TimerId start_timer(base::Duration, base::Task) override { return 0; }
  void cancel_timer(TimerId) override {}

 private:
  base::RealClock clock_;
};

}  // namespace bodies
