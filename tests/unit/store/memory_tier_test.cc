// SPDX-License-Identifier: Apache-2.0
#include "store/memory/memory_tier.h"

#include <gtest/gtest.h>
#include <malloc.h>

#include <atomic>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "edge/base/hash.h"
#include "tests/support/wait_until.h"

namespace store {
namespace {

ObjectRef make_object(const std::string& text, ObjectId id, std::size_t body_bytes = 100) {
  auto object = std::make_shared<Object>();
  object->key = base::hash128(text);
  object->key_text = text;
  object->id = id;
  object->body_bytes = body_bytes;
  object->body = base::Chunk::copy_of(std::string(body_bytes, 'x'));
  return object;
}

ObjectRef find(MemoryTier& tier, const std::string& text) { return tier.find(base::hash128(text), text); }

base::ChunkRef full_chunk() {
  base::ChunkRef chunk = base::Chunk::make(base::kChunkBytes);
  chunk->grow(base::kChunkBytes);
  return chunk;
}

TEST(MemoryTier, FindsWhatWasInserted) {
  MemoryTier tier({});
  const ObjectRef object = make_object("/a", 1);
  tier.insert(object);
  EXPECT_EQ(find(tier, "/a"), object);
  EXPECT_EQ(find(tier, "/b"), nullptr);
}

TEST(MemoryTier, AWalkFindsAllObjectsAndNoChunks) {
  MemoryTier tier({});
  std::set<std::string> stored;
  for (ObjectId id = 1; id <= 500; ++id) {
    tier.insert(make_object("/" + std::to_string(id), id));
    tier.insert_chunk(id, 1, full_chunk());
    stored.insert("/" + std::to_string(id));
  }
  std::set<std::string> found;
  MemoryTier::Place place;
  std::vector<ObjectRef> batch;
  for (bool more = true; more; batch.clear()) {
    more = tier.scan(place, 10, batch);
    for (const ObjectRef& object : batch) found.insert(object->key_text);
  }
  EXPECT_EQ(found, stored);
}

TEST(MemoryTier, OtherTextUnderTheSameKeyIsAMissAndInsertReplacesIt) {
  MemoryTier tier({});
  const ObjectRef first = make_object("/a", 9);
  tier.insert(first);
  EXPECT_EQ(tier.find(first->key, "/collides"), nullptr);
  auto second = std::make_shared<Object>(*make_object("/collides", 2));
  second->key = first->key;
  tier.insert(second);
  EXPECT_EQ(tier.find(first->key, "/collides"), second);
  EXPECT_EQ(tier.find(first->key, "/a"), nullptr);
}

TEST(MemoryTier, OlderObjectDoesNotReplaceNewer) {
  MemoryTier tier({});
  tier.insert(make_object("/a", 5));
  tier.insert(make_object("/a", 4));
  EXPECT_EQ(find(tier, "/a")->id, 5U);
  const std::uint64_t bytes = tier.use().bytes;
  tier.insert(make_object("/a", 6));
  EXPECT_EQ(find(tier, "/a")->id, 6U);
  EXPECT_EQ(tier.use().bytes, bytes);
  EXPECT_EQ(tier.use().objects, 1U);
}

TEST(MemoryTier, EraseWithAnIdSparesOtherVersions) {
  MemoryTier tier({});
  tier.insert(make_object("/a", 5));
  tier.erase(base::hash128("/a"), 4);
  EXPECT_NE(find(tier, "/a"), nullptr);
  tier.erase(base::hash128("/a"), 5);
  EXPECT_EQ(find(tier, "/a"), nullptr);
  tier.insert(make_object("/a", 6));
  tier.erase(base::hash128("/a"));
  EXPECT_EQ(find(tier, "/a"), nullptr);
  EXPECT_EQ(tier.use().bytes, 0U);
}

TEST(MemoryTier, TellsOnceThatAVersionWasServed) {
  MemoryTier tier({});
  tier.insert(make_object("/a", 5));
  EXPECT_FALSE(tier.served(base::hash128("/a"), 5));
  find(tier, "/a");
  EXPECT_FALSE(tier.served(base::hash128("/a"), 4));
  EXPECT_TRUE(tier.served(base::hash128("/a"), 5));
  EXPECT_FALSE(tier.served(base::hash128("/a"), 5));
  EXPECT_FALSE(tier.served(base::hash128("/b"), 5));
}

TEST(MemoryTier, ChunksAreNamedByIdAndIndex) {
  MemoryTier tier({});
  const base::ChunkRef chunk = full_chunk();
  tier.insert_chunk(7, 3, chunk);
  EXPECT_EQ(tier.find_chunk(7, 3), chunk);
  EXPECT_FALSE(tier.find_chunk(7, 4));
  EXPECT_FALSE(tier.find_chunk(8, 3));
  EXPECT_EQ(tier.use().chunks, 1U);
}

TEST(MemoryTier, KeepsTheBudgetWithOverheadCounted) {
  constexpr std::uint64_t kBudget = 2 << 20;
  MemoryTier tier({.budget_bytes = kBudget});
  std::uint64_t inserted = 0;
  for (int i = 0; i < 20'000; ++i) {
    const ObjectRef object = make_object("/" + std::to_string(i), 1, 1 + i % 1000);
    inserted += object->footprint();
    tier.insert(object);
    ASSERT_LE(tier.use().bytes, kBudget);
  }
  const MemoryTier::Use use = tier.use();
  EXPECT_GT(inserted, 5 * kBudget);
  EXPECT_GT(use.bytes, kBudget * 9 / 10);  // and uses it
  EXPECT_EQ(use.objects + use.evictions, 20'000U);
}

// Of small objects the bookkeeping is most: what it is held to is what malloc has given.
TEST(MemoryTier, CountsNoLessThanItsObjectsTake) {
  constexpr int kObjects = 20'000;
  if (::mallinfo2().uordblks == 0) GTEST_SKIP() << "a malloc that does not tell";
  MemoryTier tier({});
  const std::size_t before = ::mallinfo2().uordblks;
  for (int i = 0; i < kObjects; ++i) {
    auto object = std::make_shared<Object>();
    object->key_text = "/" + std::to_string(i);
    object->key = base::hash128(object->key_text);
    object->id = 1;
    tier.insert(std::move(object));
  }
  const std::size_t taken = ::mallinfo2().uordblks - before;
  EXPECT_GE(tier.use().bytes, taken);
  EXPECT_LT(tier.use().bytes, 2 * taken);
}

/// Takes more memory than one sees.
class Heavy final : public Decoded {
 public:
  std::size_t footprint() const override { return 10'000; }
};

TEST(MemoryTier, CountsWhatAnObjectsMetaTakesWhenUnderstood) {
  MemoryTier tier({});
  tier.insert(make_object("/a", 1));
  const std::uint64_t light = tier.use().bytes;
  auto heavy = std::make_shared<Object>(*make_object("/b", 2));
  heavy->decoded = std::make_shared<Heavy>();
  tier.insert(std::move(heavy));
  EXPECT_EQ(tier.use().bytes, 2 * light + 10'000);
}

TEST(MemoryTier, SmallBudgetTakesFullChunks) {
  MemoryTier tier({.budget_bytes = 1 << 20});
  for (std::uint32_t i = 0; i < 100; ++i) tier.insert_chunk(1, i, full_chunk());
  EXPECT_TRUE(tier.find_chunk(1, 99));
  EXPECT_GE(tier.use().chunks, 14U);
  EXPECT_LE(tier.use().bytes, 1U << 20);
}

TEST(MemoryTier, WhatIsLargerThanTheLimitIsRefusedAndItsPredecessorGoes) {
  MemoryTier tier({.budget_bytes = 400 << 10});
  tier.insert(make_object("/a", 1));
  auto large = std::make_shared<Object>(*make_object("/a", 2));
  large->meta.assign(300 << 10, 'm');
  tier.insert(large);
  EXPECT_EQ(find(tier, "/a"), nullptr);
  EXPECT_EQ(tier.use().bytes, 0U);
}

/// On its end, looks whether another thread can look into the tier meanwhile.
class Asking final : public Decoded {
 public:
  Asking(MemoryTier& tier, std::vector<std::thread>& threads, bool& held)
      : tier_(tier), threads_(threads), held_(held) {}
  ~Asking() override {
    const auto answered = std::make_shared<std::atomic<bool>>(false);
    threads_.emplace_back([&tier = tier_, answered] {
      tier.use();
      *answered = true;
    });
    if (!support::wait_until([&] { return answered->load(); }, std::chrono::seconds(5))) held_ = true;
  }
  std::size_t footprint() const override { return sizeof *this; }

 private:
  MemoryTier& tier_;
  std::vector<std::thread>& threads_;
  bool& held_;
};

TEST(MemoryTier, HoldsNoLockWhileWhatItDropsEnds) {
  MemoryTier tier({.budget_bytes = 1 << 20, .shards = 1});
  std::vector<std::thread> threads;
  bool held = false;
  const auto insert = [&](ObjectId id, const std::string& text) {
    auto object = std::make_shared<Object>(*make_object(text, id));
    object->decoded = std::make_shared<Asking>(tier, threads, held);
    tier.insert(object);
  };
  insert(1, "/a");
  insert(2, "/a");  // replaces
  tier.erase(base::hash128("/a"));
  insert(3, "/b");
  tier.set_budget(0);  // evicts
  EXPECT_EQ(threads.size(), 3U);
  EXPECT_FALSE(held);
  for (std::thread& thread : threads) thread.join();
}

TEST(MemoryTier, VisitedEntriesOutliveAScan) {
  MemoryTier tier({.budget_bytes = 2 << 20});
  for (int i = 0; i < 10; ++i) tier.insert(make_object("/hot" + std::to_string(i), 1));
  for (int i = 0; i < 50'000; ++i) {
    tier.insert(make_object("/scan" + std::to_string(i), 1));
    if (i % 500 == 0) {
      for (int hot = 0; hot < 10; ++hot) ASSERT_NE(find(tier, "/hot" + std::to_string(hot)), nullptr) << i;
    }
  }
}

TEST(MemoryTier, PeekingIsNoUse) {
  MemoryTier tier({.budget_bytes = 1 << 20});
  tier.insert_chunk(1, 0, full_chunk());
  tier.insert_chunk(2, 0, full_chunk());
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(tier.peek_chunk(1, 0));
  EXPECT_TRUE(tier.find_chunk(2, 0));
  for (std::uint32_t i = 0; i < 100; ++i) tier.insert_chunk(3, i, full_chunk());
  EXPECT_FALSE(tier.peek_chunk(1, 0));
  EXPECT_TRUE(tier.peek_chunk(2, 0));
}

TEST(MemoryTier, HeadAndChunksOfALargeObjectLeaveTogether) {
  MemoryTier tier({.budget_bytes = 1 << 20});
  auto head = std::make_shared<Object>(*make_object("/large", 1));
  head->body = {};
  head->body_bytes = base::kChunkBytes + 32;
  tier.insert_chunk(1, 0, full_chunk());
  tier.insert_chunk(1, 1, base::Chunk::copy_of(std::string(32, 'x')));
  tier.insert(head);
  for (std::uint32_t i = 0; i < 100; ++i) tier.insert_chunk(3, i, full_chunk());
  EXPECT_FALSE(tier.peek_chunk(1, 0));
  EXPECT_FALSE(tier.peek_chunk(1, 1));
  EXPECT_EQ(find(tier, "/large"), nullptr);
}

TEST(MemoryTier, WholeObjectOfSeveralChunksCountsThemAll) {
  MemoryTier tier({.budget_bytes = 16 << 20, .shards = 1});
  auto object = std::make_shared<Object>(*make_object("/whole", 1));
  object->body_bytes = 3 * base::kChunkBytes;
  std::vector<base::ChunkRef> chunks;
  for (int i = 0; i < 3; ++i) chunks.push_back(base::Chunk::make(base::kChunkBytes));
  object->set_body(std::move(chunks));
  tier.insert(object);
  EXPECT_GE(tier.use().bytes, 3 * base::kChunkBytes);
  EXPECT_EQ(tier.use().objects, 1U);
  EXPECT_EQ(tier.use().chunks, 0U);
  tier.erase(object->key);
  EXPECT_EQ(tier.use().bytes, 0U);
}

TEST(MemoryTier, OnlyObjectsWithoutTheirBodyGoWithTheirChunksOnDisk) {
  MemoryTier tier({.budget_bytes = 16 << 20, .shards = 1});
  auto head = std::make_shared<Object>(*make_object("/head", 1));
  head->body_bytes = 3 * base::kChunkBytes;
  head->body = {};
  tier.insert(head);
  tier.insert(make_object("/whole", 2));
  tier.erase_parted(head->key, 7);
  EXPECT_TRUE(tier.holds(head->key, 1));
  tier.erase_parted(head->key, 1);
  tier.erase_parted(base::hash128("/whole"), 2);
  EXPECT_FALSE(tier.holds(head->key, 1));
  EXPECT_TRUE(tier.holds(base::hash128("/whole"), 2));
}

TEST(MemoryTier, EvictedObjectStaysReadable) {
  MemoryTier tier({.budget_bytes = 1 << 20});
  tier.insert(make_object("/a", 1, 500));
  const ObjectRef held = find(tier, "/a");
  tier.set_budget(0);
  EXPECT_EQ(find(tier, "/a"), nullptr);
  EXPECT_EQ(held->body->view(), std::string(500, 'x'));
}

TEST(MemoryTier, LoweredBudgetEvictsAtOnceAndRaisedOneIsUsed) {
  MemoryTier tier({.budget_bytes = 8 << 20});
  for (std::uint32_t i = 0; i < 200; ++i) tier.insert_chunk(1, i, full_chunk());
  tier.set_budget(1 << 20);
  EXPECT_LE(tier.use().bytes, 1U << 20);
  EXPECT_GT(tier.use().chunks, 10U);
  tier.set_budget(8 << 20);
  for (std::uint32_t i = 0; i < 200; ++i) tier.insert_chunk(2, i, full_chunk());
  EXPECT_GT(tier.use().bytes, 7U << 20);
}

}  // namespace
}  // namespace store
