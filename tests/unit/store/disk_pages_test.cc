// SPDX-License-Identifier: Apache-2.0
// LMDB's pages that say what is not so: the store opens nevertheless, and what it serves is right. What LMDB
// itself does not survive condemns the shard; if it has first written over the heap, the process may die
// elsewhere once before.
#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <iostream>
#include <random>
#include <vector>

#include "store/disk/lmdb_disk.h"
#include "tests/support/child_process.h"
#include "tests/support/disk_client.h"
#include "tests/support/temp_folder.h"

namespace store {
namespace {

using support::body_of;

constexpr std::uint64_t kObjects = 24;
constexpr std::size_t kPageBytes = 4096;
constexpr int kTurns = 300;

std::string name_of(std::uint64_t n) { return "/" + std::to_string(n); }
std::size_t bytes_of(std::uint64_t n) { return 1 + n * n * 97 % 9000; }

class DiskPages : public testing::Test {
 protected:
  DiskOptions options() const {
    return {.folder = folder.path(),
            .budget_bytes = 16 << 20,
            .shards = 1,
            .commit_interval = std::chrono::milliseconds(1)};
  }
  std::string file() const { return folder.path() + "/shard-0/data.mdb"; }

  /// In a process of its own, as it may die: fills an empty store.
  int fill() const {
    support::ChildProcess child([this](const auto&) {
      support::ThreadExecutor home;
      auto disk = LmdbDisk::open(options(), support::decode_meta);
      if (!disk) return 1;
      support::DiskClient client(**disk, home);
      for (std::uint64_t n = 0; n < kObjects; ++n) {
        if (client.put(name_of(n), body_of(n, bytes_of(n))) == 0) return 2;
      }
      return 0;
    });
    return child.wait();
  }
  /// Opens, compares all that is found, writes. 0: well. 1: not opened, 2: wrong bytes; -1: died.
  int use() const {
    support::ChildProcess child([this](const auto&) {
      support::ThreadExecutor home;
      auto disk = LmdbDisk::open(options(), support::decode_meta);
      if (!disk) {
        std::cerr << disk.error().text << '\n';
        return 1;
      }
      support::DiskClient client(**disk, home);
      for (std::uint64_t n = 0; n < kObjects; ++n) {
        const auto found = client.find(name_of(n));
        if (found && (!(*found)->body || (*found)->body->view() != body_of(n, bytes_of(n)))) return 2;
      }
      (*disk)->put(support::make_object("/new", (*disk)->next_id(), body_of(99, 3000)));
      return 0;
    });
    return child.wait();
  }
  std::string read_file() const {
    std::ifstream in(file(), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void write_file(const std::string& bytes) const {
    std::ofstream(file(), std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }

  /// One byte changed: the third start at the latest serves nothing wrong, and writes.
  void survive(const std::string& sound, std::size_t at, char change) const;

  support::TempFolder folder;
};

void DiskPages::survive(const std::string& sound, std::size_t at, char change) const {
  std::string damaged = sound;
  damaged[at] = static_cast<char>(damaged[at] ^ change);
  write_file(damaged);
  int outcome = use();
  EXPECT_NE(outcome, 2) << "byte " << at;
  for (int again = 0; again < 2 && outcome != 0; ++again) outcome = use();
  ASSERT_EQ(outcome, 0) << "byte " << at;
}

// Number, flags, lower and upper bound of the free space; of the meta pages what comes behind, too: roots,
// last page.
TEST_F(DiskPages, AHeaderThatLiesIsSurvived) {
  ASSERT_EQ(fill(), 0);
  const std::string sound = read_file();
  ASSERT_GE(sound.size(), 16 * kPageBytes);
  for (std::size_t page = 0; page < sound.size() / kPageBytes; ++page) {
    for (const std::size_t place : {0, 10, 12, 14, 40, 128, 142})
      survive(sound, page * kPageBytes + place, 0x15);
  }
}

// Where LMDB keeps what it knows of the three databases: a broken root is met in the middle of the opening.
TEST_F(DiskPages, ADatabaseThatIsElsewhereIsSurvived) {
  ASSERT_EQ(fill(), 0);
  const std::string sound = read_file();
  std::size_t pages = 0;
  for (std::size_t at = 0; at < sound.size(); at += kPageBytes) {
    if (sound.substr(at, kPageBytes).find("orphans") == std::string::npos) continue;
    ++pages;
    for (std::size_t place = kPageBytes - 200; place < kPageBytes; ++place) survive(sound, at + place, 0x15);
  }
  EXPECT_GE(pages, 1U);
}

TEST_F(DiskPages, AnyByteThatChangesIsSurvived) {
  ASSERT_EQ(fill(), 0);
  const std::string sound = read_file();
  std::vector<std::size_t> pages;
  for (std::size_t page = 0; page < sound.size() / kPageBytes; ++page) {
    constexpr int kBranchLeafOrMeta = 0x01 | 0x02 | 0x08;
    if ((sound[page * kPageBytes + 10] & kBranchLeafOrMeta) != 0) pages.push_back(page);
  }
  std::mt19937_64 random(1);
  for (int turn = 0; turn < kTurns; ++turn) {
    const std::size_t page = pages[random() % pages.size()];
    const auto place = static_cast<std::size_t>(random() % kPageBytes);
    survive(sound, page * kPageBytes + place, static_cast<char>(1 + random() % 255));
  }
}

}  // namespace
}  // namespace store
