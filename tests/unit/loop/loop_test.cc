// SPDX-License-Identifier: Apache-2.0
#include "edge/loop/loop.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "edge/loop/worker.h"

namespace loop {
namespace {

using namespace std::chrono_literals;

TEST(Loop, KeepsTheOrderOfPosts) {
  Loop loop;
  std::string seen;
  loop.post([&] {
    seen += 'a';
    loop.post([&] {
      seen += 'c';
      loop.stop();
    });
  });
  loop.post([&] { seen += 'b'; });
  loop.run();
  EXPECT_EQ(seen, "abc");
}

TEST(Loop, RunsTimersByDeadlineAndNotTheCancelled) {
  Loop loop;
  std::string seen;
  loop.start_timer(20ms, [&] {
    seen += 'b';
    loop.stop();
  });
  loop.start_timer(1ms, [&] { seen += 'a'; });
  const auto cancelled = loop.start_timer(2ms, [&] { seen += 'x'; });
  loop.cancel_timer(cancelled);
  loop.run();
  EXPECT_EQ(seen, "ab");
}

TEST(Loop, ATimerThatStartsItselfAtOnceLetsOthersHaveTheirTurn) {
  Loop loop;
  base::Timer timer(loop);
  std::vector<std::uint64_t> turns;
  int others = 0;
  std::function<void()> again = [&] {
    turns.push_back(loop.turn());
    if (turns.size() == 1'000'000) return loop.stop();  // nobody else has come
    timer.start({}, [&] { again(); });
  };
  timer.start({}, [&] { again(); });
  std::function<void()> other = [&] { ++others == 5 ? loop.stop() : loop.post([&] { other(); }); };
  loop.post([&] { other(); });
  loop.run();
  EXPECT_EQ(others, 5);
  ASSERT_GT(turns.size(), 1u);
  EXPECT_EQ(std::adjacent_find(turns.begin(), turns.end()), turns.end()) << "twice in one turn";
}

TEST(Loop, TurnEndComesBeforeTheNextWait) {
  Loop loop;
  bool ended = false;
  loop.start_timer(1ms, [&] {
    loop.at_turn_end([&] {
      ended = true;
      loop.at_turn_end([&] { loop.stop(); });
    });
  });
  loop.run();
  EXPECT_TRUE(ended);
}

TEST(Loop, DestroysTasksThatItNeverRan) {
  auto token = std::make_shared<int>(1);
  {
    Loop loop;
    loop.post([token] {});
    loop.start_timer(1h, [token] {});
    loop.at_turn_end([token] {});
    EXPECT_EQ(token.use_count(), 4);
  }
  EXPECT_EQ(token.use_count(), 1);
}

TEST(Loop, TakesPostsFromManyThreads) {
  Worker worker("test");
  std::atomic<int> count{0};
  worker.start([] {}, [] {});
  std::vector<std::jthread> senders;
  for (int i = 0; i < 4; ++i) {
    senders.emplace_back([&] {
      for (int n = 0; n < 1000; ++n) worker.loop().post([&] { ++count; });
    });
  }
  senders.clear();
  std::atomic<bool> done{false};
  worker.loop().post([&] {
    EXPECT_TRUE(worker.loop().in_thread());
    done = true;
    done.notify_one();
  });
  done.wait(false);
  EXPECT_EQ(count, 4000);
  EXPECT_FALSE(worker.loop().in_thread());
}

TEST(Poll, MayEndInsideItsOwnCall) {
  std::array<int, 2> pair{};
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair.data()), 0);
  {
    Loop loop;
    int calls = 0;
    std::optional<Poll> poll;
    poll.emplace(loop, pair[0], [&](int events) {
      EXPECT_EQ(events & Poll::Readable, Poll::Readable);
      ++calls;
      poll.reset();
      loop.stop();
    });
    poll->watch(Poll::Readable);
    ASSERT_EQ(write(pair[1], "x", 1), 1);
    loop.run();
    EXPECT_EQ(calls, 1);
  }
  close(pair[0]);
  close(pair[1]);
}

TEST(Poll, WhatCannotBeWatchedIsTold) {
  Loop loop;
  const int file = memfd_create("file", MFD_CLOEXEC);  // epoll takes no files
  ASSERT_GE(file, 0);
  {
    Poll poll(loop, file, [](int) { FAIL(); });
    EXPECT_FALSE(poll.good());
    poll.watch(Poll::Readable);
    loop.start_timer(1ms, [&] { loop.stop(); });
    loop.run();
  }
  close(file);
}

/// Does nothing for so long, by the machine's clock; when that is over.
base::Steady keep_busy(base::Duration length) {
  const base::RealClock machine;
  const base::Steady until = machine.steady() + length;
  while (machine.steady() < until) {
  }
  return until;
}

TEST(Loop, NamesItsLongestTurn) {
  Loop loop;
  loop.post([&] {
    keep_busy(20ms);
    loop.start_timer(5ms, [&] { loop.stop(); });
  });
  loop.run();
  EXPECT_GE(loop.take_longest_turn(), 20ms);
  EXPECT_EQ(loop.take_longest_turn(), 0ns);
}

TEST(Loop, StandsStillWithinACallbackAndGoesOnAfterIt) {
  Loop loop;
  const base::RealClock machine;
  base::Steady began{};
  base::Steady fired{};
  loop.post([&] {
    began = loop.clock().steady();
    keep_busy(20ms);
    EXPECT_EQ(loop.clock().steady(), began);
    // Not early, although the callback has begun long ago.
    loop.start_timer(10ms, [&, started = machine.steady()] {
      EXPECT_GE(machine.steady(), started + 10ms);
      fired = loop.clock().steady();
      loop.stop();
    });
  });
  loop.run();
  EXPECT_GE(fired, began + 30ms);
  const base::Steady before = machine.steady();
  EXPECT_GE(loop.clock().steady(), before);
}

TEST(Loop, HasTheMachinesClockOnOtherThreads) {
  Loop loop;
  loop.post([&] {
    const base::Steady until = keep_busy(2ms);
    base::Steady elsewhere{};
    std::thread([&] { elsewhere = loop.clock().steady(); }).join();
    EXPECT_GE(elsewhere, until);
    loop.stop();
  });
  loop.run();
}

}  // namespace
}  // namespace loop
