// SPDX-License-Identifier: Apache-2.0
// Writes several times the budget and looks whether LMDB ever ran out of pages.
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "edge/base/random.h"
#include "store/disk/lmdb_disk.h"
#include "tests/support/disk_client.h"
#include "tests/support/temp_folder.h"

namespace store {
namespace {

using support::body_of;
using support::eventually;
using support::make_object;

struct Load {
  const char* name;
  std::uint64_t budget_bytes;
  unsigned shards;
  std::size_t (*bytes_of)(std::uint64_t n);
};
void PrintTo(const Load& load, std::ostream* out) { *out << load.name; }

std::size_t mixed(std::uint64_t n) {
  const std::uint64_t hash = base::hash64(std::to_string(n));
  switch (hash % 8) {
    case 0: return 10 * base::kChunkBytes + hash % 50'000;
    case 1: return base::kChunkBytes;
    case 2:
    case 3: return 1 + hash % 60'000;
    default: return 1 + hash % 8'000;
  }
}
std::size_t tiny(std::uint64_t n) { return n % 50 == 0 ? 4 * base::kChunkBytes : 200 + n % 300; }
std::size_t large(std::uint64_t n) { return (10 + n % 50) * base::kChunkBytes; }
std::size_t odd(std::uint64_t n) { return 1 + base::hash64(std::to_string(n)) % base::kChunkBytes; }

std::uint64_t file_bytes(const std::string& folder) {
  std::uint64_t bytes = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().filename() == "data.mdb") bytes += entry.file_size();
  }
  return bytes;
}

/// Resident pages of this process that belong to files, in bytes.
std::uint64_t resident_file_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("RssFile:")) return std::stoull(line.substr(8)) * 1024;
  }
  return 0;
}

