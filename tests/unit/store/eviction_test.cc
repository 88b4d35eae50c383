// SPDX-License-Identifier: Apache-2.0
#include "store/memory/eviction.h"

#include <gtest/gtest.h>

#include <array>

namespace store {
namespace {

TEST(Sieve, EvictsTheOldestFirst) {
  Sieve sieve;
  std::array<EvictionEntry, 3> entries;
  for (EvictionEntry& entry : entries) sieve.added(entry);
  for (EvictionEntry& entry : entries) {
    ASSERT_EQ(sieve.victim(), &entry);
    sieve.removed(entry);
  }
  EXPECT_EQ(sieve.victim(), nullptr);
}

TEST(Sieve, HandGoesOnFromWhereItStoppedAndSparesTheVisited) {
  Sieve sieve;
  std::array<EvictionEntry, 4> entries;
  for (EvictionEntry& entry : entries) sieve.added(entry);
  sieve.hit(entries[0]);
  sieve.hit(entries[2]);
  ASSERT_EQ(sieve.victim(), &entries[1]);
  sieve.removed(entries[1]);
  ASSERT_EQ(sieve.victim(), &entries[3]);  // past 2, whose mark is spent now
  sieve.removed(entries[3]);
  ASSERT_EQ(sieve.victim(), &entries[0]);  // round again
}

TEST(Sieve, AllVisitedStillHasAVictim) {
  Sieve sieve;
  std::array<EvictionEntry, 3> entries;
  for (EvictionEntry& entry : entries) sieve.added(entry);
  for (EvictionEntry& entry : entries) sieve.hit(entry);
  EXPECT_EQ(sieve.victim(), &entries[0]);
}

}  // namespace
}  // namespace store
