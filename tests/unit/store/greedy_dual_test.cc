// SPDX-License-Identifier: Apache-2.0
#include "store/memory/greedy_dual.h"

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <vector>

namespace store {
namespace {

/// A cache of entries by name, with a bounded number of bytes.
class GreedyDualTest : public testing::Test {
 protected:
  explicit GreedyDualTest(std::size_t budget = 100'000) : budget_(budget) {}

  /// Whether `name` was there; puts it there if not.
  bool request(std::uint32_t name, std::uint32_t size = 100) {
    if (const auto found = entries_.find(name); found != entries_.end()) {
      policy_.hit(found->second);
      return true;
    }
    while (used_ + size > budget_) evict();
    EvictionEntry& entry = entries_[name];
    entry.bytes = entry.size = size;
    entry.fingerprint = name;
    used_ += size;
    policy_.added(entry);
    return false;
  }
  std::uint32_t evict() {
    EvictionEntry* victim = policy_.victim();
    const std::uint32_t name = victim->fingerprint;
    remove(name);
    return name;
  }
  void remove(std::uint32_t name) {
    used_ -= entries_.at(name).bytes;
    policy_.removed(entries_.at(name));
    entries_.erase(name);
  }
  void scan(std::uint32_t from, std::uint32_t count, std::uint32_t size = 100) {
    for (std::uint32_t name = from; name < from + count; ++name) request(name, size);
  }
  bool has(std::uint32_t name) const { return entries_.contains(name); }

  GreedyDual policy_{};
  std::map<std::uint32_t, EvictionEntry> entries_{};
  std::size_t budget_;
  std::size_t used_ = 0;
};

TEST_F(GreedyDualTest, WithNothingInItNobodyLeaves) {
  EXPECT_EQ(policy_.victim(), nullptr);
  request(1);
  remove(1);
  EXPECT_EQ(policy_.victim(), nullptr);
}

TEST_F(GreedyDualTest, OfEqualsTheOldestLeavesFirst) {
  for (std::uint32_t name = 1; name <= 5; ++name) request(name);
  for (std::uint32_t name = 1; name <= 5; ++name) EXPECT_EQ(evict(), name);
}

TEST_F(GreedyDualTest, EveryEntryIsAVictimOnceHoweverMixed) {
  for (std::uint32_t name = 1; name <= 300; ++name) {
    request(name, 1 + name * 7919 % 60'000 % 300);
    for (std::uint32_t i = 0; i < name % 20; ++i) request(name);
  }
  std::vector<bool> gone(301);
  for (int i = 0; i < 300; ++i) {
    const std::uint32_t name = evict();
    EXPECT_FALSE(gone[name]);
    gone[name] = true;
  }
  EXPECT_EQ(policy_.victim(), nullptr);
}

TEST_F(GreedyDualTest, OneUsedAgainOutlivesOneNeverUsed) {
  for (std::uint32_t name = 1; name <= 5; ++name) request(name);
  request(1);
  request(3);
  EXPECT_EQ(evict(), 2U);
  EXPECT_EQ(evict(), 4U);
  EXPECT_EQ(evict(), 5U);
}

TEST_F(GreedyDualTest, SmallOutlivesLargeOfAsManyUses) {
  request(1, 100);
  request(2, 60'000);
  request(3, 100);
  EXPECT_EQ(evict(), 2U);
  request(4, 100);
  request(5, 30'000);
  for (const std::uint32_t name : {1U, 3U, 4U, 5U}) request(name);
  EXPECT_EQ(evict(), 5U);
}

TEST_F(GreedyDualTest, FrequentSmallOutlivesAnyNumberOfLargeSeenOnce) {
  request(1);
  request(1);
  for (std::uint32_t name = 1000; name < 2000; ++name) request(name, 20'000);
  EXPECT_TRUE(has(1));
}

TEST_F(GreedyDualTest, EnoughUsesMakeUpForSize) {
  request(1, 400);
  request(2, 100);
  for (int i = 0; i < 10; ++i) request(1);
  request(2);
  EXPECT_EQ(evict(), 2U);
}

TEST_F(GreedyDualTest, ScanDoesNotWashOutTheHotSet) {
  for (int round = 0; round < 3; ++round)
    for (std::uint32_t name = 0; name < 500; ++name) request(name);
  scan(10'000, 50'000);
  for (std::uint32_t name = 0; name < 500; ++name) EXPECT_TRUE(has(name)) << name;
}

TEST_F(GreedyDualTest, OnceHotLeavesWhenOthersAreUsedInstead) {
  for (std::uint32_t name = 0; name < 500; ++name)
    for (int i = 0; i < 20; ++i) request(name);
  // Another hot set after the other, each of half the room.
  for (std::uint32_t set = 1; set <= 40; ++set)
    for (int i = 0; i < 5; ++i) scan(1000 * set, 500);
  int left = 0;
  for (std::uint32_t name = 0; name < 500; ++name) left += has(name);
  EXPECT_EQ(left, 0);
}

TEST_F(GreedyDualTest, ReturningEntryHasItsCountBack) {
  for (std::uint32_t name = 0; name < 1000; ++name) request(name);  // full
  for (int i = 0; i < 9; ++i) request(7);
  EXPECT_NE(policy_.victim(), nullptr);  // from now on there is a history
  remove(7);
  request(7);
  EXPECT_EQ(entries_.at(7).uses, 11);
  EXPECT_TRUE(entries_.at(7).is_protected);
  request(5000);
  EXPECT_EQ(entries_.at(5000).uses, 1);
  EXPECT_FALSE(entries_.at(5000).is_protected);
}

TEST_F(GreedyDualTest, WhoReturnsSoonAfterEvictionOutlivesAScan) {
  scan(0, 1000);
  scan(5000, 100);
  ASSERT_FALSE(has(10));
  request(10);
  scan(20'000, 5000);
  EXPECT_TRUE(has(10));
}

TEST_F(GreedyDualTest, EntryIsTakenOutOfTheMiddleOfAQueue) {
  for (std::uint32_t name = 1; name <= 5; ++name) request(name);
  remove(3);
  remove(1);
  remove(5);
  EXPECT_EQ(evict(), 2U);
  EXPECT_EQ(evict(), 4U);
  EXPECT_EQ(policy_.victim(), nullptr);
}

TEST_F(GreedyDualTest, UsesAreBounded) {
  for (int i = 0; i < 1000; ++i) request(1);
  EXPECT_EQ(entries_.at(1).uses, GreedyDual::kUsesMax);
}

TEST_F(GreedyDualTest, FindsAVictimInBoundedWorkWhenAllHaveBeenUsed) {
  scan(0, 999);
  scan(0, 999);
  request(999);
  EXPECT_EQ(policy_.victim(), &entries_.at(999));  // the only one that was not
  int queued_again = 0;
  for (const auto& [name, entry] : entries_) queued_again += entry.is_protected;
  EXPECT_EQ(queued_again, GreedyDual::kRequeuesMax);
}

TEST_F(GreedyDualTest, AnySizeHasAQueue) {
  for (const std::uint32_t size : {0U, 1U, 1U << 10, 1U << 20, 1U << 28, 0xffff'ffffU}) {
    EvictionEntry& entry = entries_[size];
    entry.size = entry.fingerprint = size;
    policy_.added(entry);
  }
  for (int i = 0; i < 3; ++i) EXPECT_GE(evict(), 1U << 20);
  EXPECT_EQ(evict(), 1U << 10);
  EXPECT_EQ(entries_.size(), 2U);
}

}  // namespace
}  // namespace store
