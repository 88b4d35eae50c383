// SPDX-License-Identifier: Apache-2.0
// Whether the disk tier stays as fast as it is when many times its budget is written through it. First the
// store alone: objects of 1 KiB to 512 KiB as fast as it takes them; throughput, commit latency and file size
// of each tenth. Then a whole edge with one loop that fetches objects which it has never seen: throughput,
// file size and the longest turn of its loop. The loop has a core of its own (loop_cores); the edge's other
// threads, the origin and the client share the rest.
//   ninja -C build tests/bench/disk-churn edge/node/selvage-edge
//   build/tests/bench/disk-churn [MiB of budget] [times]
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <mutex>
#include <random>
#include <thread>
#include <tuple>

#include "edge/base/check.h"
#include "edge/base/cores.h"
#include "tests/integration/harness.h"
#include "tests/support/disk_client.h"
#include "tests/support/temp_folder.h"

namespace {

using Clock = std::chrono::steady_clock;

constexpr int kTenths = 10;
constexpr double kMiB = 1024.0 * 1024.0;
constexpr std::uint64_t kQueuedMax = 32ULL << 20;

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

/// Each power of two from 1 KiB to 512 KiB as likely as another.
std::uint64_t any_size(std::mt19937_64& random) {
  return static_cast<std::uint64_t>(std::exp2(std::uniform_real_distribution(10.0, 19.0)(random)));
}

/// The last tenth beside the second, which is the first that evicts throughout.
double flatness(const std::vector<double>& throughput) { return throughput.back() / throughput.at(1); }

double at_part(std::vector<double>& values, double part) {
  std::ranges::sort(values);
  return values.at(static_cast<std::size_t>(part * static_cast<double>(values.size() - 1)));
}

class StoreChurn {
 public:
  explicit StoreChurn(std::uint64_t budget) : budget_(budget) {
    auto opened =
        store::LmdbDisk::open({.folder = folder_.path(), .budget_bytes = budget}, support::decode_meta);
    CHECK(opened);
    disk_ = std::move(*opened);
  }

  double run(std::uint64_t times) {
    std::printf("the store alone, budget %.0f MiB, written %llu times\n", static_cast<double>(budget_) / kMiB,
                static_cast<unsigned long long>(times));
    std::vector<double> throughput;
    for (int tenth = 0; tenth < kTenths; ++tenth) {
      throughput.push_back(write(budget_ * times / kTenths));
      const store::Disk::Use use = disk_->use();
      CHECK(use.file_bytes <= budget_ && use.map_full == 0);
      std::printf(
          "  tenth %2d: %6.0f MiB/s, commit p50 %5.1f ms, p99 %6.1f ms, files %.1f MiB, %llu objects\n",
          tenth + 1, throughput.back(), at_part(commits_, 0.5), at_part(commits_, 0.99),
          static_cast<double>(use.file_bytes) / kMiB, static_cast<unsigned long long>(use.objects));
      commits_.clear();
    }
    return flatness(throughput);
  }

 private:
  static constexpr int kWriters = 64;

  /// MiB a second, of many writers, since each waits for its commits.
  double write(std::uint64_t bytes) {
    const auto begin = Clock::now();
    std::vector<std::thread> writers;
    for (int i = 0; i < kWriters; ++i) {
      writers.emplace_back([this, bytes, seed = ++seeds_] { write_some(bytes / kWriters, seed); });
    }
    for (std::thread& writer : writers) writer.join();
    return static_cast<double>(bytes) / kMiB / seconds_since(begin);
  }
  void write_some(std::uint64_t bytes, std::uint64_t seed) {
    support::DiskClient client(*disk_, home_);
    std::mt19937_64 random(seed);
    std::vector<double> commits;
    for (std::uint64_t written = 0; written < bytes;) {
      const std::uint64_t size = any_size(random);
      const store::ObjectId id = disk_->next_id();
      const std::string name = "/" + std::to_string(id);
      const std::string_view body = std::string_view(bytes_).substr(random() % 4096, size);
      if (size <= base::kChunkBytes) {
        disk_->put(support::make_object(name, id, std::string(body)));
      } else {
        const auto committing = Clock::now();
        CHECK(client.put_large(name, id, std::string(body)));
        commits.push_back(1000 * seconds_since(committing));
      }
      written += size;
      CHECK(support::eventually([this] { return disk_->use().queued_bytes <= kQueuedMax; }));
    }
    const std::scoped_lock lock(mutex_);
    commits_.insert(commits_.end(), commits.begin(), commits.end());
  }

