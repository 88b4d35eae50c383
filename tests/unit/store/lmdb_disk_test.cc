// SPDX-License-Identifier: Apache-2.0
#include "store/disk/lmdb_disk.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <mutex>
#include <optional>
#include <set>
#include <vector>

#include "store/memory/memory_tier.h"
#include "tests/support/disk_client.h"
#include "tests/support/temp_folder.h"

namespace store {
namespace {

using support::body_of;
using support::eventually;
using support::make_object;

constexpr std::size_t kLarge = 5 * base::kChunkBytes + 1000;

/// A disk in a folder of its own, with one client.
class LmdbDiskTest : public testing::Test {
 protected:
  LmdbDiskTest() {
    options.folder = folder.path();
    options.budget_bytes = 64 << 20;
    options.commit_interval = std::chrono::milliseconds(2);
    open();
  }
  void open() {
    auto opened = LmdbDisk::open(options, support::decode_meta);
    ASSERT_TRUE(opened) << opened.error().text;
    disk = *std::move(opened);
    client.emplace(*disk, home);
  }
  void reopen() {
    disk.reset();
    open();
  }

  support::TempFolder folder;
  support::ThreadExecutor home;
  DiskOptions options;
  std::unique_ptr<LmdbDisk> disk;
  std::optional<support::DiskClient> client;
};

TEST_F(LmdbDiskTest, FindsASingleObjectWithItsBody) {
  const ObjectId id = client->put("/a", "hello");
  ASSERT_NE(id, 0U);
  EXPECT_TRUE(disk->may_have(base::hash128("/a")));
  const auto found = client->find("/a");
  ASSERT_TRUE(found) << found.error().text;
  EXPECT_EQ((*found)->body->view(), "hello");
  EXPECT_EQ((*found)->meta, "meta of /a");
  EXPECT_NE((*found)->decoded, nullptr);
  EXPECT_EQ(client->find("/b").error().code, base::Errc::NotFound);
}

TEST_F(LmdbDiskTest, BodiesOfEverySizeComeBack) {
  for (const std::size_t bytes :
       {std::size_t{0}, std::size_t{1}, std::size_t{1900}, std::size_t{2000}, std::size_t{2100},
        std::size_t{4096}, std::size_t{40'000}, base::kChunkBytes}) {
    const std::string text = "/" + std::to_string(bytes);
    ASSERT_NE(client->put(text, body_of(bytes, bytes)), 0U) << bytes;
    const auto found = client->find(text);
    ASSERT_TRUE(found);
    ASSERT_EQ((*found)->body_bytes, bytes);
    EXPECT_EQ((*found)->body ? (*found)->body->view() : "", body_of(bytes, bytes));
  }
}

TEST_F(LmdbDiskTest, OtherTextUnderTheSameKeyIsNotFound) {
  ASSERT_NE(client->put("/a", "x"), 0U);
  std::promise<base::Errc> code;
  disk->find(base::hash128("/a"), "/collides", home,
             [&](auto result) { code.set_value(result.error().code); });
  EXPECT_EQ(code.get_future().get(), base::Errc::NotFound);
  EXPECT_TRUE(client->find("/a"));
}

TEST_F(LmdbDiskTest, LargeObjectCanBeReadWhileItIsWrittenAndFoundOnlyAfterCommit) {
  const std::string body = body_of(1, kLarge);
  const ObjectId id = disk->next_id();
  const auto object = make_object("/large", id, body);
  auto write = disk->begin(object->key, id, 0);
  ASSERT_TRUE(client->put_chunk(*write, 0, body.substr(0, base::kChunkBytes)));
  const auto chunk = client->read_chunk("/large", id, 0);
  ASSERT_TRUE(chunk) << chunk.error().text;
  EXPECT_EQ((*chunk)->view(), body.substr(0, base::kChunkBytes));
  EXPECT_FALSE(client->find("/large"));
  for (std::uint32_t i = 1; i < object->chunk_count(); ++i) {
    ASSERT_TRUE(client->put_chunk(*write, i, body.substr(i * base::kChunkBytes, base::kChunkBytes)));
  }
  EXPECT_FALSE(disk->may_have(object->key));
  const auto pin = client->commit(*write, object);
  ASSERT_TRUE(pin);
  ASSERT_NE(*pin, nullptr);
  const auto found = client->find("/large");
  ASSERT_TRUE(found);
  EXPECT_FALSE((*found)->single());
  EXPECT_EQ(*client->read_body(**found), body);
}

TEST_F(LmdbDiskTest, RestartFindsEverythingAgain) {
  for (int i = 0; i < 50; ++i) {
    disk->put(make_object("/" + std::to_string(i), disk->next_id(), body_of(i, 100 * i)));
  }
  const std::string body = body_of(99, kLarge);
  ASSERT_TRUE(client->put_large("/large", disk->next_id(), body));
  reopen();  // the destructor writes what is queued
  EXPECT_EQ(disk->use().objects, 51U);
  for (int i = 1; i < 50; ++i) {
    const auto found = client->find("/" + std::to_string(i));
    ASSERT_TRUE(found) << i << ": " << found.error().text;
    EXPECT_EQ((*found)->body->view(), body_of(i, 100 * i));
  }
  const auto large = client->find("/large");
  ASSERT_TRUE(large);
  const PinRef pin = disk->pin((*large)->key, (*large)->id);
  ASSERT_NE(pin, nullptr);
  EXPECT_EQ(*client->read_body(**large), body);
}

TEST_F(LmdbDiskTest, IdsAreNeverReused) {
  std::set<ObjectId> ids;
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 10; ++i) {
      const ObjectId id = disk->next_id();
      EXPECT_TRUE(ids.empty() || id > *ids.rbegin());
      ids.insert(id);
    }
    reopen();  // though nothing was ever written
  }
}

TEST_F(LmdbDiskTest, UnfinishedWriteIsRemoved) {
  const std::uint64_t before = disk->use().bytes;
  const ObjectId id = disk->next_id();
  {
    auto write = disk->begin(base::hash128("/large"), id, 0);
    ASSERT_TRUE(client->put_chunks(*write, body_of(1, 4 * base::kChunkBytes)));
    EXPECT_GT(disk->use().bytes, before + 3 * base::kChunkBytes);
  }
  EXPECT_TRUE(eventually([&] { return !client->read_chunk("/large", id, 3); }));
  EXPECT_TRUE(eventually([&] { return disk->use().bytes < before + base::kChunkBytes; }));
  EXPECT_EQ(disk->use().read_errors, 0U);
}

TEST_F(LmdbDiskTest, ReplacedObjectGivesItsPagesBack) {
  ASSERT_TRUE(client->put_large("/a", disk->next_id(), body_of(1, kLarge)));
  const std::uint64_t one = disk->use().bytes;
  ASSERT_TRUE(client->put_large("/a", disk->next_id(), body_of(2, kLarge)));
  EXPECT_TRUE(eventually([&] { return disk->use().bytes < one + 2 * base::kChunkBytes; }));
  const auto found = client->find("/a");
  ASSERT_TRUE(found);
  EXPECT_EQ(*client->read_body(**found), body_of(2, kLarge));
  EXPECT_EQ(disk->use().objects, 1U);
}

TEST_F(LmdbDiskTest, PinnedObjectIsReadableAfterReplacementUntilUnpinned) {
  const ObjectId id = disk->next_id();
  auto pin = client->put_large("/a", id, body_of(1, kLarge));
  ASSERT_TRUE(pin);
  const auto old = client->find("/a");
  ASSERT_TRUE(old);
  ASSERT_NE(client->put("/a", "new"), 0U);
  EXPECT_EQ((*client->find("/a"))->body->view(), "new");
  EXPECT_EQ(*client->read_body(**old), body_of(1, kLarge));
  pin->reset();
  EXPECT_TRUE(eventually([&] { return !client->read_chunk("/a", id, 0); }));
  EXPECT_EQ((*client->find("/a"))->body->view(), "new");
}

TEST_F(LmdbDiskTest, ReplacedWhilePinnedIsGoneAfterARestart) {
  const ObjectId id = disk->next_id();
  const auto pin = client->put_large("/a", id, body_of(1, kLarge));
  ASSERT_TRUE(pin);
  const std::uint64_t with_large = disk->use().bytes;
  ASSERT_NE(client->put("/a", "new"), 0U);
  reopen();
  EXPECT_TRUE(eventually([&] { return disk->use().bytes + 4 * base::kChunkBytes < with_large; }));
  EXPECT_FALSE(client->read_chunk("/a", id, 0));
  EXPECT_EQ((*client->find("/a"))->body->view(), "new");
}

TEST_F(LmdbDiskTest, OlderObjectDoesNotReplaceNewer) {
  const ObjectId older = disk->next_id();
  ASSERT_NE(client->put("/a", "new"), 0U);
  disk->put(make_object("/a", older, "old"));
  const auto late = client->put_large("/a", older, body_of(1, kLarge));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, base::Errc::Exists);
  EXPECT_EQ((*client->find("/a"))->body->view(), "new");
}

TEST_F(LmdbDiskTest, ChunksOfARefusedCommitCanBeReadUntilTheWriteEnds) {
  const std::string body = body_of(1, kLarge);
  const auto older = make_object("/a", disk->next_id(), body);
  auto write = disk->begin(older->key, older->id, 0);
  ASSERT_TRUE(client->put_chunks(*write, body));
  ASSERT_NE(client->put("/a", "new"), 0U);
  const auto refused = client->commit(*write, older);
  ASSERT_FALSE(refused);
  ASSERT_EQ(refused.error().code, base::Errc::Exists);
  // The writer has had a turn since: what was to go by then is gone.
  ASSERT_NE(client->put("/a", "newer"), 0U);
  EXPECT_EQ(*client->read_body(*older), body);
  write.reset();
  EXPECT_TRUE(eventually([&] { return !client->read_chunk("/a", older->id, 0); }));
  EXPECT_EQ((*client->find("/a"))->body->view(), "newer");
}

TEST_F(LmdbDiskTest, ChunksOfAFailedCommitCanBeReadUntilTheWriteEnds) {
  disk.reset();
  options.max_object_bytes = base::kChunkBytes + 1;
  open();
  const std::string first = body_of(1, base::kChunkBytes);
  const std::string too_much = body_of(2, base::kChunkBytes);
  const auto object = make_object("/a", disk->next_id(), first + too_much);
  auto write = disk->begin(object->key, object->id, 0);
  ASSERT_TRUE(client->put_chunk(*write, 0, first));
  ASSERT_FALSE(client->put_chunk(*write, 1, too_much));
  EXPECT_FALSE(client->commit(*write, object));
  ASSERT_NE(client->put("/b", "x"), 0U);
  const auto chunk = client->read_chunk("/a", object->id, 0);
  ASSERT_TRUE(chunk) << chunk.error().text;
  EXPECT_EQ((*chunk)->view(), first);
  write.reset();
  EXPECT_TRUE(eventually([&] { return !client->read_chunk("/a", object->id, 0); }));
}

TEST_F(LmdbDiskTest, WriteThatEndsWhileItsCommitWaitsIsStored) {
  const std::string body = body_of(1, kLarge);
  const auto object = make_object("/a", disk->next_id(), body);
  auto write = disk->begin(object->key, object->id, 0);
  ASSERT_TRUE(client->put_chunks(*write, body));
  write->commit(object, home, [](auto) {});
  write.reset();
  ASSERT_TRUE(eventually([&] { return disk->may_have(object->key); }));
  ASSERT_NE(client->put("/b", "x"), 0U);
  EXPECT_EQ(*client->read_body(*object), body);
}

TEST_F(LmdbDiskTest, EraseHidesAtOnceAndForGood) {
  ASSERT_NE(client->put("/a", "x"), 0U);
  disk->erase(base::hash128("/a"));
  EXPECT_FALSE(disk->may_have(base::hash128("/a")));
  EXPECT_FALSE(client->find("/a"));
  // Also what is still queued.
  disk->put(make_object("/b", disk->next_id(), "x"));
  disk->erase(base::hash128("/b"));
  ASSERT_NE(client->put("/c", "x"), 0U);
  EXPECT_FALSE(disk->may_have(base::hash128("/b")));
  reopen();
  EXPECT_FALSE(disk->may_have(base::hash128("/a")));
  EXPECT_FALSE(disk->may_have(base::hash128("/b")));
  EXPECT_TRUE(disk->may_have(base::hash128("/c")));
}

TEST_F(LmdbDiskTest, EraseOfAnIdSparesWhatCameAfterIt) {
  const ObjectId judged = client->put("/a", "judged");
  ASSERT_NE(judged, 0U);
  ASSERT_NE(client->put("/a", "newer"), 0U);
  disk->erase(base::hash128("/a"), judged);
  EXPECT_TRUE(disk->may_have(base::hash128("/a")));
  reopen();
  ASSERT_TRUE(client->find("/a"));
  EXPECT_EQ((*client->find("/a"))->body->view(), "newer");
  disk->erase(base::hash128("/a"), (*client->find("/a"))->id);
  EXPECT_FALSE(disk->may_have(base::hash128("/a")));
  reopen();
  EXPECT_FALSE(disk->may_have(base::hash128("/a")));
}

TEST_F(LmdbDiskTest, WhatMemoryServesOutlivesAScanOnDisk) {
  MemoryTier memory({.budget_bytes = 8 << 20});
  disk.reset();
  options.budget_bytes = 16 << 20;
  options.shards = 1;
  options.wanted = [&](const Key& key, ObjectId id) { return memory.served(key, id); };
  open();
  const std::string body = body_of(1, 60'000);
  ASSERT_NE(client->put("/hot", body), 0U);
  memory.insert(*client->find("/hot"));
  ASSERT_NE(client->put("/cold", body), 0U);
  for (int i = 0; i < 800; ++i) {
    ASSERT_NE(memory.find(base::hash128("/hot"), "/hot"), nullptr);
    disk->put(make_object("/" + std::to_string(i), disk->next_id(), body));
    if (i % 40 == 0) {
      ASSERT_TRUE(eventually([&] { return disk->use().queued_bytes == 0; }));
    }
  }
  EXPECT_FALSE(disk->may_have(base::hash128("/cold")));
  EXPECT_TRUE(disk->may_have(base::hash128("/hot")));
  disk.reset();  // before what it asks
}

TEST_F(LmdbDiskTest, EvictsAboveTheNumberOfObjects) {
  disk.reset();
  options.max_objects = 100;
  options.shards = 1;
  open();
  for (int i = 0; i < 1000; ++i) disk->put(make_object("/" + std::to_string(i), disk->next_id(), "x"));
  ASSERT_NE(client->put("/last", "x"), 0U);
  ASSERT_NE(client->put("/very last", "x"), 0U);
  EXPECT_LE(disk->use().objects, 101U);
  EXPECT_GE(disk->use().objects, 100U);
  EXPECT_GT(disk->use().index_bytes, 0U);
}

TEST_F(LmdbDiskTest, ObjectPutAfterAnEraseStays) {
  for (int i = 0; i < 20; ++i) {
    disk->put(make_object("/a", disk->next_id(), "old"));
    disk->erase(base::hash128("/a"));
    ASSERT_NE(client->put("/a", "new"), 0U);
  }
}

TEST_F(LmdbDiskTest, FresheningKeepsTheChunks) {
  const ObjectId id = disk->next_id();
  ASSERT_TRUE(client->put_large("/a", id, body_of(1, kLarge)));
  auto fresh = make_object("/a", id, body_of(1, kLarge));
  fresh->meta = "meta, fresh";
  disk->put(fresh);
  ASSERT_TRUE(eventually([&] { return (*client->find("/a"))->meta == "meta, fresh"; }));
  EXPECT_EQ(*client->read_body(**client->find("/a")), body_of(1, kLarge));
  reopen();
  EXPECT_EQ((*client->find("/a"))->meta, "meta, fresh");
  EXPECT_EQ(*client->read_body(**client->find("/a")), body_of(1, kLarge));
}

TEST_F(LmdbDiskTest, HeadWithoutItsChunksIsNotStored) {
  disk->put(make_object("/a", disk->next_id(), body_of(1, kLarge)));
  ASSERT_NE(client->put("/b", "x"), 0U);
  reopen();
  EXPECT_FALSE(disk->may_have(base::hash128("/a")));
}

TEST_F(LmdbDiskTest, MetaThatCannotBeUnderstoodDropsTheObject) {
  auto object = make_object("/a", disk->next_id(), "x");
  object->meta = "unknown";
  disk->put(object);
  ASSERT_TRUE(eventually([&] { return disk->may_have(object->key); }));
  EXPECT_EQ(client->find("/a").error().code, base::Errc::Corrupt);
  EXPECT_FALSE(disk->may_have(object->key));
}

TEST_F(LmdbDiskTest, BodyAboveTheLimitIsRefused) {
  auto write = disk->begin(base::hash128("/a"), disk->next_id(), disk->max_object_bytes() + 1);
  const auto stored = client->put_chunk(*write, 0, body_of(1, base::kChunkBytes));
  ASSERT_FALSE(stored);
  EXPECT_EQ(stored.error().code, base::Errc::Limit);
}

TEST_F(LmdbDiskTest, EvictionSparesThePinnedAndTellsOfOthers) {
  disk.reset();
  options.budget_bytes = 16 << 20;
  options.shards = 1;
  open();
  std::mutex mutex;
  std::set<ObjectId> removed;
  disk->on_removed([&](const Key&, ObjectId id) {
    const std::scoped_lock lock(mutex);
    removed.insert(id);
  });
  const ObjectId kept = disk->next_id();
  const auto pin = client->put_large("/kept", kept, body_of(0, kLarge));
  ASSERT_TRUE(pin);
  const ObjectId other = disk->next_id();
  ASSERT_TRUE(client->put_large("/other", other, body_of(1, kLarge)));
  for (std::uint64_t i = 0; i < 100; ++i) {
    ASSERT_TRUE(client->put_large("/" + std::to_string(i), disk->next_id(), body_of(i, kLarge)));
  }
  EXPECT_FALSE(disk->may_have(base::hash128("/other")));
  EXPECT_TRUE(disk->may_have(base::hash128("/kept")));
  EXPECT_EQ(*client->read_body(**client->find("/kept")), body_of(0, kLarge));
  const std::scoped_lock lock(mutex);
  EXPECT_TRUE(removed.contains(other));
  EXPECT_FALSE(removed.contains(kept));
}

TEST_F(LmdbDiskTest, WritesFailWhenAllThatIsStoredIsPinned) {
  disk.reset();
  options.budget_bytes = 16 << 20;
  options.shards = 1;
  open();
  std::vector<PinRef> pins;
  base::Error error;
  for (std::uint64_t i = 0; i < 100 && error.text.empty(); ++i) {
    auto pin = client->put_large("/" + std::to_string(i), disk->next_id(), body_of(i, kLarge));
    if (pin) pins.push_back(*pin);
    if (!pin) error = pin.error();
  }
  EXPECT_EQ(error.code, base::Errc::Busy);
  EXPECT_EQ(disk->use().map_full, 0U);
  pins.clear();
  EXPECT_TRUE(client->put_large("/after", disk->next_id(), body_of(1, kLarge)));
}

TEST_F(LmdbDiskTest, OpenedEmptyForgetsItsObjectsAndLeavesOtherFilesAlone) {
  ASSERT_NE(client->put("/a", "hello"), 0U);
  disk.reset();
  std::ofstream(folder / "notes.txt") << "not the store's";
  std::filesystem::create_directory(folder / "shard-9");  // of a run with more shards
  options.empty = true;
  open();
  EXPECT_FALSE(disk->may_have(base::hash128("/a")));
  EXPECT_EQ(client->find("/a").error().code, base::Errc::NotFound);
  EXPECT_TRUE(std::filesystem::exists(folder / "notes.txt"));
  EXPECT_FALSE(std::filesystem::exists(folder / "shard-9"));
  EXPECT_NE(client->put("/b", "again"), 0U);
}

TEST_F(LmdbDiskTest, AFolderInUseIsNotEmptied) {
  ASSERT_NE(client->put("/a", "hello"), 0U);
  DiskOptions second = options;
  second.empty = true;
  const auto refused = LmdbDisk::open(second, support::decode_meta);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, base::Errc::Busy);
  EXPECT_TRUE(std::filesystem::exists(folder / "shard-0"));
  EXPECT_TRUE(client->find("/a"));
}

TEST_F(LmdbDiskTest, WriteAndPinMayOutliveTheStore) {
  auto pin = client->put_large("/a", disk->next_id(), body_of(1, kLarge));
  ASSERT_TRUE(pin);
  const ObjectId id = disk->next_id();
  const auto object = make_object("/b", id, body_of(2, 100'000));
  auto write = disk->begin(object->key, id, 0);
  disk.reset();
  const auto stored = client->put_chunks(*write, body_of(2, 100'000));
  ASSERT_FALSE(stored);
  EXPECT_EQ(stored.error().code, base::Errc::Cancelled);
  EXPECT_FALSE(client->commit(*write, object));
}

TEST_F(LmdbDiskTest, SmallObjectsAreDroppedWhenTheQueueIsFull) {
  disk.reset();
  options.queue_bytes = 100'000;
  options.commit_interval = std::chrono::seconds(5);
  open();
  for (int i = 0; i < 100; ++i) {
    disk->put(make_object("/" + std::to_string(i), disk->next_id(), body_of(i, 10'000)));
  }
  const Disk::Use use = disk->use();
  EXPECT_GE(use.dropped_writes, 90U);
  EXPECT_LE(use.queued_bytes, 100'000U);
}

}  // namespace
}  // namespace store
