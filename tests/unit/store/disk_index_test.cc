// SPDX-License-Identifier: Apache-2.0
#include "store/disk/disk_index.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "edge/base/hash.h"

namespace store {
namespace {

Key key_of(const std::string& text) { return base::hash128(text); }

/// Keys of one stripe, so that the order of eviction is that of arrival.
std::vector<Key> keys_of_one_stripe(std::size_t count) {
  std::vector<Key> keys;
  for (std::uint64_t i = 0; i < count; ++i) keys.push_back({i << 20, i});
  return keys;
}

struct Fixture {
  std::shared_ptr<DiskIndex> index = std::make_shared<DiskIndex>();
  PinRef add(const Key& key, ObjectId id, bool pinned = false) {
    return index->publish({key, id, true}, pinned);
  }
  std::vector<ObjectId> doomed() {
    std::vector<ObjectId> ids;
    for (const DiskIndex::Doomed& doomed : index->take_doomed()) ids.push_back(doomed.id);
    return ids;
  }
};

using Ids = std::vector<ObjectId>;

TEST(DiskIndex, FindsWhatIsPublishedUntilErased) {
  Fixture f;
  EXPECT_FALSE(f.index->has(key_of("a")));
  f.add(key_of("a"), 1);
  EXPECT_TRUE(f.index->has(key_of("a")));
  EXPECT_EQ(f.index->find(key_of("a")), 1U);
  f.index->erase(key_of("a"));
  EXPECT_FALSE(f.index->has(key_of("a")));
  EXPECT_EQ(f.doomed(), Ids{1});
  EXPECT_EQ(f.index->objects(), 0U);
}

TEST(DiskIndex, ReplacedObjectIsDoomed) {
  Fixture f;
  f.add(key_of("a"), 1);
  f.add(key_of("a"), 2);
  EXPECT_EQ(f.index->find(key_of("a")), 2U);
  EXPECT_EQ(f.doomed(), Ids{1});
  EXPECT_EQ(f.index->objects(), 1U);
}

TEST(DiskIndex, PinnedObjectOutlivesReplacementUntilTheLastPin) {
  Fixture f;
  PinRef first = f.add(key_of("a"), 1, true);
  PinRef second = f.index->pin(key_of("a"), 1);
  ASSERT_NE(second, nullptr);
  f.add(key_of("a"), 2);
  EXPECT_EQ(f.doomed(), Ids{});
  EXPECT_EQ(f.index->pin(key_of("a"), 1), nullptr);
  first.reset();
  EXPECT_EQ(f.doomed(), Ids{});
  second.reset();
  EXPECT_EQ(f.doomed(), Ids{1});
}

TEST(DiskIndex, ErasedWhilePinnedIsHiddenAtOnceAndDoomedLater) {
  Fixture f;
  PinRef pin = f.add(key_of("a"), 1, true);
  f.index->erase(key_of("a"));
  EXPECT_FALSE(f.index->has(key_of("a")));
  EXPECT_EQ(f.doomed(), Ids{});
  pin.reset();
  EXPECT_EQ(f.doomed(), Ids{1});
}

TEST(DiskIndex, PublicationDuringAnEraseStaysHidden) {
  Fixture f;
  f.index->erase(key_of("a"));
  f.add(key_of("a"), 1);
  EXPECT_FALSE(f.index->has(key_of("a")));
  EXPECT_EQ(f.doomed(), Ids{1});
  PinRef pin = f.add(key_of("a"), 2, true);
  EXPECT_EQ(f.doomed(), Ids{});
  pin.reset();
  EXPECT_EQ(f.doomed(), Ids{2});
  f.index->erase_done(key_of("a"));
  f.add(key_of("a"), 3);
  EXPECT_TRUE(f.index->has(key_of("a")));
}

TEST(DiskIndex, EraseOfAnIdSparesWhatCameAfterIt) {
  Fixture f;
  f.add(key_of("a"), 2);
  f.index->erase(key_of("a"), 1);
  EXPECT_EQ(f.index->find(key_of("a")), 2U);
  f.index->erase(key_of("a"), 2);
  EXPECT_FALSE(f.index->has(key_of("a")));
  f.index->erase_done(key_of("a"), 1);
  f.add(key_of("a"), 2);  // was on its way
  EXPECT_FALSE(f.index->has(key_of("a")));
  f.add(key_of("a"), 3);
  EXPECT_TRUE(f.index->has(key_of("a")));
  f.index->erase_done(key_of("a"), 2);
}

TEST(DiskIndex, HoldsOneVersion) {
  Fixture f;
  f.add(key_of("a"), 2);
  EXPECT_TRUE(f.index->holds(key_of("a"), 2));
  EXPECT_FALSE(f.index->holds(key_of("a"), 1));
  f.index->erase(key_of("a"));
  EXPECT_FALSE(f.index->holds(key_of("a"), 2));
}

TEST(DiskIndex, WrittenAgainUnderAHiddenIdStaysHidden) {
  Fixture f;
  PinRef pin = f.add(key_of("a"), 1, true);
  f.index->erase(key_of("a"));
  f.index->erase_done(key_of("a"));
  f.add(key_of("a"), 1);
  EXPECT_FALSE(f.index->has(key_of("a")));
  pin.reset();
  EXPECT_EQ(f.doomed(), Ids{1});
}

TEST(DiskIndex, EvictsInOrderOfArrivalAndSparesUsedAndPinned) {
  Fixture f;
  const auto keys = keys_of_one_stripe(5);
  std::vector<DiskIndex::StoredObject> objects;
  for (std::size_t i = 0; i < keys.size(); ++i) objects.push_back({keys[i], i + 1, true});
  f.index->load(objects);
  f.index->find(keys[0]);
  const PinRef pin = f.index->pin(keys[1], 2);
  EXPECT_EQ(f.index->evict()->id, 3U);
  EXPECT_EQ(f.index->evict()->id, 4U);
  EXPECT_EQ(f.index->evict()->id, 5U);
  EXPECT_EQ(f.index->evict()->id, 1U);  // used once: had one more turn
  EXPECT_FALSE(f.index->evict());       // the last is pinned
  EXPECT_EQ(f.doomed(), Ids{});         // the caller deletes what it evicts
}

TEST(DiskIndex, SmallObjectsGetMoreTurns) {
  Fixture f;
  const auto keys = keys_of_one_stripe(4);
  const std::array<std::uint64_t, 4> bytes = {1000, 20'000, 100'000, 100'000};
  std::vector<DiskIndex::StoredObject> objects;
  for (std::size_t i = 0; i < keys.size(); ++i) objects.push_back({keys[i], i + 1, bytes[i] > 65'504, bytes[i]});
  f.index->load(objects);
  f.index->find(keys[3]);
  EXPECT_EQ(f.index->evict()->id, 3U);
  EXPECT_EQ(f.index->evict()->id, 2U);
  EXPECT_EQ(f.index->evict()->id, 4U);  // used: as many turns as a new one of middle size
  EXPECT_EQ(f.index->evict()->id, 1U);
}

TEST(DiskIndex, WantedElsewhereIsSparedUnlessAllAre) {
  Fixture f;
  const auto keys = keys_of_one_stripe(3);
  for (std::size_t i = 0; i < keys.size(); ++i) f.add(keys[i], i + 1);
  f.index->ask_wanted([](const Key&, ObjectId id) { return id == 1; });
  EXPECT_EQ(f.index->evict()->id, 2U);
  EXPECT_EQ(f.index->evict()->id, 3U);
  EXPECT_EQ(f.index->evict()->id, 1U);  // wanted without end: somebody must go
}

TEST(DiskIndex, TellsWhatMemoryItTakes) {
  Fixture f;
  const std::uint64_t empty = f.index->memory_bytes();
  for (std::uint64_t i = 0; i < 10'000; ++i) f.add({i, i}, i + 1);
  const std::uint64_t each = (f.index->memory_bytes() - empty) / 10'000;
  EXPECT_GE(each, sizeof(Key) + sizeof(ObjectId));
  EXPECT_LE(each, 120U);
}

TEST(DiskIndex, RemoveTakesOnlyThatVersion) {
  Fixture f;
  f.add(key_of("a"), 2);
  EXPECT_FALSE(f.index->remove(key_of("a"), 1));
  EXPECT_TRUE(f.index->remove(key_of("a"), 2));
  EXPECT_FALSE(f.index->has(key_of("a")));
}

TEST(DiskIndex, TellsWhenSomethingIsDoomed) {
  Fixture f;
  int told = 0;
  f.index->on_doomed([&] { ++told; });
  PinRef pin = f.add(key_of("a"), 1, true);
  f.index->erase(key_of("a"));
  EXPECT_EQ(told, 0);
  pin.reset();
  EXPECT_EQ(told, 1);
}

TEST(DiskIndex, PinOutlivesTheStore) {
  Fixture f;
  const PinRef pin = f.add(key_of("a"), 1, true);
  f.index.reset();
}

}  // namespace
}  // namespace store
