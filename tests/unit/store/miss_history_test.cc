// SPDX-License-Identifier: Apache-2.0
#include "store/disk/miss_history.h"

#include <gtest/gtest.h>

#include <string>

#include "edge/base/hash.h"

namespace store {
namespace {

constexpr std::uint64_t kBytes = 70'000;

Key key_of(std::uint64_t number) { return base::hash128("/" + std::to_string(number)); }

/// Notes the objects `first` to `last`, each of a byte.
void note(MissHistory& history, std::uint64_t first, std::uint64_t last) {
  for (; first < last; ++first) history.note(key_of(first), 1);
}

std::uint64_t count(const MissHistory& history, std::uint64_t first, std::uint64_t last) {
  std::uint64_t found = 0;
  for (; first < last; ++first) found += history.contains(key_of(first)) ? 1 : 0;
  return found;
}

TEST(MissHistory, KnowsNothingAtFirst) { EXPECT_EQ(count(MissHistory(kBytes, 1024), 0, 1000), 0U); }

TEST(MissHistory, RemembersAlmostAllThatItHasRoomFor) {
  MissHistory history(kBytes, 4 * kBytes);
  note(history, 0, kBytes);
  EXPECT_GE(count(history, kBytes / 7, kBytes), kBytes / 7 * 6 * 99 / 100);
}

TEST(MissHistory, ForgetsWhatIsOlderThanItsBytes) {
  MissHistory history(kBytes, 4 * kBytes);
  note(history, 0, 5 * kBytes);
  EXPECT_GE(count(history, 4 * kBytes + kBytes / 7, 5 * kBytes), kBytes / 7 * 6 * 99 / 100);
  EXPECT_LE(count(history, 0, 4 * kBytes - kBytes / 7), 4 * kBytes / 100);
}

TEST(MissHistory, ForgetsAlsoWhatLiesWhereNothingElseIsNoted) {
  MissHistory history(kBytes, 1 << 20);
  history.note(key_of(1), 1);
  EXPECT_TRUE(history.contains(key_of(1)));
  for (std::uint64_t noted = 0; noted <= kBytes / 7 * 8; noted += 100) history.note(key_of(2), 100);
  EXPECT_FALSE(history.contains(key_of(1)));
  EXPECT_TRUE(history.contains(key_of(2)));
}

TEST(MissHistory, AFewThatAreLargerThanAllForgetAllBefore) {
  MissHistory history(kBytes, 1024);
  note(history, 0, 100);
  for (std::uint64_t i = 0; i < 8; ++i) history.note(key_of(1000 + i), 100 * kBytes);
  EXPECT_EQ(count(history, 0, 100), 0U);
  EXPECT_TRUE(history.contains(key_of(1007)));
}

TEST(MissHistory, WhatIsNotedAgainStaysLonger) {
  MissHistory history(kBytes, 4 * kBytes);
  history.note(key_of(1'000'000), 1);
  note(history, 0, kBytes / 7 * 5);
  history.note(key_of(1'000'000), 1);
  note(history, kBytes, kBytes + kBytes / 7 * 5);
  EXPECT_TRUE(history.contains(key_of(1'000'000)));
}

TEST(MissHistory, TheOldestMakesRoomInAFullBucket) {
  MissHistory history(kBytes, 8);  // one bucket
  for (std::uint64_t i = 0; i < 8; ++i) history.note(key_of(i), i == 0 ? kBytes / 7 : 1);
  history.note(key_of(8), kBytes / 7);
  history.note(key_of(9), 1);
  EXPECT_LE(count(history, 0, 8), 7U);
  EXPECT_TRUE(history.contains(key_of(8)));
  EXPECT_TRUE(history.contains(key_of(9)));
}

TEST(MissHistory, SeldomTakesOneForAnother) {
  MissHistory history(kBytes, kBytes);
  note(history, 0, kBytes);
  EXPECT_LE(count(history, kBytes, 2 * kBytes), kBytes / 200);
}

}  // namespace
}  // namespace store
