// SPDX-License-Identifier: Apache-2.0
#include "store/memory/history.h"

#include <gtest/gtest.h>

namespace store {
namespace {

constexpr std::size_t kEntries = 1000;

TEST(History, KnowsNothingAtFirst) {
  const History history;
  EXPECT_EQ(history.count(1), 0U);
  EXPECT_EQ(history.bytes(), 0U);
}

TEST(History, RemembersTheHighestCount) {
  History history;
  history.remember(1, 5, kEntries);
  history.remember(1, 3, kEntries);
  EXPECT_EQ(history.count(1), 5U);
}

TEST(History, CountsAreBounded) {
  History history;
  history.remember(1, 1000, kEntries);
  EXPECT_EQ(history.count(1), History::kCountMax);
}

TEST(History, NeverSaysTooLittleAndSeldomTooMuch) {
  History history;
  for (std::uint32_t name = 0; name < kEntries; ++name) history.remember(name, 1 + name % 15, kEntries);
  for (std::uint32_t name = 0; name < kEntries; ++name)
    EXPECT_GE(history.count(name), (1 + name % 15) / 2);  // halved once at most
  int strangers = 0;
  for (std::uint32_t name = kEntries; name < 2 * kEntries; ++name) strangers += history.count(name) > 0;
  EXPECT_LT(strangers, 50);
}

TEST(History, ForgetsByHalvesAndTheSoonerTheFewerEntries) {
  for (const std::size_t entries : {kEntries, 10 * kEntries}) {
    History history;
    history.remember(1, 8, entries);
    std::uint32_t name = 1000;
    for (std::size_t i = 0; i < entries * 7 / 4; ++i) history.remember(++name, 1, entries);
    EXPECT_EQ(history.count(1), 4U);
    for (std::size_t i = 0; i < 7 * entries; ++i) history.remember(++name, 1, entries);
    EXPECT_LE(history.count(1), 1U);
  }
}

TEST(History, GrowsAndShrinksWithTheCacheAndKeepsWhatItKnows) {
  History history;
  history.remember(1, 15, 100);
  const std::size_t small = history.bytes();
  history.remember(2, 1, 100'000);
  EXPECT_EQ(history.count(1), 15U);
  EXPECT_GE(history.bytes(), 8U * 100'000);
  EXPECT_LE(history.bytes(), 16U * 100'000);
  history.remember(3, 1, 100);
  EXPECT_EQ(history.count(1), 15U);
  EXPECT_EQ(history.bytes(), small);
}

}  // namespace
}  // namespace store
