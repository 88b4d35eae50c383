// SPDX-License-Identifier: Apache-2.0
// The request, coalescing and purge logic of a whole edge in one thread, from seeds. A seed that fails is
// printed as the command that plays it again: SELVAGE_SIM_SEED=N selects one, SELVAGE_SIM_SEEDS=N how many.
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "tests/sim/world.h"

namespace sim {
namespace {

std::uint64_t number_from(const char* name, std::uint64_t fallback) {
  const char* text = std::getenv(name);
  return text != nullptr ? std::strtoull(text, nullptr, 10) : fallback;
}

void play_all(const Weather& weather) {
  const std::uint64_t only = number_from("SELVAGE_SIM_SEED", 0);
  const std::uint64_t seeds = number_from("SELVAGE_SIM_SEEDS", 30);
  for (std::uint64_t seed = only != 0 ? only : 1; seed <= (only != 0 ? only : seeds); ++seed) {
    World world(seed, weather);
    world.play();
    EXPECT_GT(world.answered(), 0U);
    for (const std::string& complaint : world.complaints()) {
      ADD_FAILURE() << complaint << "\nagain with: SELVAGE_SIM_SEED=" << seed << " and the same filter";
    }
    if (::testing::Test::HasFailure()) return;
  }
}

TEST(Sim, FairWeather) { play_all({.purges = false, .uncacheable = false}); }

TEST(Sim, PurgesAgainstFillsAndRevalidations) { play_all({}); }

// The walks of the sweeper come into everything, and do forget purges.
TEST(Sim, SweepsForgetPurges) {
  std::uint64_t swept = 0;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    World world(seed, {});
    world.play();
    swept += world.swept();
  }
  EXPECT_GT(swept, 100U);
}

TEST(Sim, OriginFails) { play_all({.origin = {.refuse_one_in = 8, .break_one_in = 30, .error_one_in = 8}}); }

TEST(Sim, DiskFailsAndEvicts) {
  play_all({.disk = {.read_one_in = 20, .write_one_in = 15, .evict_one_in = 2}});
}

// What is asked for once stays in memory, or passes if it is large.
TEST(Sim, DiskIsFull) { play_all({.disk = {.evict_one_in = 4, .full_one_in = 2}}); }

TEST(Sim, DiskIsFullAndFails) {
  play_all({.disk = {.read_one_in = 20, .write_one_in = 15, .evict_one_in = 2, .full_one_in = 1},
            .crashes = true});
}

TEST(Sim, CrashesAndRestarts) {
  play_all(
      {.origin = {.refuse_one_in = 20, .break_one_in = 60}, .disk = {.evict_one_in = 4}, .crashes = true});
}

// One fetch at a time for a key: nothing is purged, uncacheable or abandoned, so a second one beside it would
// be a failure to coalesce.
TEST(Sim, OneFetchForEachKey) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    World world(seed, {.purges = false, .uncacheable = false, .departures = false});
    world.play();
    for (const auto& [path, most] : world.origin().running_max) {
      const bool varies = world.origin().contents.at(path).varies;
      EXPECT_LE(most, varies ? 2U : 1U) << path << ", seed " << seed;
    }
  }
}

TEST(Sim, SameSeedSameTrace) {
  const Weather weather{
      .origin = {.refuse_one_in = 10, .break_one_in = 40}, .disk = {.evict_one_in = 3}, .crashes = true};
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    World one(seed, weather);
    World two(seed, weather);
    one.play();
    two.play();
    EXPECT_EQ(one.trace(), two.trace()) << "seed " << seed;
  }
}

}  // namespace
}  // namespace sim
