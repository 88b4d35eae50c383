// SPDX-License-Identifier: Apache-2.0
#include "store/disk/admission.h"

#include <gtest/gtest.h>

#include <optional>

#include "store/disk/lmdb_disk.h"
#include "tests/support/disk_client.h"
#include "tests/support/temp_folder.h"

namespace store {
namespace {

using support::body_of;
using support::eventually;

constexpr std::uint64_t kBudget = 16 << 20;

Key key_of(const std::string& text) { return base::hash128(text); }

/// A small disk, which `fill` fills with real objects.
class AdmissionTest : public testing::Test {
 protected:
  AdmissionTest() { open(0); }
  void open(std::uint64_t objects_max) {
    disk.reset();
    auto opened = LmdbDisk::open({.folder = folder.path(),
                                  .budget_bytes = kBudget,
                                  .shards = 1,
                                  .commit_interval = std::chrono::milliseconds(1),
                                  .max_objects = objects_max},
                                 support::decode_meta);
    ASSERT_TRUE(opened) << opened.error().text;
    disk = *std::move(opened);
  }
  void fill() {
    support::DiskClient client(*disk, home);
    for (int i = 0; disk->has_room(key_of("/any")); ++i) {
      ASSERT_LT(i, 1000);
      ASSERT_NE(client.put("/" + std::to_string(i), body_of(1, 60'000)), 0U);
    }
  }
  static base::Steady at(double seconds) {
    return base::Steady{} + std::chrono::hours(1) +
           std::chrono::duration_cast<base::Steady::duration>(std::chrono::duration<double>(seconds));
  }

  support::TempFolder folder;
  support::ThreadExecutor home;
  std::unique_ptr<LmdbDisk> disk;
};

TEST_F(AdmissionTest, TakesEverythingWhileThereIsRoom) {
  Admission admission(*disk, {.remembered_bytes = kBudget});
  EXPECT_TRUE(admission.on_miss(key_of("/a"), 100, false, at(0)));
  EXPECT_EQ(admission.counts().admitted, 1U);
}

TEST_F(AdmissionTest, AFullDiskTakesWhatIsMissedAgain) {
  fill();
  Admission admission(*disk, {.remembered_bytes = kBudget});
  EXPECT_FALSE(admission.on_miss(key_of("/a"), 100, false, at(0)));
  EXPECT_FALSE(admission.on_miss(key_of("/b"), 100, false, at(0)));
  EXPECT_TRUE(admission.on_miss(key_of("/a"), 100, false, at(1)));
  EXPECT_EQ(admission.counts().first_requests, 2U);
  EXPECT_EQ(admission.counts().admitted, 1U);
}

TEST_F(AdmissionTest, AFullDiskTakesWhatSeveralHaveWaitedFor) {
  fill();
  Admission admission(*disk, {.remembered_bytes = kBudget});
  EXPECT_TRUE(admission.on_miss(key_of("/a"), 100, true, at(0)));
  EXPECT_TRUE(admission.on_hit(100, at(0)));
}

TEST_F(AdmissionTest, ADiskWithItsMostObjectsIsFull) {
  open(16);
  support::DiskClient client(*disk, home);
  for (int i = 0; i < 16; ++i) ASSERT_NE(client.put("/" + std::to_string(i), "x"), 0U);
  EXPECT_FALSE(disk->has_room(key_of("/any")));
}

TEST_F(AdmissionTest, EveryRequestIfThatIsWanted) {
  fill();
  Admission admission(*disk, {.second_request = false, .remembered_bytes = kBudget});
  EXPECT_TRUE(admission.on_miss(key_of("/a"), 100, false, at(0)));
  EXPECT_LE(admission.memory_bytes(), 16U);
}

TEST_F(AdmissionTest, KeepsToTheWriteRate) {
  Admission admission(*disk, {.remembered_bytes = kBudget, .bytes_per_second = 1000});
  EXPECT_TRUE(admission.on_miss(key_of("/a"), 600, false, at(0)));
  EXPECT_TRUE(admission.on_hit(900, at(0)));  // begun within the rate: now half a second is owed
  EXPECT_FALSE(admission.on_hit(1, at(0.25)));
  EXPECT_FALSE(admission.on_miss(key_of("/b"), 1, true, at(0.5)));
  EXPECT_TRUE(admission.on_miss(key_of("/b"), 1, true, at(0.75)));
  EXPECT_EQ(admission.counts().over_rate, 2U);
  EXPECT_EQ(admission.counts().admitted, 3U);
}

TEST_F(AdmissionTest, WhatCouldNotBePutCostsNothing) {
  Admission admission(*disk, {.remembered_bytes = kBudget, .bytes_per_second = 1000});
  EXPECT_TRUE(admission.on_hit(1000, at(0)));
  admission.give_back(1000);
  EXPECT_TRUE(admission.on_hit(1000, at(0)));
  EXPECT_FALSE(admission.on_hit(1, at(0)));
  EXPECT_EQ(admission.counts().admitted, 1U);
}

TEST_F(AdmissionTest, SavesUpNoMoreThanASecond) {
  Admission admission(*disk, {.remembered_bytes = kBudget, .bytes_per_second = 1000});
  EXPECT_TRUE(admission.on_hit(1, at(0)));
  EXPECT_TRUE(admission.on_hit(1000, at(1000)));
  EXPECT_FALSE(admission.on_hit(1, at(1000)));
}

}  // namespace
}  // namespace store