  std::uint64_t budget_;
  support::TempFolder folder_;
  support::ThreadExecutor home_;
  std::unique_ptr<store::LmdbDisk> disk_;
  std::string bytes_ = support::body_of(7, (512U << 10) + 8192);
  std::uint64_t seeds_ = 0;
  std::mutex mutex_;
  std::vector<double> commits_;  ///< milliseconds from the first chunk to the answer
};

class EdgeChurn {
 public:
  explicit EdgeChurn(std::uint64_t budget) : budget_(budget), loop_core_(leave_a_core()) {
    origin_.answer_all([](const harness::Seen& seen) {
      std::mt19937_64 random(std::stoull(seen.target.substr(1)));
      return harness::Reply{.headers = {{"Cache-Control", "max-age=86400"}},
                            .body = harness::SeededBody(random(), any_size(random))};
    });
    edge_.options().disk = std::to_string(budget >> 20) + "MiB";
    edge_.options().disk_keys = "admission = \"every-request\"";  // nothing is asked for twice here
    // The edge is to have all cores, this program those that its loop leaves.
    edge_.options().edge_keys = "loop_cores = \"" + base::text_of(loop_core_) + "\"";
    CHECK(base::stay_on(base::own_cores()));
    CHECK(edge_.start());
    std::ignore = leave_a_core();
  }

  /// Also the longest turn, in milliseconds.
  std::pair<double, double> run(std::uint64_t times) {
    std::printf("a whole edge, budget %.0f MiB, filled %llu times\n", static_cast<double>(budget_) / kMiB,
                static_cast<unsigned long long>(times));
    std::vector<double> throughput;
    double longest = 0;
    turn();  // of the start
    for (int tenth = 0; tenth < kTenths; ++tenth) {
      throughput.push_back(fetch(budget_ * times / kTenths));
      const double turned = turn();
      longest = std::max(longest, turned);
      const double files = edge_.metric("selvage_disk_file_bytes");
      CHECK(files <= static_cast<double>(budget_) && edge_.metric("selvage_disk_map_full_total") == 0);
      std::printf("  tenth %2d: %6.0f MiB/s, longest turn %5.2f ms, files %.1f MiB, %.0f dropped writes\n",
                  tenth + 1, throughput.back(), turned, files / kMiB,
                  edge_.metric("selvage_disk_dropped_writes_total"));
    }
    return {flatness(throughput), longest};
  }

 private:
  static constexpr std::size_t kAtOnce = 16;

  double turn() const { return 1000 * edge_.metric("selvage_loop_longest_turn_seconds", {"loop=\"0\""}); }

  double fetch(std::uint64_t bytes) {
    harness::Client client(edge_.client_options());
    const auto begin = Clock::now();
    std::uint64_t fetched = 0;
    while (fetched < bytes) {
      std::vector<harness::Request> requests;
      // Over HTTP/2 this libcurl (7.88) at times notices what has come only when its poll times out; h2load
      // does not.
      for (std::size_t i = 0; i < kAtOnce; ++i) {
        requests.push_back({.url = "https://www.test/" + std::to_string(++objects_),
                            .protocol = harness::Request::Protocol::Http11,
                            .keep_body = false});
      }
      for (const harness::Response& response : client.perform_all(std::move(requests))) {
        CHECK(response.ok());
        fetched += response.body_bytes;
      }
    }
    return static_cast<double>(fetched) / kMiB / seconds_since(begin);
  }

  /// For the edge's loop: threads of this program that start from now on use the others. None if there is but
  /// one.
  static base::Cores leave_a_core() {
    const base::Cores& own = base::own_cores();
    if (own.size() < 2) return {};
    const base::Cores core{own.front()};
    CHECK(base::stay_on(base::without(own, core)));
    return core;
  }

  std::uint64_t budget_;
  const base::Cores loop_core_;  ///< before what starts threads
  harness::TempFolder folder_;
  harness::Certificates certificates_{folder_.path()};
  harness::Origin origin_;
  harness::Edge edge_{
      certificates_, folder_ / "edge", {.origin = origin_.url(), .memory = "64MiB", .loops = 1}};
  std::uint64_t objects_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  const std::uint64_t budget = (argc > 1 ? std::stoull(argv[1]) : 256) << 20;
  const std::uint64_t times = argc > 2 ? std::stoull(argv[2]) : 20;
  const double store = StoreChurn(budget).run(times);
  const auto [edge, longest] = EdgeChurn(budget).run(times);
  const auto verdict = [](bool met) { return met ? "met" : "missed"; };
  std::printf("goal store-throughput: last tenth %.2f of the second (goal 0.8 to 1.2) %s\n", store,
              verdict(store >= 0.8 && store <= 1.2));
  std::printf("goal edge-throughput: last tenth %.2f of the second (goal 0.8 to 1.2) %s\n", edge,
              verdict(edge >= 0.8 && edge <= 1.2));
  std::printf("goal loop-stall: %.2f ms (goal 5 ms) %s\n", longest, verdict(longest <= 5));
  return 0;
}
