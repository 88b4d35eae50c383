// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "edge/base/hash.h"
#include "edge/base/random.h"
#include "store/memory/memory_tier.h"

namespace store {
namespace {

constexpr std::uint64_t kBudget = 4 << 20;

ObjectRef make_object(std::uint64_t name, ObjectId id) {
  auto object = std::make_shared<Object>();
  object->key_text = "/" + std::to_string(name);
  object->key = base::hash128(object->key_text);
  object->id = id;
  object->body_bytes = 1 + name % 5000;
  object->body = base::Chunk::copy_of(std::string(object->body_bytes, static_cast<char>('a' + name % 26)));
  return object;
}

void use_tier(MemoryTier& tier, std::uint64_t seed, std::atomic<std::uint64_t>& hits) {
  base::Random random(seed);
  for (int i = 0; i < 20'000; ++i) {
    const std::uint64_t name = random.below(3000);
    const std::string text = "/" + std::to_string(name);
    switch (random.below(8)) {
      case 0: tier.insert(make_object(name, random.below(100))); break;
      case 1:
        tier.insert_chunk(name, 0,
                          base::Chunk::copy_of(std::string(2000, static_cast<char>('a' + name % 26))));
        break;
      case 2: tier.erase(base::hash128(text), random.below(2) * 50); break;
      case 3:
        if (random.one_in(100)) tier.set_budget(random.one_in(2) ? kBudget : kBudget / 4);
        break;
      case 4:
        if (const base::ChunkRef chunk = tier.find_chunk(name, 0)) {
          ASSERT_EQ(chunk->view(), std::string(2000, static_cast<char>('a' + name % 26)));
          ++hits;
        }
        break;
      default:
        if (const ObjectRef object = tier.find(base::hash128(text), text)) {
          ASSERT_EQ(object->body->view(),
                    std::string(object->body_bytes, static_cast<char>('a' + name % 26)));
          ++hits;
        }
    }
    ASSERT_LE(tier.use().bytes, kBudget);
  }
}

TEST(MemoryTierStress, ManyThreadsKeepBudgetAndBytes) {
  MemoryTier tier({.budget_bytes = kBudget, .shards = 4});
  std::atomic<std::uint64_t> hits{0};
  std::vector<std::thread> threads;
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    threads.emplace_back([&tier, &hits, seed] { use_tier(tier, seed, hits); });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_GT(hits.load(), 1000U);
  tier.set_budget(0);
  EXPECT_EQ(tier.use().bytes, 0U);
}

}  // namespace
}  // namespace store
