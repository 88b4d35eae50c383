// SPDX-License-Identifier: Apache-2.0
#include "origin/fetch/fetch_table.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace fetch {
namespace {

const store::Key kKey{1, 2};
const auto kAny = [](const Fetch&) { return true; };

std::shared_ptr<Fetch> make() { return std::make_shared<Fetch>(kKey, "a", 1); }

TEST(FetchTable, TheFirstLeadsTheOthersJoin) {
  FetchTable table;
  const auto first = table.join(kKey, "a", kAny, make);
  const auto second = table.join(kKey, "a", kAny, make);
  EXPECT_TRUE(first.leads);
  EXPECT_FALSE(second.leads);
  EXPECT_EQ(first.fetch, second.fetch);
  EXPECT_EQ(table.size(), 1U);
}

TEST(FetchTable, OneLeaderAmongManyThreads) {
  FetchTable table;
  std::atomic<int> leaders{0};
  std::atomic<int> made{0};
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&] {
        const auto joined = table.join(kKey, "a", kAny, [&] {
          ++made;
          return make();
        });
        if (joined.leads) ++leaders;
      });
    }
  }
  EXPECT_EQ(leaders, 1);
  EXPECT_EQ(made, 1);
}

TEST(FetchTable, AnotherTextWithTheSameHashIsAnotherFetch) {
  FetchTable table;
  const auto first = table.join(kKey, "a", kAny, make);
  const auto other = table.join(kKey, "b", kAny, [] { return std::make_shared<Fetch>(kKey, "b", 1); });
  EXPECT_TRUE(other.leads);
  EXPECT_NE(first.fetch, other.fetch);
}

TEST(FetchTable, WhatIsRefusedOrRetiredIsReplaced) {
  FetchTable table;
  const auto first = table.join(kKey, "a", kAny, make);
  const auto second = table.join(kKey, "a", [](const Fetch&) { return false; }, make);
  EXPECT_TRUE(second.leads);
  EXPECT_NE(first.fetch, second.fetch);
  second.fetch->retire();
  EXPECT_TRUE(table.join(kKey, "a", kAny, make).leads);
}

TEST(FetchTable, RemovingTakesOutThatFetchOnly) {
  FetchTable table;
  const auto old = table.join(kKey, "a", kAny, make);
  old.fetch->retire();
  const auto next = table.join(kKey, "a", kAny, make);
  table.remove(kKey, old.fetch.get());
  EXPECT_EQ(table.size(), 1U);
  EXPECT_EQ(table.join(kKey, "a", kAny, make).fetch, next.fetch);
  table.remove(kKey, next.fetch.get());
  EXPECT_EQ(table.size(), 0U);
}

TEST(FetchTable, DetachingRetires) {
  FetchTable table;
  const auto joined = table.join(kKey, "a", kAny, make);
  table.detach(kKey);
  EXPECT_TRUE(joined.fetch->retired());
  EXPECT_EQ(table.size(), 0U);
  table.detach(kKey);  // nothing there: nothing happens
}

TEST(FetchTable, AVariantsKeyLeadsToTheSameFetchUnlessTaken) {
  FetchTable table;
  const store::Key variant{5, 6};
  const auto base = table.join(kKey, "a", kAny, make);
  EXPECT_TRUE(table.add(variant, base.fetch));
  EXPECT_EQ(table.join(variant, "a; br", kAny, make).fetch, base.fetch);
  const auto second = std::make_shared<Fetch>(kKey, "a", 1);
  EXPECT_FALSE(table.add(variant, second));
  EXPECT_EQ(table.join(variant, "a; br", kAny, make).fetch, base.fetch);
}

TEST(FetchTable, DetachRetiresWhatIsTrackedUnderTheKey) {
  FetchTable table;
  const auto alone = make();
  const auto left = make();
  const auto other = make();
  table.track(kKey, *alone);
  table.track(kKey, *left);
  table.track({kKey.high, 3}, *other);
  table.untrack(kKey, *left);
  table.detach(kKey);
  EXPECT_TRUE(alone->retired());
  EXPECT_FALSE(left->retired());
  EXPECT_FALSE(other->retired());
  table.untrack(kKey, *alone);
}

}  // namespace
}  // namespace fetch
