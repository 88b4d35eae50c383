// SPDX-License-Identifier: Apache-2.0
// What the disk tier writes and reads in a second, alone, in objects of one size: bodies of 64 KB lie in one
// record, larger ones in chunks, of which each is read by itself. Reads are of objects at random, many at a
// time, once from the page cache and once from the device. How writing goes on once the disk is full:
// disk_churn.cc.
//   disk-rate [MiB, 1024]
#include <algorithm>
#include <cstdio>
#include <random>
#include <thread>

#include "edge/base/check.h"
#include "store/disk/lmdb_disk.h"
#include "tests/bench/measuring.h"
#include "tests/support/disk_client.h"
#include "tests/support/temp_folder.h"

namespace {

using measuring::Clock;
using measuring::cpu_seconds;
using measuring::seconds_since;

constexpr std::size_t kAtOnce = 64;
constexpr double kMegabyte = 1e6;
constexpr std::uint64_t kQueuedMax = 32ULL << 20;

struct Rate {
  double megabytes;  ///< a second
  double cpu;        ///< µs for each object
};

/// Objects of `object_bytes`, together `bytes`, in a folder of their own.
class Disk {
 public:
  Disk(std::uint64_t bytes, std::size_t object_bytes)
      : budget_(4 * bytes), count_(bytes / object_bytes), body_(support::body_of(1, object_bytes)) {
    open();
  }

  Rate write() {
    return timed([&] {
      for (std::size_t number = 0; number < count_; ++number) {
        CHECK(support::eventually([&] { return disk_->use().queued_bytes <= kQueuedMax; }));
        disk_->put(support::make_object(name_of(number), disk_->next_id(), body_));
      }
      CHECK(support::eventually([&] { return disk_->use().objects == count_; }));
    });
  }

  /// `cold`: nothing of it in the page cache.
  Rate read(bool cold) {
    disk_.reset();
    if (cold) measuring::forget(folder_.path());
    open();
    std::vector<std::size_t> order(count_);
    std::ranges::generate(order, [next = std::size_t{0}]() mutable { return next++; });
    std::ranges::shuffle(order, std::mt19937_64(1));
    return timed([&] { read_all(order); });
  }

 private:
  static std::string name_of(std::size_t number) { return "www www.example.com/" + std::to_string(number); }

  void open() {
    auto opened =
        store::LmdbDisk::open({.folder = folder_.path(), .budget_bytes = budget_}, support::decode_meta);
    CHECK(opened);
    disk_ = std::move(*opened);
  }

  template <typename Work>
  Rate timed(Work work) {
    const double cpu = cpu_seconds();
    const auto begin = Clock::now();
    work();
    const double seconds = seconds_since(begin);
    const auto objects = static_cast<double>(count_);
    return {objects * static_cast<double>(body_.size()) / kMegabyte / seconds,
            1e6 * (cpu_seconds() - cpu) / objects};
  }

  void read_all(const std::vector<std::size_t>& order) {
    measuring::Flight flight(kAtOnce);
    for (const std::size_t number : order) {
      flight.begin();
      std::string text = name_of(number);
      const store::Key key = base::hash128(text);
      disk_->find(key, std::move(text), home_, [&](base::Result<store::ObjectRef> found) {
        flight.end(found && (*found)->body_bytes == body_.size());
      });
    }
    CHECK(flight.over());
  }

  std::uint64_t budget_;
  std::size_t count_;
  std::string body_;
  support::TempFolder folder_;
  support::ThreadExecutor home_;
  std::unique_ptr<store::LmdbDisk> disk_;
};

}  // namespace

int main(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  const std::uint64_t bytes = (argc > 1 ? std::stoull(argv[1]) : 1024) << 20;
  std::puts(
      "| objects of | written, MB/s | read, page cache warm, MB/s | read, page cache empty, MB/s | CPU µs a "
      "read |");
  std::puts("|---:|---:|---:|---:|---:|");
  for (const std::size_t size : {std::size_t{1} << 10, std::size_t{8} << 10, base::kChunkBytes - 1024}) {
    Disk disk(bytes, size);
    const Rate written = disk.write();
    const Rate warm = disk.read(false);
    const Rate cold = disk.read(true);
    std::printf("| %zu | %.0f | %.0f | %.0f | %.1f |\n", size, written.megabytes, warm.megabytes,
                cold.megabytes, warm.cpu);
  }
}