class DiskBudget : public testing::TestWithParam<Load> {
 protected:
  /// Writes object `n`, waiting for large ones as a fetch does.
  void write(LmdbDisk& disk, support::DiskClient& client, std::uint64_t n) {
    const std::string text = "/" + std::to_string(n % 20'000);
    const std::size_t bytes = GetParam().bytes_of(n);
    const ObjectId id = disk.next_id();
    auto object = make_object(text, id, body_of(n, bytes));
    object->meta += " " + std::to_string(n);
    written_bytes += bytes;
    if (object->single()) {
      disk.put(object);
      // Small objects come no faster than the disk takes them.
      ASSERT_TRUE(support::eventually([&] { return disk.use().queued_bytes < (1U << 20); }));
      return;
    }
    auto write = disk.begin(object->key, id, bytes);
    const auto stored = client.put_chunks(*write, body_of(n, bytes));
    ASSERT_TRUE(stored) << stored.error().text;
    const auto pin = client.commit(*write, object);
    ASSERT_TRUE(pin) << pin.error().text;
  }
  /// Reads whatever is there under a name and checks it against what was written.
  void read(LmdbDisk& disk, support::DiskClient& client, std::uint64_t name) {
    const auto found = client.find("/" + std::to_string(name));
    if (!found) {
      ASSERT_EQ(found.error().code, base::Errc::NotFound) << found.error().text;
      return;
    }
    const Object& object = **found;
    const std::uint64_t n = std::stoull(object.meta.substr(object.meta.rfind(' ')));
    ASSERT_EQ(object.body_bytes, GetParam().bytes_of(n));
    if (object.single()) {
      ASSERT_EQ(object.body->view(), body_of(n, object.body_bytes));
    } else {
      const PinRef pin = disk.pin(object.key, object.id);
      if (!pin) return;  // evicted meanwhile
      const auto body = client.read_body(object);
      ASSERT_TRUE(body) << body.error().text;
      ASSERT_TRUE(*body == body_of(n, object.body_bytes)) << n;
    }
    ++reads;
  }

  std::uint64_t written_bytes = 0;
  std::atomic<std::uint64_t> reads{0};
};

TEST_P(DiskBudget, IsKeptWhileReadersReadAndNoPageRunsOut) {
  const Load& load = GetParam();
  const support::TempFolder folder;
  support::ThreadExecutor home;
  auto opened = LmdbDisk::open({.folder = folder.path(),
                                .budget_bytes = load.budget_bytes,
                                .shards = load.shards,
                                .commit_interval = std::chrono::milliseconds(1)},
                               support::decode_meta);
  ASSERT_TRUE(opened) << opened.error().text;
  LmdbDisk& disk = **opened;
  std::atomic<std::uint64_t> last{0};
  std::atomic<bool> done{false};
  std::thread reader([&] {
    support::DiskClient client(disk, home);
    base::Random random(1);
    while (!done && !HasFatalFailure()) read(disk, client, (last + 20'000 - random.below(500)) % 20'000);
  });
  support::DiskClient client(disk, home);
  while (written_bytes < 5 * load.budget_bytes && !HasFatalFailure()) write(disk, client, last++);
  done = true;
  reader.join();
  const Disk::Use use = disk.use();
  EXPECT_EQ(use.map_full, 0U);
  EXPECT_EQ(use.read_errors, 0U);
  EXPECT_EQ(use.dropped_writes, 0U);
  EXPECT_GT(use.evictions, 0U);
  EXPECT_GT(use.bytes, load.budget_bytes / 2);  // and the budget is used
  EXPECT_LE(file_bytes(folder.path()), load.budget_bytes);
  EXPECT_LE(use.file_bytes, load.budget_bytes);
  EXPECT_GT(reads.load(), 10U);
}

TEST(DiskResidence, ReadingAndEvictingDoNotMapTheDataIntoTheProcess) {
  const support::TempFolder folder;
  support::ThreadExecutor home;
  auto disk = LmdbDisk::open({.folder = folder.path(),
                              .budget_bytes = 64 << 20,
                              .shards = 1,
                              .commit_interval = std::chrono::milliseconds(1)},
                             support::decode_meta);
  ASSERT_TRUE(disk) << disk.error().text;
  support::DiskClient client(**disk, home);
  const std::uint64_t before = resident_file_bytes();
  ASSERT_GT(before, 0U);
  const std::string body = body_of(1, 50 * base::kChunkBytes);
  std::uint64_t largest = 0;
  for (int i = 0; i < 30; ++i) {
    const std::string name = "/" + std::to_string(i);
    const ObjectId id = (*disk)->next_id();
    const auto pin = client.put_large(name, id, body);
    ASSERT_TRUE(pin) << pin.error().text;
    const auto found = client.find(name);
    ASSERT_TRUE(found);
    ASSERT_TRUE(*client.read_body(**found) == body);
    largest = std::max(largest, resident_file_bytes());
  }
  EXPECT_GT((*disk)->use().evictions, 0U);
  EXPECT_LT(largest, before + (20 << 20));
}

TEST(DiskResidence, LookUpsInALargeIndexDoNotMapTheDataIntoTheProcess) {
  const support::TempFolder folder;
  support::ThreadExecutor home;
  auto disk =
      LmdbDisk::open({.folder = folder.path(), .budget_bytes = 256 << 20, .shards = 1}, support::decode_meta);
  ASSERT_TRUE(disk) << disk.error().text;
  support::DiskClient client(**disk, home);
  const std::uint64_t before = resident_file_bytes();
  std::uint64_t largest = 0;
  const std::string body = body_of(1, 20'000);
  for (int i = 0; i < 6000; ++i) {
    (*disk)->put(make_object("/" + std::to_string(i), (*disk)->next_id(), body));
    if (i % 100 != 0) continue;
    ASSERT_TRUE(eventually([&] { return (*disk)->use().queued_bytes < (8 << 20); }));
    largest = std::max(largest, resident_file_bytes());
  }
  ASSERT_TRUE(eventually([&] { return (*disk)->may_have(base::hash128("/5999")); }));
  for (int i = 0; i < 6000; i += 5) {
    ASSERT_TRUE(client.find("/" + std::to_string(i)));
    if (i % 100 == 0) largest = std::max(largest, resident_file_bytes());
  }
  EXPECT_LT(largest, before + (24 << 20));
}

INSTANTIATE_TEST_SUITE_P(Sizes, DiskBudget,
                         testing::Values(Load{"mixed", 40 << 20, 2, mixed}, Load{"tiny", 16 << 20, 1, tiny},
                                         Load{"large", 64 << 20, 2, large}, Load{"odd", 16 << 20, 1, odd}),
                         [](const auto& parameter) { return std::string(parameter.param.name); });

}  // namespace
}  // namespace store
