// SPDX-License-Identifier: Apache-2.0
// Who does the disk's work: threads of its own, and not one transaction for each thing that is written.
#include <gtest/gtest.h>
#include <lmdb.h>

#include <atomic>

#include "store/disk/lmdb_disk.h"
#include "store/lmdb/database.h"
#include "tests/support/disk_client.h"
#include "tests/support/posted_from.h"
#include "tests/support/temp_folder.h"

namespace store {
namespace {

class DiskThreads : public testing::Test {
 protected:
  DiskThreads() {
    options.folder = folder.path();
    options.budget_bytes = 64 << 20;
    options.shards = 1;
    options.commit_interval = std::chrono::milliseconds(2);
  }
  std::unique_ptr<LmdbDisk> open(const Decoder& decoder = support::decode_meta) const {
    auto opened = LmdbDisk::open(options, decoder);
    EXPECT_TRUE(opened) << opened.error().text;
    return *std::move(opened);
  }
  /// Number of the last transaction that the shard's file has seen.
  std::uint64_t transactions() const {
    const auto env = lmdb::Env::open({.folder = folder / "shard-0", .map_bytes = options.budget_bytes});
    EXPECT_TRUE(env) << env.error().text;
    MDB_envinfo about{};
    mdb_env_info(env->native(), &about);
    return about.me_last_txnid;
  }

  support::TempFolder folder;
  DiskOptions options;
};

TEST_F(DiskThreads, ReadAndWriteInsteadOfTheOneThatAsks) {
  support::PostedFrom home;
  std::atomic<int> decoded_here{0};
  const auto disk = open([&, here = std::this_thread::get_id()](std::string_view meta) {
    decoded_here += std::this_thread::get_id() == here;
    return support::decode_meta(meta);
  });
  support::DiskClient client(*disk, home);
  const std::string body = support::body_of(1, 3 * base::kChunkBytes);
  const auto pin = client.put_large("/large", disk->next_id(), body);
  ASSERT_TRUE(pin) << pin.error().text;
  const auto found = client.find("/large");
  ASSERT_TRUE(found) << found.error().text;
  EXPECT_EQ(*client.read_body(**found), body);
  EXPECT_EQ(home.posts(), 3U + 1U + 1U + 3U);  // chunks, commit, look-up, chunks
  EXPECT_EQ(home.from_here(), 0U);
  EXPECT_EQ(decoded_here, 0);
}

TEST_F(DiskThreads, CommitManySmallObjectsTogether) {
  constexpr int kObjects = 400;
  open().reset();
  const std::uint64_t before = transactions();
  options.commit_interval = std::chrono::minutes(1);  // its end does not wait for that
  auto disk = open();
  for (int i = 0; i < kObjects; ++i) {
    disk->put(support::make_object("/" + std::to_string(i), disk->next_id(), "x"));
  }
  disk.reset();
  EXPECT_LT(transactions() - before, kObjects / 10);
  EXPECT_EQ(open()->use().objects, kObjects);
}

}  // namespace
}  // namespace store
