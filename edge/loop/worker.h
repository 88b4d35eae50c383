// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "edge/base/thread.h"
#include "edge/loop/loop.h"

namespace loop {

/// A thread with its loop. start() runs `setup` on the new thread before the loop runs and `teardown` after
/// it has stopped, both on the home thread, so that what lives on the loop is made and ended there.
class Worker {
 public:
  /// `name`: the thread's; 15 characters count.
  explicit Worker(std::string name, base::Work work = base::Work::Prompt);
  ~Worker();  ///< stop() and join()
  void start(base::Task setup, base::Task teardown);
  void stop();
  void join();
  Loop& loop() { return loop_; }

 private:
  std::string name_;
  base::Work work_;
  Loop loop_;
  std::thread thread_;
};

}  // namespace loop
