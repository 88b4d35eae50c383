// SPDX-License-Identifier: Apache-2.0
// What the tiers cost as the number of objects grows tenfold at a time: look-ups, insertions (also the
// longest, which a table's growth makes), memory of each object as the process has it beside what the tier
// counts, and how long a disk with so many objects takes to open. Objects of 300 bytes of meta and 64 of
// body, with next to nothing decoded: those of the edge itself are tests/bench/growth's.
//   store-growth memory|index|disk [most objects, 1000000]
// `index` is the memory that one shard of the disk keeps, alone. Prints a Markdown table.
#include <algorithm>
#include <cstdio>
#include <random>
#include <string_view>
#include <thread>

#include "edge/base/check.h"
#include "store/disk/disk_index.h"
#include "store/disk/lmdb_disk.h"
#include "store/memory/memory_tier.h"
#include "tests/bench/measuring.h"
#include "tests/support/disk_client.h"
#include "tests/support/temp_folder.h"

namespace {

using measuring::Clock;
using measuring::cpu_seconds;
using measuring::resident;
using measuring::seconds_since;

constexpr std::size_t kFirst = 10'000;
constexpr std::size_t kMetaBytes = 300;
constexpr std::size_t kBodyBytes = 64;
constexpr std::size_t kFinds = 1 << 19;
constexpr std::size_t kDiskFinds = 1 << 17;
constexpr std::size_t kDiskAtOnce = 1024;
constexpr std::uint64_t kQueuedMax = 32ULL << 20;

double nanoseconds_of(Clock::time_point begin, std::size_t each) {
  return 1e9 * seconds_since(begin) / static_cast<double>(each);
}

std::string name_of(std::size_t number) { return "www www.example.com/objects/" + std::to_string(number); }

store::ObjectRef object_of(std::size_t number, store::ObjectId id) {
  static const std::string body = support::body_of(1, kBodyBytes);
  auto object = support::make_object(name_of(number), id, body);
  object->meta.resize(kMetaBytes, 'm');
  object->meta.shrink_to_fit();
  return object;
}

/// Names at random of the first `count`, in the order in which they are asked for.
std::vector<std::pair<store::Key, std::string>> drawn(std::size_t count, std::size_t finds) {
  std::mt19937_64 random(count);
  std::vector<std::pair<store::Key, std::string>> names;
  names.reserve(finds);
  for (std::size_t i = 0; i < finds; ++i) {
    std::string text = name_of(random() % count);
    const store::Key key = base::hash128(text);
    names.emplace_back(key, std::move(text));
  }
  return names;
}

/// 10^4, 10^5, … up to `most`.
std::vector<std::size_t> steps(std::size_t most) {
  std::vector<std::size_t> counts;
  for (std::size_t count = kFirst; count <= most; count *= 10) counts.push_back(count);
  return counts;
}

/// How long calls take: one on average, and the longest by the thread's CPU, so that nobody else's turn
/// counts.
class Calls {
 public:
  template <typename Call>
  void time(Call call) {
    const double cpu = cpu_seconds(CLOCK_THREAD_CPUTIME_ID);
    const auto begin = Clock::now();
    call();
    sum_ += seconds_since(begin);
    longest_ = std::max(longest_, cpu_seconds(CLOCK_THREAD_CPUTIME_ID) - cpu);
    ++count_;
  }
  double nanoseconds() const { return 1e9 * sum_ / static_cast<double>(count_); }
  double longest_milliseconds() const { return 1000 * longest_; }

 private:
  std::size_t count_ = 0;
  double sum_ = 0;
  double longest_ = 0;
};

void memory(std::size_t most) {
  std::puts(
      "| objects in memory | ns a find | ns an insertion | longest insertion, ms | bytes of each | as the "
      "tier counts |");
  std::puts("|---:|---:|---:|---:|---:|---:|");
  const double before = resident();
  store::MemoryTier tier({.budget_bytes = 32ULL << 30});
  std::size_t there = 0;
  for (const std::size_t count : steps(most)) {
    Calls insertions;
    for (; there < count; ++there) {
      store::ObjectRef object = object_of(there, there + 1);
      insertions.time([&] { tier.insert(std::move(object)); });
    }
    const double bytes = resident() - before;
    const auto names = drawn(count, kFinds);
    const auto begin = Clock::now();
    for (const auto& [key, text] : names) CHECK(tier.find(key, text));
    const auto all = static_cast<double>(count);
    std::printf("| %zu | %.0f | %.0f | %.2f | %.0f | %.0f |\n", count, nanoseconds_of(begin, kFinds),
                insertions.nanoseconds(), insertions.longest_milliseconds(), bytes / all,
                static_cast<double>(tier.use().bytes) / all);
  }
}

void index(std::size_t most) {
  std::puts(
      "| objects in the index | ns to say yes | ns to say no | longest publication, ms | bytes of each | as "
      "it counts |");
  std::puts("|---:|---:|---:|---:|---:|---:|");
  const double before = resident();
  const auto index = std::make_shared<store::DiskIndex>();
  std::size_t there = 0;
  for (const std::size_t count : steps(most)) {
    Calls publications;
    for (; there < count; ++there) {
      const store::Key key = base::hash128(name_of(there));
      publications.time([&] { index->publish({key, there + 1, false}, false); });
    }
    const double bytes = resident() - before;
    auto names = drawn(count, kFinds);
    auto begin = Clock::now();
    for (const auto& [key, text] : names) CHECK(index->has(key));
    const double yes = nanoseconds_of(begin, kFinds);
    for (auto& [key, text] : names) key.low ^= 0x5555;
    begin = Clock::now();
    for (const auto& [key, text] : names) CHECK(!index->has(key));
    const auto all = static_cast<double>(count);
    std::printf("| %zu | %.0f | %.0f | %.2f | %.0f | %.0f |\n", count, yes, nanoseconds_of(begin, kFinds),
                publications.longest_milliseconds(), bytes / all,
                static_cast<double>(index->memory_bytes()) / all);
  }
}

/// A disk tier in a folder of its own that is filled, closed and opened anew.
class Disk {
 public:
  explicit Disk(std::size_t most) : budget_(std::max<std::uint64_t>(1ULL << 30, std::uint64_t{most} * 2048)) {
    open();
  }

