// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/replay/tiers_table.h"

#include <algorithm>
#include <cstdio>
#include <numeric>

#include "tests/bench/replay/real_tiers.h"
#include "tests/bench/replay/simulated.h"

namespace replay {
namespace {

constexpr double kMemoryShare = 0.01;
constexpr double kDiskShare = 0.1;
constexpr std::uint64_t kDiskBytesMin = 16ULL << 20;
constexpr std::uint64_t kPageBytes = 4096;

void print_ratios(const Trace& trace, const TiersOutcome& outcome) {
  std::printf(" %.3f", outcome.object_hit_ratio());
  if (trace.sized) std::printf(" / %.3f", outcome.byte_hit_ratio());
  std::printf(" / %.3f |", outcome.written_ratio());
  std::fflush(stdout);
}

}  // namespace

void print_tiers_head() {
  std::printf("| trace |");
  for (const TwoTiers& peer : peers()) std::printf(" %s |", peer.name.data());
  std::printf(" both tiers | every request | on disk in the end |\n|---|");
  for (std::size_t i = 0; i < peers().size() + 3; ++i) std::printf("---|");
  std::printf("\n");
}

void print_tiers(const Trace& trace) {
  // As the edge does with so small a budget.
  const auto whole_max = [](std::uint64_t memory) { return std::clamp<std::uint64_t>(memory / 16, base::kChunkBytes, 1 << 20); };
  std::uint64_t footprint = std::accumulate(trace.sizes.begin(), trace.sizes.end(), std::uint64_t{0});
  Objects objects(trace, whole_max(footprint / 100));
  footprint = std::accumulate(objects.costs().begin(), objects.costs().end(), std::uint64_t{0});
  const auto share = [footprint](double part) { return static_cast<std::uint64_t>(part * static_cast<double>(footprint)); };
  std::printf("| %s |", trace.name.c_str());
  for (const TwoTiers& peer : peers()) {
    const auto memory = peer.memory.make(objects.costs(), share(kMemoryShare));
    const auto disk = peer.disk.make(objects.costs(), share(kDiskShare));
    print_ratios(trace, replay_pair(trace, *memory, *disk));
  }
  TiersOptions options{.memory_bytes = share(kMemoryShare), .disk_bytes = std::max(share(kDiskShare), kDiskBytesMin)};
  if (!trace.sized) {
    // All count alike: as many as a tenth of them, in files in which they have room.
    options.disk_objects = trace.sizes.size() / 10;
    options.disk_bytes = std::max(options.disk_objects * kPageBytes * 3 / 2, kDiskBytesMin);
  }
  const TiersOutcome outcome = replay_tiers(trace, objects, options);
  print_ratios(trace, outcome);
  options.second_request = false;
  print_ratios(trace, replay_tiers(trace, objects, options));
  std::printf(" %llu objects, %.1f of %.1f MiB |\n", static_cast<unsigned long long>(outcome.disk.objects),
              static_cast<double>(outcome.disk.bytes) / (1 << 20), static_cast<double>(outcome.disk.budget_bytes) / (1 << 20));
}

}  // namespace replay
