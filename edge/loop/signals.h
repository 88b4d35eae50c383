// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>

#include "edge/loop/loop.h"

namespace loop {

/// Calls `on_signal(number)` on the loop for SIGTERM, SIGINT and SIGHUP; SIGPIPE is ignored. One for a process.
class Signals {
 public:
  Signals(Loop& loop, std::move_only_function<void(int)> on_signal);
  ~Signals();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace loop
