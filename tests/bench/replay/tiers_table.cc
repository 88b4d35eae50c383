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

struct Goal {
  std::string name;
  double found = 0;
  std::string bound;
  bool met = false;
  std::string str() const {
    char text[200];
    std::snprintf(text, sizeof text, "goal %s: %.3f (goal %s) %s", name.c_str(), found, bound.c_str(),
                  met ? "met" : "missed");
    return text;
  }
};

std::string above(double figure, std::string_view peer) {
  char text[100];
  std::snprintf(text, sizeof text, "> %.3f of %s", figure, std::string(peer).c_str());
  return text;
}

/// More hits than nginx, Varnish and Traffic Server; more bytes hit than any; a quarter of what the least of
/// them writes.
std::vector<std::string> judge(const Trace& trace, const TiersOutcome& own,
                               const std::vector<TiersOutcome>& found) {
  const auto best = [&](std::size_t peers_considered, auto figure) {
    const auto end = found.begin() + static_cast<std::ptrdiff_t>(peers_considered);
    return static_cast<std::size_t>(std::ranges::max_element(found.begin(), end, {}, figure) - found.begin());
  };
  const std::size_t objects = best(2, &TiersOutcome::object_hit_ratio);
  const std::size_t bytes = best(found.size(), &TiersOutcome::byte_hit_ratio);
  const std::size_t written = best(found.size(), [](const TiersOutcome& o) { return -o.written_ratio(); });
  std::vector<Goal> goals = {{trace.name + ", object hit ratio", own.object_hit_ratio(),
                              above(found[objects].object_hit_ratio(), peers()[objects].name),
                              own.object_hit_ratio() > found[objects].object_hit_ratio()}};
  if (trace.sized) {
    goals.push_back({trace.name + ", byte hit ratio", own.byte_hit_ratio(),
                     above(found[bytes].byte_hit_ratio(), peers()[bytes].name),
                     own.byte_hit_ratio() > found[bytes].byte_hit_ratio()});
  }
  const double share = own.written_ratio() / found[written].written_ratio();
  goals.push_back({trace.name + ", bytes written beside " + std::string(peers()[written].name), share,
                   "<= 0.25", share <= 0.25});
  std::vector<std::string> lines;
  for (const Goal& goal : goals) lines.push_back(goal.str());
  return lines;
}

}  // namespace

void print_tiers_head() {
  std::printf("| trace |");
  for (const TwoTiers& peer : peers()) std::printf(" %s |", peer.name.data());
  std::printf(" both tiers | every request | on disk in the end |\n|---|");
  for (std::size_t i = 0; i < peers().size() + 3; ++i) std::printf("---|");
  std::printf("\n");
}

std::vector<std::string> print_tiers(const Trace& trace) {
  // As the edge does with so small a budget.
  const auto whole_max = [](std::uint64_t memory) {
    return std::clamp<std::uint64_t>(memory / 16, base::kChunkBytes, 1 << 20);
  };
  std::uint64_t footprint = std::accumulate(trace.sizes.begin(), trace.sizes.end(), std::uint64_t{0});
  Objects objects(trace, whole_max(footprint / 100));
  footprint = std::accumulate(objects.costs().begin(), objects.costs().end(), std::uint64_t{0});
  const auto share = [footprint](double part) {
    return static_cast<std::uint64_t>(part * static_cast<double>(footprint));
  };
  std::printf("| %s |", trace.name.c_str());
  std::vector<TiersOutcome> found;
  for (const TwoTiers& peer : peers()) {
    const auto memory = peer.memory.make(objects.costs(), share(kMemoryShare));
    const auto disk = peer.disk.make(objects.costs(), share(kDiskShare));
    found.push_back(replay_pair(trace, *memory, *disk));
    print_ratios(trace, found.back());
  }
  TiersOptions options{.memory_bytes = share(kMemoryShare),
                       .disk_bytes = std::max(share(kDiskShare), kDiskBytesMin)};
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
              static_cast<double>(outcome.disk.bytes) / (1 << 20),
              static_cast<double>(outcome.disk.budget_bytes) / (1 << 20));
  return judge(trace, outcome, found);
}

}  // namespace replay
