// SPDX-License-Identifier: Apache-2.0
// Objects that are read again from where they were, in the page cache, without a reader thread.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <future>
#include <optional>
#include <thread>
#include <vector>

#include "store/disk/direct_reads.h"
#include "store/disk/lmdb_disk.h"
#include "store/disk/record.h"
#include "store/disk/record_places.h"
#include "tests/support/disk_client.h"
#include "tests/support/temp_folder.h"

namespace store {
namespace {

using support::body_in;
using support::body_of;
using support::eventually;
using support::make_whole;

class DirectRead : public testing::Test {
 protected:
  void SetUp() override {
    options.folder = folder / "disk";
    options.budget_bytes = 32 << 20;
    options.shards = 1;
    options.commit_interval = std::chrono::milliseconds(2);
    auto opened = LmdbDisk::open(options, support::decode_meta);
    ASSERT_TRUE(opened) << opened.error().text;
    disk = *std::move(opened);
    client.emplace(*disk, home);
    file = ::open((options.folder + "/shard-0/data.mdb").c_str(), O_RDWR | O_CLOEXEC);
    ASSERT_GE(file, 0);
    char byte = 0;
    const iovec piece{&byte, 1};
    if (::preadv2(file, &piece, 1, 0, RWF_NOWAIT) < 0 && errno != EAGAIN)
      GTEST_SKIP() << "this file system cannot be asked for what is in the page cache";
  }
  void TearDown() override {
    disk.reset();
    if (file >= 0) ::close(file);
  }
  ObjectRef put(const std::string& text, const std::string& body) {
    auto object = make_whole(text, disk->next_id(), body);
    EXPECT_TRUE(disk->put(object));
    EXPECT_TRUE(eventually([&] { return disk->holds(object->key, object->id); }));
    return object;
  }
  /// The object, and whether no thread was needed for it.
  std::pair<ObjectRef, bool> find(const std::string& text) {
    const std::uint64_t before = disk->use().direct_reads;
    const auto found = client->find(text);
    EXPECT_TRUE(found) << found.error().text;
    return {found ? *found : nullptr, disk->use().direct_reads != before};
  }

  /// Of `bytes`, in the file.
  std::size_t place_of(const std::string& bytes) {
    std::string all(options.budget_bytes, '\0');
    const ssize_t size = ::pread(file, all.data(), all.size(), 0);
    const std::size_t at = size < 0 ? std::string::npos : all.find(bytes);
    EXPECT_NE(at, std::string::npos);
    return at == std::string::npos ? 0 : at;
  }

