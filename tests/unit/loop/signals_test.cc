// SPDX-License-Identifier: Apache-2.0
#include "edge/loop/signals.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <optional>
#include <vector>

namespace loop {
namespace {

TEST(Signals, ReachTheLoop) {
  Loop loop;
  std::vector<int> seen;
  Signals signals(loop, [&](int number) {
    seen.push_back(number);
    loop.stop();
  });
  for (const int number : {SIGHUP, SIGTERM, SIGINT}) {
    ASSERT_EQ(kill(getpid(), number), 0);
    loop.run();
  }
  EXPECT_EQ(seen, (std::vector<int>{SIGHUP, SIGTERM, SIGINT}));
}

TEST(Signals, MayEndInsideTheirOwnCall) {
  Loop loop;
  std::optional<Signals> signals;
  int calls = 0;
  signals.emplace(loop, [&](int) {
    ++calls;
    loop.stop();
    signals.reset();
  });
  ASSERT_EQ(kill(getpid(), SIGHUP), 0);
  loop.run();
  EXPECT_EQ(calls, 1);
  EXPECT_FALSE(signals);
}

TEST(Signals, LeaveABrokenPipeToTheWriter) {
  Loop loop;
  const Signals signals(loop, [](int) {});
  std::array<int, 2> fds{};
  ASSERT_EQ(pipe(fds.data()), 0);
  close(fds[0]);
  EXPECT_EQ(write(fds[1], "x", 1), -1);
  EXPECT_EQ(errno, EPIPE);
  close(fds[1]);
}

}  // namespace
}  // namespace loop
