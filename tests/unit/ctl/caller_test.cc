// SPDX-License-Identifier: Apache-2.0
#include "purge/ctl/caller.h"

#include <gtest/gtest.h>

#include <chrono>
#include <future>

namespace ctl {
namespace {

using namespace std::chrono_literals;

TEST(CallerTest, CallsGoOnWhileSomethingIsWorkedOnAside) {
  Caller caller(Access{});
  std::promise<void> called;
  bool in_time = false;
  bool done = false;
  Workers workers(1);
  caller.aside(
      workers, [&] { in_time = called.get_future().wait_for(30s) == std::future_status::ready; },
      [&] { done = true; });
  http::ClientRequest request;
  request.url = "ftp://nowhere.test/";  // refused without a server, but from the loop
  caller.begin(std::move(request), [&](base::Result<Reply> reply) {
    EXPECT_FALSE(reply);
    called.set_value();
  });
  caller.run();
  EXPECT_TRUE(in_time);
  EXPECT_TRUE(done);
}

TEST(CallerTest, RunsUntilWhatIsAsideIsDoneThoughThereIsNoCall) {
  Caller caller(Access{});
  Workers workers(2);
  int left = 100;
  std::move_only_function<void()> next = [&] {
    if (--left > 0) caller.aside(workers, [] {}, [&] { next(); });
  };
  next();
  caller.run();
  EXPECT_EQ(left, 0);
}

}  // namespace
}  // namespace ctl