  support::TempFolder folder;
  support::ThreadExecutor home;
  DiskOptions options;
  std::unique_ptr<LmdbDisk> disk;
  std::optional<support::DiskClient> client;
  int file = -1;
};

TEST_F(DirectRead, NeedsNoThreadFromTheSecondTimeOn) {
  for (const std::size_t bytes :
       {std::size_t{0}, std::size_t{100}, base::kChunkBytes, base::kChunkBytes + 32, 3 * base::kChunkBytes}) {
    const std::string text = "/" + std::to_string(bytes);
    const std::string body = body_of(bytes, bytes);
    const ObjectRef object = put(text, body);
    EXPECT_FALSE(find(text).second) << bytes;
    for (int i = 0; i < 3; ++i) {
      const auto [found, direct] = find(text);
      EXPECT_TRUE(direct) << bytes;
      ASSERT_TRUE(found);
      EXPECT_EQ(found->id, object->id);
      EXPECT_EQ(found->meta, object->meta);
      EXPECT_TRUE(found->whole());
      EXPECT_TRUE(found->on_disk.is_set());
      EXPECT_TRUE(body_in(*found) == body);
    }
  }
}

TEST_F(DirectRead, IsNotForObjectsOfManyChunks) {
  const std::string body = body_of(1, 3 * base::kChunkBytes + 1);
  put("/a", body);
  for (int i = 0; i < 3; ++i) {
    const auto [found, direct] = find("/a");
    EXPECT_FALSE(direct);
    EXPECT_TRUE(body_in(*found) == body);
  }
}

TEST_F(DirectRead, IsNotForAnotherKeyOfTheSameFingerprint) {
  put("/a", "text");
  find("/a");
  std::promise<base::Result<ObjectRef>> answer;
  disk->find(base::hash128("/a"), "/b", home, [&](auto found) { answer.set_value(std::move(found)); });
  EXPECT_EQ(answer.get_future().get().error().code, base::Errc::NotFound);
  EXPECT_EQ(disk->use().direct_reads, 0U);
}

// The page of the old head stays as it was for a while, with a checksum that is right.
TEST_F(DirectRead, SeesAFresherHead) {
  const std::string body = body_of(1, base::kChunkBytes + 32);
  const ObjectRef object = put("/a", body);
  std::atomic<bool> over{false};
  std::thread reader([&] {
    support::ThreadExecutor own;
    support::DiskClient other(*disk, own);
    int newest = 0;
    while (!over) {
      const auto found = other.find("/a");
      ASSERT_TRUE(found) << found.error().text;
      const std::string& meta = (*found)->meta;
      const int version = meta.starts_with("meta ") && meta != object->meta ? std::stoi(meta.substr(5)) : 0;
      EXPECT_GE(version, newest);
      newest = std::max(newest, version);
    }
  });
  for (int version = 1; version <= 100; ++version) {
    auto fresher = make_whole("/a", object->id, body);
    fresher->meta = "meta " + std::to_string(version);
    EXPECT_TRUE(disk->put(fresher));
    const auto is_seen = [&] {
      const ObjectRef found = find("/a").first;
      return found && found->meta == fresher->meta;
    };
    EXPECT_TRUE(eventually(is_seen)) << version;
    EXPECT_TRUE(is_seen()) << version;
  }
  over = true;
  reader.join();
  EXPECT_GT(disk->use().direct_reads, 0U);
}

TEST_F(DirectRead, TakesNothingElseForTheObject) {
  constexpr std::size_t kBytes = base::kChunkBytes + 32;
  const auto name = [](int n) { return "/" + std::to_string(n); };
  // Three times the budget: pages go from one to the next while all that is left is read again and again.
  for (int n = 0; n < 1500; ++n) {
    const auto object = make_whole(name(n), disk->next_id(), body_of(static_cast<std::uint64_t>(n), kBytes));
    ASSERT_TRUE(eventually([&] { return disk->put(object); }));
    for (const int back : {1, 7, 100, 250}) {
      if (n < back) continue;
      const auto found = client->find(name(n - back));
      if (found) {
        EXPECT_TRUE(body_in(**found) == body_of(static_cast<std::uint64_t>(n - back), kBytes)) << n - back;
      } else {
        EXPECT_EQ(found.error().code, base::Errc::NotFound) << found.error().text;
      }
    }
  }
  EXPECT_GT(disk->use().evictions, 0U);
  EXPECT_GT(disk->use().direct_reads, 0U);
  EXPECT_EQ(disk->use().read_errors, 0U);
}

TEST_F(DirectRead, OfADamagedRecordEndsWithTheErrorThatItIs) {
  const std::string body = body_of(1, base::kChunkBytes);
  put("/a", body);
  find("/a");
  const std::size_t at = place_of(body.substr(1000, 1000));
  ASSERT_EQ(::pwrite(file, "damage", 6, static_cast<off_t>(at)), 6);
  EXPECT_EQ(client->find("/a").error().code, base::Errc::Corrupt);
  EXPECT_EQ(client->find("/a").error().code, base::Errc::NotFound);
  EXPECT_EQ(disk->use().direct_reads, 0U);
}

/// Whether the page cache has a page of `file` from `offset` to `end`. Reads nothing.
bool has_pages(int file, std::size_t offset, std::size_t end) {
  constexpr std::size_t kPage = 4096;
  const std::size_t from = offset / kPage * kPage;
  void* map = ::mmap(nullptr, end - from, PROT_READ, MAP_SHARED, file, static_cast<off_t>(from));
  if (map == MAP_FAILED) return true;
  std::vector<unsigned char> pages((end - from + kPage - 1) / kPage);
  const bool asked = ::mincore(map, end - from, pages.data()) == 0;
  ::munmap(map, end - from);
  return !asked || std::ranges::any_of(pages, [](unsigned char page) { return (page & 1) != 0; });
}

TEST_F(DirectRead, IsLeftToAThreadWhereTheDiskHasToBeAsked) {
  constexpr std::size_t kBytes = base::kChunkBytes;
  constexpr std::uint64_t kMiddle = 25;
  for (std::uint64_t n = 0; n < 50; ++n) put("/" + std::to_string(n), body_of(n, kBytes));
  const std::string name = "/" + std::to_string(kMiddle);
  find(name);
  EXPECT_TRUE(find(name).second);
  const std::size_t at = place_of(body_of(kMiddle, kBytes).substr(0, 1000));
  std::promise<void> synced;
  disk->sync(home, [&](const auto&) { synced.set_value(); });
  synced.get_future().wait();
  // Pages that LMDB has mapped stay; those of bodies do not.
  for (int tries = 0; tries < 100 && has_pages(file, at, at + kBytes); ++tries) {
    ::fdatasync(file);
    ::posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
  }
  if (has_pages(file, at, at + kBytes)) GTEST_SKIP() << "this file system keeps all in memory";
  const auto [found, direct] = find(name);
  EXPECT_FALSE(direct);
  ASSERT_TRUE(found);
  EXPECT_TRUE(body_in(*found) == body_of(kMiddle, kBytes));
}

// As an upload could have them lie in the page by the time that it is read again.
TEST_F(DirectRead, TakesNoOtherRecordsForThoseThatItSaw) {
  const ObjectRef object = put("/a", "text");
  find("/a");
  EXPECT_TRUE(find("/a").second);
  auto forged = make_whole("/a", object->id, "TEXT");
  ASSERT_EQ(record::head_bytes(*forged), record::head_bytes(*object));
  std::string before(record::head_bytes(*object), '\0');
  record::write_head(*object, before.data());
  std::string after(before.size(), '\0');
  record::write_head(*forged, after.data());
  const auto at = static_cast<off_t>(place_of(before));
  ASSERT_EQ(::pwrite(file, after.data(), after.size(), at), static_cast<ssize_t>(after.size()));
  EXPECT_FALSE(find("/a").second);
}

TEST_F(DirectRead, ManyAtOnceGoToTheThreads) {
  const std::string body = body_of(1, 3 * base::kChunkBytes);
  put("/a", body);
  find("/a");
  const std::uint64_t before = disk->use().direct_reads;
  std::promise<void> gate;
  home.post([waits = gate.get_future()]() mutable { waits.wait(); });
  constexpr std::size_t kAsked = 2 * DirectReads::kBytesMax / (3 * base::kChunkBytes);
  std::atomic<std::size_t> answers{0};
  for (std::size_t i = 0; i < kAsked; ++i) {
    disk->find(base::hash128("/a"), "/a", home, [&](const auto& found) { answers += found ? 1 : 0; });
  }
  const std::uint64_t direct = disk->use().direct_reads - before;
  EXPECT_GT(direct, 0U);
  EXPECT_LE(direct * body.size(), DirectReads::kBytesMax);
  gate.set_value();
  EXPECT_TRUE(eventually([&] { return answers == kAsked; }));
  EXPECT_TRUE(eventually([&] { return find("/a").second; }));
}

TEST(RecordPlaces, AnIdHasOneSlotAndANewcomerTakesIt) {
  RecordPlaces places(4);
  EXPECT_FALSE(places.find(1));
  places.note({.id = 1, .head = 10}, 0);
  places.note({.id = 2, .head = 20}, 0);
  EXPECT_EQ(places.find(1)->head, 10U);
  EXPECT_EQ(places.find(2)->head, 20U);
  places.note({.id = 5, .head = 50}, 0);
  EXPECT_FALSE(places.find(1));
  EXPECT_EQ(places.find(5)->head, 50U);
}

TEST(RecordPlaces, WhatAnOlderTransactionShowedDoesNotCount) {
  RecordPlaces places(4);
  places.note({.id = 1, .head = 10}, 6);
  places.forget(1, 7);
  EXPECT_FALSE(places.find(1));
  places.note({.id = 1, .head = 10}, 6);
  EXPECT_FALSE(places.find(1));
  places.note({.id = 1, .head = 11}, 7);
  EXPECT_EQ(places.find(1)->head, 11U);
}

}  // namespace
}  // namespace store
