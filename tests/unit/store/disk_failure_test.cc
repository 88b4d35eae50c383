// SPDX-License-Identifier: Apache-2.0
// What is wrong with files, folders, options and the disk itself.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "store/disk/lmdb_disk.h"
#include "store/lmdb/database.h"
#include "tests/support/child_process.h"
#include "tests/support/disk_client.h"
#include "tests/support/temp_folder.h"

namespace store {
namespace {

using support::body_of;
using support::eventually;

constexpr std::size_t kLarge = 3 * base::kChunkBytes;

std::unique_ptr<LmdbDisk> must_open(const DiskOptions& options) {
  auto opened = LmdbDisk::open(options, support::decode_meta);
  if (!opened) std::fprintf(stderr, "%s\n", opened.error().text.c_str());
  return *std::move(opened);
}

struct OpenDisk {
  explicit OpenDisk(const DiskOptions& options) : disk(must_open(options)) {}

  support::ThreadExecutor home;
  std::unique_ptr<LmdbDisk> disk;
  support::DiskClient client{*disk, home};
};

class DiskFailure : public testing::Test {
 protected:
  DiskFailure() {
    options.folder = folder.path() + "/cache";
    options.budget_bytes = 16 << 20;
    options.shards = 1;
    options.commit_interval = std::chrono::milliseconds(1);
    options.whole_read_bytes = 0;  // chunks are read one by one
  }
  std::string data_path() const { return options.folder + "/shard-0/data.mdb"; }
  base::Error open_error() const {
    auto opened = LmdbDisk::open(options, support::decode_meta);
    EXPECT_FALSE(opened);
    return opened ? base::Error{} : opened.error();
  }
  /// Changes one byte of the data file in the middle of the only place where `bytes` are.
  void damage(const std::string& bytes) const {
    std::fstream file(data_path(), std::ios::in | std::ios::out | std::ios::binary);
    const std::string all((std::istreambuf_iterator<char>(file)), {});
    const std::size_t at = all.find(bytes);
    ASSERT_NE(at, std::string::npos);
    file.seekp(static_cast<std::streamoff>(at + bytes.size() / 2));
    file.put(static_cast<char>(all[at + bytes.size() / 2] ^ 1));
  }
  void expect_works() const {
    OpenDisk open(options);
    EXPECT_NE(open.client.put("/works", "x"), 0U);
  }