  /// Objects a second.
  double fill(std::size_t count) {
    const auto begin = Clock::now();
    const std::size_t first = there_;
    for (; there_ < count; ++there_) {
      if (there_ % 256 == 0) wait_queued(kQueuedMax);
      disk_->put(object_of(there_, disk_->next_id()));
    }
    wait_queued(0);
    CHECK(support::eventually([&] { return disk_->use().objects == count; }));
    CHECK(disk_->use().dropped_writes == 0 && disk_->use().evictions == 0);
    return static_cast<double>(count - first) / seconds_since(begin);
  }

  /// Microseconds of CPU of all threads, for each find.
  double find(std::size_t count) {
    const auto names = drawn(count, kDiskFinds);
    const double begin = cpu_seconds();
    measuring::Flight flight(kDiskAtOnce);
    for (const auto& [key, text] : names) {
      flight.begin();
      disk_->find(key, text, home_,
                  [&](base::Result<store::ObjectRef> found) { flight.end(found.has_value()); });
    }
    CHECK(flight.over());
    return 1e6 * (cpu_seconds() - begin) / kDiskFinds;
  }

  /// Seconds of a start, and the memory that it takes; `cold`: nothing of the files in the page cache.
  struct Opened {
    double seconds;
    double bytes;
  };
  Opened reopen(bool cold) {
    disk_.reset();
    if (cold) measuring::forget(folder_.path());
    const double before = resident();
    const auto begin = Clock::now();
    open();
    return {seconds_since(begin), resident() - before};
  }

  store::Disk::Use use() const { return disk_->use(); }

 private:
  void open() {
    auto opened =
        store::LmdbDisk::open({.folder = folder_.path(), .budget_bytes = budget_}, support::decode_meta);
    CHECK(opened);
    disk_ = std::move(*opened);
  }
  void wait_queued(std::uint64_t bytes) {
    CHECK(support::eventually([&] { return disk_->use().queued_bytes <= bytes; }));
  }

  std::uint64_t budget_;
  support::TempFolder folder_;
  support::ThreadExecutor home_;
  std::unique_ptr<store::LmdbDisk> disk_;
  std::size_t there_ = 0;
};

void disk(std::size_t most) {
  std::puts(
      "| objects on disk | objects/s written | bytes of file each | CPU µs a find | start, s | start, page "
      "cache empty, s "
      "| index bytes of each | as it counts |");
  std::puts("|---:|---:|---:|---:|---:|---:|---:|---:|");
  Disk disk(most);
  for (const std::size_t count : steps(most)) {
    const double rate = disk.fill(count);
    const double find = disk.find(count);
    const Disk::Opened warm = disk.reopen(false);
    const Disk::Opened cold = disk.reopen(true);
    const auto all = static_cast<double>(count);
    const store::Disk::Use use = disk.use();
    CHECK(use.objects == count);
    std::printf("| %zu | %.0f | %.0f | %.1f | %.3f | %.3f | %.0f | %.0f |\n", count, rate,
                static_cast<double>(use.file_bytes) / all, find, warm.seconds, cold.seconds, warm.bytes / all,
                static_cast<double>(use.index_bytes) / all);
  }
}

}  // namespace

int main(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  const std::string_view what = argc > 1 ? argv[1] : "";
  const std::size_t most = argc > 2 ? std::stoull(argv[2]) : 1'000'000;
  if (what == "memory" && most >= kFirst) return memory(most), 0;
  if (what == "index" && most >= kFirst) return index(most), 0;
  if (what == "disk" && most >= kFirst) return disk(most), 0;
  std::fprintf(stderr,
               "store-growth: allowed: memory, index or disk, and how many objects at most (from %zu)\n",
               kFirst);
  return 2;
}
