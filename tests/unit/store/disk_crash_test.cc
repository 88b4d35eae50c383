// SPDX-License-Identifier: Apache-2.0
// Kills a process that writes, again and again on the same files, and looks at what the next one finds.
#include <gtest/gtest.h>

#include <vector>

#include "edge/base/random.h"
#include "store/disk/lmdb_disk.h"
#include "tests/support/child_process.h"
#include "tests/support/disk_client.h"
#include "tests/support/temp_folder.h"

namespace store {
namespace {

using support::body_of;

constexpr std::uint64_t kNames = 60;

std::string name_of(std::uint64_t n) { return "/" + std::to_string(n % kNames); }
std::size_t bytes_of(std::uint64_t n) {
  return n % 3 == 0 ? 1 + n % 5000 : (1 + n % 7) * base::kChunkBytes + n % 1000;
}

DiskOptions options_in(const std::string& folder) {
  return {.folder = folder, .budget_bytes = 96 << 20, .commit_interval = std::chrono::milliseconds(1)};
}

/// Writes object after object, each with a body of its own, and tells the number of each whose commit was
/// answered.
int write_forever(const std::string& folder, std::uint64_t first, const support::ChildProcess::Tell& tell) {
  support::ThreadExecutor home;
  auto disk = LmdbDisk::open(options_in(folder), support::decode_meta);
  if (!disk) return 1;
  support::DiskClient client(**disk, home);
  for (std::uint64_t n = first;; ++n) {
    const ObjectId id = (*disk)->next_id();
    auto object = support::make_object(name_of(n), id, body_of(n, bytes_of(n)));
    object->meta += " " + std::to_string(n);
    if (object->single()) {
      (*disk)->put(object);
      continue;
    }
    auto write = (*disk)->begin(object->key, id, 0);
    if (!client.put_chunks(*write, body_of(n, bytes_of(n)))) return 2;
    if (!client.commit(*write, object)) return 3;
    tell(n);
  }
}

/// The number of the version under `name`, after comparing all its bytes; 0 if there is none.
std::uint64_t check(LmdbDisk& disk, support::DiskClient& client, const std::string& name) {
  const auto found = client.find(name);
  if (!found) {
    EXPECT_EQ(found.error().code, base::Errc::NotFound) << found.error().text;
    return 0;
  }
  const Object& object = **found;
  const std::uint64_t n = std::stoull(object.meta.substr(object.meta.rfind(' ')));
  EXPECT_EQ(object.body_bytes, bytes_of(n));
  if (object.single()) {
    EXPECT_EQ(object.body->view(), body_of(n, bytes_of(n)));
    return n;
  }
  const PinRef pin = disk.pin(object.key, object.id);
  EXPECT_NE(pin, nullptr);
  const auto body = client.read_body(object);
  EXPECT_TRUE(body) << body.error().text;
  EXPECT_TRUE(body && *body == body_of(n, bytes_of(n))) << n;
  return n;
}

TEST(DiskCrash, KilledWriterLosesNothingAnsweredAndLeavesNothingHalf) {
  const support::TempFolder folder;
  base::Random random(7);
  std::vector<std::uint64_t> answered(kNames, 0);
  std::uint64_t last = 1;
  for (int round = 0; round < 12; ++round) {
    {
      support::ChildProcess child(
          [&](const auto& tell) { return write_forever(folder.path(), last + 1, tell); });
      for (std::uint64_t told = 0, wanted = 3 + random.below(40); told < wanted; ++told) {
        const auto n = child.next();
        ASSERT_TRUE(n) << "the writer ended by itself with " << child.wait();
        answered[*n % kNames] = *n;
        last = *n;
      }
      child.kill();
    }
    last += 1000;  // numbers that the child wrote but could not tell
    support::ThreadExecutor home;
    auto disk = LmdbDisk::open(options_in(folder.path()), support::decode_meta);
    ASSERT_TRUE(disk) << disk.error().text;
    support::DiskClient client(**disk, home);
    for (std::uint64_t name = 0; name < kNames; ++name) {
      EXPECT_GE(check(**disk, client, "/" + std::to_string(name)), answered[name]);
    }
    EXPECT_EQ((*disk)->use().read_errors, 0U);
    EXPECT_EQ((*disk)->use().evictions, 0U);  // or the test proves nothing
  }
}

TEST(DiskCrash, KilledWriterLeaksNoPages) {
  const support::TempFolder folder;
  for (int round = 0; round < 5; ++round) {
    support::ChildProcess child([&](const auto& tell) {
      support::ThreadExecutor home;
      auto disk = LmdbDisk::open(options_in(folder.path()), support::decode_meta);
      if (!disk) return 1;
      support::DiskClient client(**disk, home);
      auto write = (*disk)->begin(base::hash128("/a"), (*disk)->next_id(), 0);
      if (!client.put_chunks(*write, body_of(1, 20 * base::kChunkBytes))) return 2;
      tell(1);
      for (;;) ::pause();
    });
    ASSERT_TRUE(child.next());
  }
  support::ThreadExecutor home;
  auto disk = LmdbDisk::open(options_in(folder.path()), support::decode_meta);
  ASSERT_TRUE(disk);
  EXPECT_TRUE(support::eventually([&] { return (*disk)->use().bytes < 10 * base::kChunkBytes; }));
}

}  // namespace
}  // namespace store
