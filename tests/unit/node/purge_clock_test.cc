// SPDX-License-Identifier: Apache-2.0
#include "edge/node/purge_clock.h"

#include <gtest/gtest.h>

#include "tests/support/manual_executor.h"

namespace node {
namespace {

using namespace std::chrono_literals;

class NoStore final : public purge::LedgerStore {
 public:
  void keep(purge::LedgerPlace, std::vector<purge::Ledger::Row>, base::Executor&,
            std::move_only_function<void(base::Status)>) override {}
  void restart(purge::LedgerPlace, base::Executor&, std::move_only_function<void(base::Status)>) override {}
  void forget(purge::Stamp, std::shared_ptr<const purge::Ledger::Names>) override {}
};

class PurgeClockTest : public testing::Test {
 protected:
  PurgeClockTest() {
    ledger.load(1, 0, {});
    clock.begin(store, "");
  }
  void apply(purge::Sequence sequence) {
    ledger.apply(sequence, {.site = "www"});
    clock.keep({ledger.epoch(), sequence, 0, "log"}, {}, home, {});
  }
  purge::Ledger ledger{[](std::string_view, std::string_view url) { return std::string(url); }};
  NoStore store{};
  PurgeClock clock{ledger};
  support::ManualClock time{};
  support::ManualExecutor home{time};
};

TEST_F(PurgeClockTest, TellsItsPlaceAndKnowsWhatItHasReached) {
  EXPECT_FALSE(clock.now());
  EXPECT_FALSE(clock.has_reached({"log", 0}));
  apply(1);
  apply(2);
  EXPECT_EQ(clock.now()->str(), "log/2");
  EXPECT_TRUE(clock.has_reached({"log", 2}));
  EXPECT_FALSE(clock.has_reached({"log", 3}));
  EXPECT_FALSE(clock.has_reached({"other", 1}));
}

TEST_F(PurgeClockTest, IsNowhereWhileItTakesUpAnotherLog) {
  apply(2);
  ledger.reset(2, 7);
  EXPECT_FALSE(clock.has_reached({"log", 2}));
  EXPECT_FALSE(clock.has_reached({"log", 7}));
  const ClockPlace between = *clock.now();
  clock.restart({2, 7, 0, "next"}, home, {});
  EXPECT_TRUE(clock.has_reached({"next", 7}));
  EXPECT_FALSE(clock.has_reached(between));
}

TEST_F(PurgeClockTest, PlacesAreReadBack) {
  EXPECT_EQ(parse_clock_place("a/b/17"), (ClockPlace{"a/b", 17}));
  for (const char* text : {"", "17", "/17", "log/", "log/x", "log/-1"})
    EXPECT_FALSE(parse_clock_place(text)) << text;
}

TEST_F(PurgeClockTest, AWaitEndsWhenItsPlaceIsReached) {
  apply(1);
  std::optional<bool> reached;
  const ClockWait wait(clock, home, {"log", 3}, 100ms, [&](bool yes) { reached = yes; });
  home.run_all();
  apply(2);
  home.run_all();
  EXPECT_FALSE(reached);
  apply(3);
  home.run_all();
  EXPECT_EQ(reached, true);
}

TEST_F(PurgeClockTest, AWaitEndsAtOnceIfItsPlaceIsReachedAlready) {
  apply(3);
  std::optional<bool> reached;
  const ClockWait wait(clock, home, {"log", 3}, 100ms, [&](bool yes) { reached = yes; });
  EXPECT_FALSE(reached);
  home.run_all();
  EXPECT_EQ(reached, true);
}

TEST_F(PurgeClockTest, AWaitEndsWithItsTime) {
  std::optional<bool> reached;
  const ClockWait wait(clock, home, {"log", 1}, 100ms, [&](bool yes) { reached = yes; });
  home.run_all();
  EXPECT_FALSE(reached);
  home.advance(101ms);
  EXPECT_EQ(reached, false);
}

}  // namespace
}  // namespace node