  support::TempFolder folder;
  DiskOptions options;
};

TEST_F(DiskFailure, OptionsOutOfRangeNameWhatIsAllowed) {
  options.budget_bytes = 1 << 20;
  EXPECT_EQ(open_error().code, base::Errc::Invalid);
  EXPECT_NE(open_error().text.find("budget_bytes is 1048576, allowed are 16777216 to"), std::string::npos)
      << open_error().text;
  options.budget_bytes = 64 << 20;
  options.shards = 0;
  EXPECT_NE(open_error().text.find("shards is 0, allowed are 1 to 64"), std::string::npos);
  options.shards = 1;
  options.max_object_bytes = 64 << 20;
  EXPECT_NE(open_error().text.find("max_object_bytes"), std::string::npos);
}

TEST_F(DiskFailure, FolderInUseIsRefusedWithItsNameAndProcess) {
  const OpenDisk first(options);
  const base::Error error = open_error();
  EXPECT_EQ(error.code, base::Errc::Busy);
  EXPECT_NE(error.text.find(options.folder), std::string::npos) << error.text;
  EXPECT_NE(error.text.find(std::to_string(::getpid())), std::string::npos) << error.text;
}

TEST_F(DiskFailure, FolderThatCannotBeMadeIsNamed) {
  std::ofstream(folder.path() + "/file") << "x";
  options.folder = folder.path() + "/file/cache";
  const base::Error error = open_error();
  EXPECT_EQ(error.code, base::Errc::System);
  EXPECT_NE(error.text.find(options.folder), std::string::npos) << error.text;
}

TEST_F(DiskFailure, DamagedBodyIsNotServedAndTheRestIs) {
  {
    OpenDisk open(options);
    ASSERT_NE(open.client.put("/bad", body_of(1, 30'000)), 0U);
    ASSERT_NE(open.client.put("/good", body_of(2, 30'000)), 0U);
  }
  damage(body_of(1, 30'000));
  OpenDisk open(options);
  EXPECT_EQ(open.client.find("/bad").error().code, base::Errc::Corrupt);
  EXPECT_FALSE(open.disk->may_have(base::hash128("/bad")));
  EXPECT_EQ(open.disk->use().read_errors, 1U);
  EXPECT_EQ((*open.client.find("/good"))->body->view(), body_of(2, 30'000));
}

TEST_F(DiskFailure, DamagedChunkTakesTheObjectOutAndIsTold) {
  const std::string body = body_of(1, kLarge);
  {
    OpenDisk open(options);
    ASSERT_TRUE(open.client.put_large("/bad", open.disk->next_id(), body));
  }
  damage(body.substr(base::kChunkBytes + 10, 1000));
  OpenDisk open(options);
  std::promise<ObjectId> removed;
  open.disk->on_removed([&](const Key&, ObjectId id) { removed.set_value(id); });
  const auto found = open.client.find("/bad");
  ASSERT_TRUE(found);
  PinRef pin = open.disk->pin((*found)->key, (*found)->id);
  EXPECT_TRUE(open.client.read_chunk("/bad", (*found)->id, 0));
  EXPECT_EQ(open.client.read_chunk("/bad", (*found)->id, 1).error().code, base::Errc::Corrupt);
  EXPECT_FALSE(open.disk->may_have((*found)->key));
  EXPECT_EQ(removed.get_future().get(), (*found)->id);
  const std::uint64_t pinned = open.disk->use().bytes;
  pin.reset();
  EXPECT_TRUE(eventually([&] { return open.disk->use().bytes + 2 * base::kChunkBytes < pinned; }));
}

TEST_F(DiskFailure, AMissingChunkTakesTheObjectOutAndIsTold) {
  {
    OpenDisk open(options);
    ASSERT_TRUE(open.client.put_large("/bad", open.disk->next_id(), body_of(1, kLarge)));
  }
  {
    auto env = lmdb::Env::open({.folder = options.folder + "/shard-0", .map_bytes = options.budget_bytes});
    ASSERT_TRUE(env);
    const auto data = env->database("data");
    auto txn = lmdb::Txn::begin(*env, lmdb::Txn::Mode::Write);
    ASSERT_TRUE(data && txn);
    auto cursor = lmdb::Cursor::open(*txn, *data);
    const auto last = cursor->last();
    ASSERT_TRUE(last && *last && cursor->erase());
    cursor = base::fail(base::Errc::Cancelled, "");
    ASSERT_TRUE(txn->commit());
  }
  OpenDisk open(options);
  std::promise<ObjectId> removed;
  open.disk->on_removed([&](const Key&, ObjectId id) { removed.set_value(id); });
  const auto found = open.client.find("/bad");
  ASSERT_TRUE(found);
  const PinRef pin = open.disk->pin((*found)->key, (*found)->id);
  EXPECT_TRUE(open.client.read_chunk("/bad", (*found)->id, 0));
  EXPECT_EQ(open.client.read_chunk("/bad", (*found)->id, 2).error().code, base::Errc::Corrupt);
  EXPECT_FALSE(open.disk->may_have((*found)->key));
  EXPECT_EQ(removed.get_future().get(), (*found)->id);
  EXPECT_EQ(open.client.read_chunk("/bad", (*found)->id, 2).error().code, base::Errc::NotFound);
}

TEST_F(DiskFailure, GarbageInsteadOfTheDataFileStartsEmpty) {
  {
    const OpenDisk open(options);
  }
  std::ofstream(data_path(), std::ios::trunc) << body_of(5, 100'000);
  expect_works();
}

TEST_F(DiskFailure, DataFileCutShortIsSurvived) {
  for (const std::uintmax_t kept : {100'000U, 10'000U, 5'000U, 100U, 0U}) {
    const std::string name = "/" + std::to_string(kept);
    {
      OpenDisk open(options);
      ASSERT_TRUE(open.client.put_large(name, open.disk->next_id(), body_of(kept, kLarge)));
    }
    std::filesystem::resize_file(data_path(), kept);
    OpenDisk open(options);
    const auto found = open.client.find(name);
    const PinRef pin = found ? open.disk->pin((*found)->key, (*found)->id) : nullptr;
    if (pin) {
      const auto body = open.client.read_body(**found);
      EXPECT_TRUE(!body || *body == body_of(kept, kLarge));
    }
  }
  expect_works();
}

TEST_F(DiskFailure, OtherShardCountOrSmallerBudgetStartsEmpty) {
  options.budget_bytes = 48 << 20;
  {
    OpenDisk open(options);
    for (std::uint64_t i = 0; i < 8; ++i) {
      ASSERT_TRUE(open.client.put_large("/" + std::to_string(i), open.disk->next_id(), body_of(i, 3 << 20)));
    }
  }
  options.budget_bytes = 16 << 20;
  {
    OpenDisk open(options);
    EXPECT_EQ(open.disk->use().objects, 0U);
    EXPECT_LE(std::filesystem::file_size(data_path()), options.budget_bytes);
    EXPECT_NE(open.client.put("/a", "x"), 0U);
  }
  options.budget_bytes = 32 << 20;
  {
    OpenDisk open(options);
    EXPECT_EQ(open.disk->use().objects, 1U);  // a larger one keeps everything
  }
  options.shards = 2;
  const OpenDisk open(options);
  EXPECT_EQ(open.disk->use().objects, 0U);
}

TEST_F(DiskFailure, FullDiskAnswersErrorsAndKeepsReading) {
  support::ChildProcess child([this](const auto&) {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{4 << 20, 4 << 20};
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) return 1;
    OpenDisk open(options);
    if (!open.client.put_large("/early", open.disk->next_id(), body_of(1, kLarge))) return 2;
    base::Status last;
    std::vector<std::unique_ptr<DiskWrite>> writes;  // unfinished, so that nothing can be evicted for them
    for (int i = 0; i < 40 && (last || last.error().code == base::Errc::System); ++i) {
      writes.push_back(open.disk->begin(base::hash128("/late"), open.disk->next_id(), 0));
      last = open.client.put_chunks(*writes.back(), body_of(2, kLarge));
    }
    if (last || last.error().code != base::Errc::Unavailable) return 3;  // suspended after several failures
    const auto early = open.client.find("/early");
    if (!early) return 4;
    const auto body = open.client.read_body(**early);
    return body && *body == body_of(1, kLarge) ? 0 : 5;
  });
  EXPECT_EQ(child.wait(), 0);
  OpenDisk open(options);
  EXPECT_TRUE(open.client.find("/early"));
  EXPECT_TRUE(open.client.put_large("/late", open.disk->next_id(), body_of(2, kLarge)));
}

TEST_F(DiskFailure, StrangersReadTransactionCostsErrorsOnlyUntilItEnds) {
  {
    const OpenDisk open(options);
  }
  support::ChildProcess stranger([this](const auto& tell) {
    auto env = lmdb::Env::open({.folder = options.folder + "/shard-0", .map_bytes = options.budget_bytes});
    if (!env) return 1;
    auto txn = lmdb::Txn::begin(*env, lmdb::Txn::Mode::Read);
    tell(txn ? 1 : 0);
    for (;;) ::pause();
  });
  ASSERT_EQ(stranger.next(), 1U);
  OpenDisk open(options);
  base::Result<PinRef> last;
  for (int i = 0; i < 100 && last; ++i) {
    last = open.client.put_large("/a", open.disk->next_id(), body_of(1, 10 * base::kChunkBytes));
  }
  ASSERT_FALSE(last);
  EXPECT_EQ(last.error().code, base::Errc::Limit) << last.error().text;
  EXPECT_GT(open.disk->use().map_full, 0U);
  stranger.kill();
  EXPECT_TRUE(eventually([&] {
    return open.client.put_large("/b", open.disk->next_id(), body_of(2, 10 * base::kChunkBytes)).has_value();
  }));
}

}  // namespace
}  // namespace store
