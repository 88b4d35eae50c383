// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <future>
#include <optional>
#include <set>

#include "store/disk/lmdb_disk.h"
#include "tests/support/disk_client.h"
#include "tests/support/temp_folder.h"

namespace store {
namespace {

using support::body_of;
using support::make_object;

/// Walks over a disk in a folder of its own, and waits for its writers.
class DiskWalk : public testing::Test {
 protected:
  DiskWalk() {
    auto opened = LmdbDisk::open({.folder = folder.path(), .budget_bytes = 64 << 20}, support::decode_meta);
    EXPECT_TRUE(opened) << opened.error().text;
    disk = *std::move(opened);
    client.emplace(*disk, home);
  }

  support::TempFolder folder;
  support::ThreadExecutor home;
  std::unique_ptr<LmdbDisk> disk;
  std::optional<support::DiskClient> client;
};

TEST_F(DiskWalk, AWalkFindsEachObjectOnceWithoutItsBody) {
  std::set<std::string> stored;
  for (int i = 0; i < 40; ++i) {
    const std::string text = "/" + std::to_string(i);
    const std::string meta_sized =
        i % 10 == 0 ? std::string(6000, 'k') : "";  // the head alone is more than is read at first
    ASSERT_NE(client->put(text + meta_sized, body_of(1, i % 2 == 0 ? 10 : 30'000)), 0U);
    stored.insert(text + meta_sized);
  }
  disk->erase(base::hash128("/7"));
  stored.erase("/7");
  std::multiset<std::string> found;
  ScanPlace place;
  for (bool more = true; more;) {
    std::promise<base::Result<ScanPage>> answered;
    disk->scan(place, 7, home, [&](base::Result<ScanPage> page) { answered.set_value(std::move(page)); });
    const auto page = answered.get_future().get();
    ASSERT_TRUE(page) << page.error().text;
    EXPECT_LE(page->objects.size(), 7U);
    for (const ObjectRef& object : page->objects) {
      found.insert(object->key_text);
      EXPECT_EQ(object->meta, "meta of " + object->key_text);
      EXPECT_NE(object->decoded, nullptr);
      EXPECT_FALSE(object->body);
    }
    more = page->next.has_value();
    if (more) place = *page->next;
  }
  EXPECT_EQ(found, std::multiset<std::string>(stored.begin(), stored.end()));
}

TEST_F(DiskWalk, SyncAnswersOnceAllBeforeItIsDone) {
  const auto sync = [this] {
    std::promise<base::Result<void>> answered;
    disk->sync(home, [&](base::Result<void> result) { answered.set_value(std::move(result)); });
    return answered.get_future().get();
  };
  for (int i = 0; i < 200; ++i) {
    const std::string text = "/" + std::to_string(i);
    ASSERT_TRUE(disk->put(make_object(text, disk->next_id(), body_of(1, 1'000))));
  }
  ASSERT_TRUE(sync());
  for (int i = 0; i < 200; ++i) EXPECT_TRUE(disk->may_have(base::hash128("/" + std::to_string(i)))) << i;
  for (int i = 0; i < 200; i += 2) disk->erase(base::hash128("/" + std::to_string(i)));
  ASSERT_TRUE(sync());
  EXPECT_EQ(disk->use().queued_bytes, 0U);
}

}  // namespace
}  // namespace store
