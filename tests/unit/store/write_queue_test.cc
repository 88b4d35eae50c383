// SPDX-License-Identifier: Apache-2.0
#include "store/disk/write_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <thread>
#include <vector>

namespace store {
namespace {

using namespace std::chrono_literals;

WriteOp erasing(std::uint64_t number) { return EraseOp{.key = {number, number}}; }
std::uint64_t number_of(const WriteOp& op) { return std::get<EraseOp>(op).key.high; }

void push(WriteQueue& queue, std::uint64_t number) {
  WriteOp op = erasing(number);
  ASSERT_TRUE(queue.push(op));
}

std::vector<std::uint64_t> numbers_of(const std::optional<std::vector<WriteOp>>& batch) {
  std::vector<std::uint64_t> numbers;
  if (batch) std::ranges::transform(*batch, std::back_inserter(numbers), number_of);
  return numbers;
}

TEST(WriteQueue, WhatIsLeftOfABatchComesBeforeWhatIsNew) {
  WriteQueue queue({.batch_ops = 3, .interval = 0ms});
  for (std::uint64_t n = 1; n <= 4; ++n) push(queue, n);
  EXPECT_EQ(numbers_of(queue.take(true)), (std::vector<std::uint64_t>{1, 2, 3}));
  for (std::uint64_t n = 5; n <= 7; ++n) push(queue, n);
  EXPECT_EQ(numbers_of(queue.take(true)), (std::vector<std::uint64_t>{4, 5, 6}));
  EXPECT_EQ(numbers_of(queue.take(true)), (std::vector<std::uint64_t>{7}));
  EXPECT_EQ(queue.bytes(), 0u);
  EXPECT_TRUE(numbers_of(queue.take(false)).empty());
}

TEST(WriteQueue, WhatIsLeftCountsWhetherABatchIsEnough) {
  // An interval that no test waits for: only what is enough ends the waiting.
  WriteQueue queue({.batch_ops = 2, .interval = 1h});
  for (std::uint64_t n = 1; n <= 3; ++n) push(queue, n);
  EXPECT_EQ(numbers_of(queue.take(true)), (std::vector<std::uint64_t>{1, 2}));
  std::thread pusher([&] { push(queue, 4); });
  EXPECT_EQ(numbers_of(queue.take(true)), (std::vector<std::uint64_t>{3, 4}));
  pusher.join();
}

TEST(WriteQueue, AClosedQueueGivesWhatItHoldsAndTakesNothing) {
  WriteQueue queue({.batch_ops = 2, .interval = 1h});
  for (std::uint64_t n = 1; n <= 3; ++n) push(queue, n);
  queue.close();
  WriteOp late = erasing(9);
  EXPECT_EQ(queue.push(late).error().code, base::Errc::Cancelled);
  EXPECT_EQ(number_of(late), 9u) << "it is as it was";
  EXPECT_EQ(numbers_of(queue.take(true)), (std::vector<std::uint64_t>{1, 2}));
  EXPECT_EQ(numbers_of(queue.take(true)), (std::vector<std::uint64_t>{3}));
  EXPECT_FALSE(queue.take(true));
}

TEST(WriteQueue, AWakeIsABatchOfNothing) {
  WriteQueue queue({.interval = 1h});
  queue.wake();
  const auto batch = queue.take(true);
  ASSERT_TRUE(batch);
  EXPECT_TRUE(batch->empty());
}

TEST(WriteQueue, NothingIsLostAmongManyThreads) {
  constexpr std::uint64_t kEach = 20'000;
  constexpr std::uint64_t kThreads = 4;
  WriteQueue queue({.batch_ops = 100, .interval = 1ms});
  std::vector<std::thread> pushers;
  for (std::uint64_t thread = 0; thread < kThreads; ++thread) {
    pushers.emplace_back([&queue, thread] {
      for (std::uint64_t n = 0; n < kEach; ++n) push(queue, thread * kEach + n);
    });
  }
  std::vector<std::uint64_t> next(kThreads, 0);
  for (std::uint64_t seen = 0; seen < kThreads * kEach;) {
    const auto batch = queue.take(true);
    ASSERT_TRUE(batch);
    for (const WriteOp& op : *batch) {
      std::uint64_t& expected = next[number_of(op) / kEach];
      EXPECT_EQ(number_of(op) % kEach, expected) << "each thread's in their order";
      ++expected;
    }
    seen += batch->size();
  }
  for (std::thread& pusher : pushers) pusher.join();
  EXPECT_EQ(queue.bytes(), 0u);
}

}  // namespace
}  // namespace store
