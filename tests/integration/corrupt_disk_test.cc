// SPDX-License-Identifier: Apache-2.0
// Disk files that were damaged while the edge was away: it starts all the same, drops what it cannot use, and
// never serves a wrong byte. SELVAGE_TEST_DAMAGES sets how many random damages are tried of each kind.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>

#include "tests/integration/catalogue.h"
#include "tests/integration/purge_scene.h"

namespace harness {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr unsigned kObjects = 30;
constexpr std::uint64_t kPage = 4096;

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

class CorruptDisk : public testing::Test {
 protected:
  /// Fills the disk once and keeps a copy of it, with which each damage begins.
  void SetUp() override {
    std::cout << "SELVAGE_TEST_SEED=" << seed << std::endl;
    catalogue.offer(scene.origin);
    scene.begin(1, {.disk = "256MiB"});
    ASSERT_TRUE(serves_all());
    // What came while the writer was behind stays in memory, and is written when it is asked for again.
    ASSERT_TRUE(wait_until([&] {
      if (!scene.settled()) return false;
      return edge().metric("selvage_disk_objects") == kObjects || (serves_all(), false);
    }));
    ASSERT_EQ(edge().process().stop(), 0);
    fs::copy(edge().cache_folder(), sound(), fs::copy_options::recursive);
  }
  void TearDown() override { std::cout << all_crashes << " crashes" << std::endl; }
  Edge& edge() { return scene.edge(); }
  std::string sound() const { return scene.folder / "sound"; }
  std::vector<std::string> data_files() {
    return {edge().cache_folder() + "/shard-0/data.mdb", edge().cache_folder() + "/shard-1/data.mdb"};
  }
  /// Asks for everything; whether all of it came whole. What claims to be whole is right in any case.
  bool serves_all() {
    Client client(edge().client_options());
    bool all = true;
    for (unsigned number = 0; number < kObjects; ++number) {
      Request request = scene.request(Catalogue::path_of(number));
      request.keep_body = false;
      const Response response = client.perform(std::move(request));
      EXPECT_TRUE(catalogue.is_right(number, response));
      all = all && response.ok();
    }
    return all;
  }
  /// Whether the edge starts, serves everything (what turns out broken on its way is cut off, and whole when
  /// asked for again), writes and stops.
  bool lives() {
    if (!edge().start() || !edge().wait_ready()) return false;
    serves_all();
    return serves_all() && scene.settled() && edge().process().stop() == 0;
  }
  /// Damages the sound files, then lets the edge start. LMDB ends the process when it meets pages that make
  /// no sense: at most once for each shard, since the next start empties that.
  void survive(const std::function<void()>& damage) {
    fs::remove_all(edge().cache_folder());
    fs::copy(sound(), edge().cache_folder(), fs::copy_options::recursive);
    damage();
    unsigned crashes = 0;
    while (!lives() && ++crashes <= data_files().size()) {
      EXPECT_TRUE(wait_until([this] { return !edge().running(); })) << edge().output();  // its end may take a moment
    }
    EXPECT_LE(crashes, data_files().size()) << edge().output();
    all_crashes += crashes;
    // Whatever it was, it is over.
    EXPECT_TRUE(lives()) << edge().output();
  }
  void overwrite(const std::string& file, std::uint64_t offset, const std::string& bytes) const {
    std::fstream out(file, std::ios::in | std::ios::out | std::ios::binary);
    out.seekp(static_cast<std::streamoff>(offset));
    out << bytes;
  }
  /// One page in so many, but not the first two, without which nothing opens.
  void overwrite_pages(std::uint64_t one_in, const std::function<std::string()>& bytes) {
    for (const std::string& file : data_files()) {
      const std::uint64_t pages = fs::file_size(file) / kPage;
      for (std::uint64_t page = 2; page < pages; ++page) {
        if (random() % one_in == 0) overwrite(file, page * kPage, bytes());
      }
    }
  }
  std::string garbage(std::uint64_t bytes) { return SeededBody(random(), bytes).text(); }

  const std::uint64_t seed = from_environment("SELVAGE_TEST_SEED", std::random_device()());
  const std::uint64_t damages = from_environment("SELVAGE_TEST_DAMAGES", 1);
  unsigned all_crashes = 0;
  std::mt19937_64 random{seed};
  Catalogue catalogue{seed};
  PurgeScene scene;
};

TEST_F(CorruptDisk, CutOffAnywhere) {
  for (const double part : {0.0, 0.1, 0.6}) {
    survive([&] {
      for (const std::string& file : data_files()) {
        fs::resize_file(file, static_cast<std::uint64_t>(part * static_cast<double>(fs::file_size(file))));
      }
    });
    if (HasFailure()) FAIL() << "cut off at " << part;
  }
}

TEST_F(CorruptDisk, GarbageInPlaceOfTheFirstPages) {
  // The last more than once: which garbage makes LMDB copy over the heap is luck.
  for (const auto& [first, pages] :
       {std::pair(0, 1), std::pair(0, 2), std::pair(2, 8), std::pair(2, 8), std::pair(2, 8)}) {
    survive([&] {
      for (const std::string& file : data_files()) overwrite(file, first * kPage, garbage(pages * kPage));
    });
    if (HasFailure()) FAIL() << pages << " pages from " << first;
  }
}

TEST_F(CorruptDisk, GarbageInPlaceOfWholePages) {
  for (std::uint64_t i = 0; i < damages; ++i) {
    survive([&] { overwrite_pages(std::uint64_t{2} << random() % 6, [this] { return garbage(kPage); }); });
    if (HasFailure()) FAIL() << "damage " << i;
  }
}

TEST_F(CorruptDisk, ZerosInPlaceOfWholePages) {
  for (std::uint64_t i = 0; i < damages; ++i) {
    survive(
        [&] { overwrite_pages(std::uint64_t{2} << random() % 6, [] { return std::string(kPage, '\0'); }); });
    if (HasFailure()) FAIL() << "damage " << i;
  }
}

TEST_F(CorruptDisk, SingleBytesAnywhere) {
  for (std::uint64_t i = 0; i < damages; ++i) {
    survive([&] {
      for (const std::string& file : data_files()) {
        for (int n = 0; n < 1'000; ++n) overwrite(file, random() % fs::file_size(file), garbage(1));
      }
    });
    if (HasFailure()) FAIL() << "damage " << i;
  }
}

TEST_F(CorruptDisk, ALostShardCostsTheOtherNothing) {
  survive([&] { fs::resize_file(data_files()[0], 0); });
  EXPECT_THAT(edge().output(), testing::Not(HasSubstr("shard-1")));
}

}  // namespace
}  // namespace harness
