// SPDX-License-Identifier: Apache-2.0
#include "edge/loop/worker.h"

#include <utility>

namespace loop {

Worker::Worker(std::string name, base::Work work) : name_(std::move(name)), work_(work) {}

Worker::~Worker() {
  stop();
  join();
}

void Worker::start(base::Task setup, base::Task teardown) {
  thread_ = std::thread([this, setup = std::move(setup), teardown = std::move(teardown)]() mutable {
    base::begin_thread(name_, work_);
    // The set-up is the loop's first task, so it runs on the home thread with everything in place.
    loop_.post([&setup] { setup(); });
    loop_.run();
    teardown();
  });
}

void Worker::stop() { loop_.stop(); }

void Worker::join() {
  if (thread_.joinable()) thread_.join();
}

}  // namespace loop
