// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "edge/base/random.h"
#include "store/disk/lmdb_disk.h"
#include "tests/support/disk_client.h"
#include "tests/support/temp_folder.h"

namespace store {
namespace {

using support::body_of;

constexpr std::uint64_t kNames = 100;

/// One client: puts, large writes given up halfway or not, erases, reads with comparison, pins held for a
/// while.
void use_disk(LmdbDisk& disk, base::Executor& home, std::uint64_t seed, std::atomic<std::uint64_t>& reads) {
  support::DiskClient client(disk, home);
  base::Random random(seed);
  std::vector<PinRef> pins;
  for (int i = 0; i < 400; ++i) {
    const std::string name = "/" + std::to_string(random.below(kNames));
    const Key key = base::hash128(name);
    const ObjectId id = disk.next_id();
    switch (random.below(8)) {
      case 0:
      case 1: disk.put(support::make_object(name, id, body_of(id, 1 + random.below(20'000)))); break;
      case 2: {
        const std::string body = body_of(id, (1 + random.below(4)) * base::kChunkBytes + 5);
        auto pin = client.put_large(name, id, body);
        if (pin && random.one_in(2)) pins.push_back(*std::move(pin));
        break;
      }
      case 3: {
        auto write = disk.begin(key, id, 0);
        static_cast<void>(client.put_chunks(*write, body_of(id, 2 * base::kChunkBytes)));
        break;
      }
      case 4:
        if (random.one_in(4)) disk.erase(key);
        pins.resize(pins.size() / 2);
        break;
      default: {
        const auto found = client.find(name);
        if (!found) {
          ASSERT_EQ(found.error().code, base::Errc::NotFound) << found.error().text;
          break;
        }
        const Object& object = **found;
        const std::string expected = body_of(object.id, object.body_bytes);
        if (object.single()) {
          ASSERT_EQ(object.body->view(), expected);
        } else if (const PinRef pin = disk.pin(key, object.id)) {
          const auto body = client.read_body(object);
          ASSERT_TRUE(body) << body.error().text;
          ASSERT_TRUE(*body == expected);
        }
        ++reads;
      }
    }
  }
}

TEST(DiskStress, ManyClientsReadWhatWasWritten) {
  const support::TempFolder folder;
  support::ThreadExecutor home;
  auto disk = LmdbDisk::open({.folder = folder.path(),
                              .budget_bytes = 32 << 20,
                              .shards = 2,
                              .commit_interval = std::chrono::milliseconds(1)},
                             support::decode_meta);
  ASSERT_TRUE(disk) << disk.error().text;
  std::atomic<std::uint64_t> removed{0};
  (*disk)->on_removed([&](const Key&, ObjectId) { ++removed; });
  std::atomic<std::uint64_t> reads{0};
  std::atomic<bool> done{false};
  std::thread watcher([&] {
    while (!done) {
      ASSERT_LE((*disk)->use().file_bytes, 32U << 20);
      std::this_thread::yield();
    }
  });
  std::vector<std::thread> clients;
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    clients.emplace_back([&, seed] { use_disk(**disk, home, seed, reads); });
  }
  for (std::thread& client : clients) client.join();
  done = true;
  watcher.join();
  EXPECT_GT(reads.load(), 100U);
  EXPECT_EQ((*disk)->use().map_full, 0U);
  EXPECT_EQ((*disk)->use().read_errors, 0U);
}

}  // namespace
}  // namespace store
