// SPDX-License-Identifier: Apache-2.0
// Objects of a few chunks that go to disk, and come from there, in one piece.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <optional>

#include "store/disk/lmdb_disk.h"
#include "tests/support/disk_client.h"
#include "tests/support/temp_folder.h"

namespace store {
namespace {

using support::body_in;
using support::body_of;
using support::eventually;
using support::make_whole;

constexpr std::size_t kBody = 2 * base::kChunkBytes + 1000;

class WholeObject : public testing::Test {
 protected:
  WholeObject() {
    options.folder = folder.path();
    options.budget_bytes = 32 << 20;
    options.shards = 1;
    options.commit_interval = std::chrono::milliseconds(2);
    open();
  }
  void open() {
    disk.reset();
    auto opened = LmdbDisk::open(options, support::decode_meta);
    ASSERT_TRUE(opened) << opened.error().text;
    disk = *std::move(opened);
    client.emplace(*disk, home);
  }
  /// Stores one, and waits until it can be found.
  ObjectRef put(const std::string& text, const std::string& body) {
    auto object = make_whole(text, disk->next_id(), body);
    EXPECT_TRUE(disk->put(object));
    EXPECT_TRUE(eventually([&] { return disk->holds(object->key, object->id); }));
    return object;
  }

  support::TempFolder folder;
  support::ThreadExecutor home;
  DiskOptions options;
  std::unique_ptr<LmdbDisk> disk;
  std::optional<support::DiskClient> client;
};

TEST_F(WholeObject, ComesBackInOnePiece) {
  const std::string body = body_of(1, kBody);
  const ObjectRef object = put("/a", body);
  for (const bool restarted : {false, true}) {
    if (restarted) open();
    const auto found = client->find("/a");
    ASSERT_TRUE(found) << found.error().text;
    EXPECT_TRUE((*found)->whole());
    EXPECT_FALSE((*found)->single());
    EXPECT_TRUE((*found)->on_disk.is_set());
    EXPECT_EQ((*found)->id, object->id);
    EXPECT_TRUE(body_in(**found) == body);
  }
}

TEST_F(WholeObject, IsReadByItsChunksIfItIsMoreThanIsReadAtOnce) {
  options.whole_read_bytes = kBody - 1;
  open();
  const std::string body = body_of(1, kBody);
  put("/a", body);
  const auto found = client->find("/a");
  ASSERT_TRUE(found) << found.error().text;
  EXPECT_FALSE((*found)->whole());
  EXPECT_TRUE(client->read_body(**found) == body);
}

TEST_F(WholeObject, IsReadByItsChunksIfItCouldNotBePutAgain) {
  options.commit_bytes = 64 << 10;
  options.whole_read_bytes = 1 << 20;
  open();
  ASSERT_LT(disk->max_put_bytes(), kBody);
  const std::string body = body_of(1, kBody);
  ASSERT_TRUE(client->put_large("/a", disk->next_id(), body));
  const auto found = client->find("/a");
  ASSERT_TRUE(found) << found.error().text;
  EXPECT_FALSE((*found)->whole());
  EXPECT_TRUE(client->read_body(**found) == body);
}

TEST_F(WholeObject, ThatIsTooMuchForATransactionIsRefused) {
  const std::string body = body_of(1, disk->max_put_bytes() + 1);
  EXPECT_FALSE(disk->put(make_whole("/a", disk->next_id(), body)));
  put("/b", body_of(2, disk->max_put_bytes()));
}

TEST_F(WholeObject, PutAgainIsANewHeadAndNoNewBody) {
  const std::string body = body_of(1, kBody);
  const ObjectRef object = put("/a", body);
  const std::uint64_t bytes = disk->use().bytes;
  auto fresher = make_whole("/a", object->id, body);
  fresher->meta = "meta, fresher";
  ASSERT_TRUE(disk->put(fresher));
  ASSERT_TRUE(eventually([&] {
    const auto found = client->find("/a");
    return found && (*found)->meta == "meta, fresher";
  }));
  EXPECT_TRUE(body_in(**client->find("/a")) == body);
  EXPECT_EQ(disk->use().objects, 1U);
  EXPECT_LE(disk->use().bytes, bytes + 2 * 4096);
}

TEST_F(WholeObject, ReplacesAndIsReplaced) {
  put("/a", body_of(1, kBody));
  put("/a", body_of(2, kBody + 5));
  EXPECT_TRUE(body_in(**client->find("/a")) == body_of(2, kBody + 5));
  put("/a", "small");
  EXPECT_EQ((*client->find("/a"))->body->view(), "small");
  EXPECT_EQ(disk->use().objects, 1U);
}

TEST_F(WholeObject, ErasedWhileItWaitsIsNotFound) {
  const auto object = make_whole("/a", disk->next_id(), body_of(1, kBody));
  ASSERT_TRUE(disk->put(object));
  disk->erase(object->key);
  put("/b", body_of(2, kBody));  // written after both
  EXPECT_EQ(client->find("/a").error().code, base::Errc::NotFound);
}

TEST_F(WholeObject, ManyTimesTheBudgetStayWithinIt) {
  for (int i = 0; i < 1000; ++i) {
    const auto object = make_whole("/" + std::to_string(i), disk->next_id(), body_of(1, kBody));
    ASSERT_TRUE(eventually([&] { return disk->put(object); }));
  }
  ASSERT_TRUE(eventually([&] { return disk->use().queued_bytes == 0; }));
  const Disk::Use use = disk->use();
  EXPECT_LE(use.file_bytes, options.budget_bytes);
  EXPECT_EQ(use.map_full, 0U);
  EXPECT_GE(use.objects, 100U);
  EXPECT_GE(use.evictions, 700U);
}

TEST_F(WholeObject, WithADamagedChunkIsNotServed) {
  const std::string body = body_of(1, kBody);
  put("/a", body);
  put("/b", body_of(2, kBody));
  disk.reset();
  const std::string file = folder.path() + "/shard-0/data.mdb";
  std::ifstream in(file, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(in)), {});
  in.close();
  const std::size_t at = bytes.find(body.substr(base::kChunkBytes + 10, 1000));
  ASSERT_NE(at, std::string::npos);
  std::fstream out(file, std::ios::binary | std::ios::in | std::ios::out);
  out.seekp(static_cast<std::streamoff>(at));
  out.put(static_cast<char>(~bytes[at]));
  out.close();
  open();
  EXPECT_EQ(client->find("/a").error().code, base::Errc::Corrupt);
  EXPECT_EQ(client->find("/a").error().code, base::Errc::NotFound);
  EXPECT_TRUE(body_in(**client->find("/b")) == body_of(2, kBody));
}

}  // namespace
}  // namespace store
