// SPDX-License-Identifier: Apache-2.0
// Replays request traces through the real memory tier and through simulated policies, and prints their hit
// ratios side by side: object / byte. All have the same budget, a share of what the tier counts for all
// objects of the trace together (heads and bookkeeping included), and the same cost of each object.
//
// Usage: replay [--bare] [--shards N] TRACE.csv.gz...
// --bare: the simulated policies only, with the sizes of the trace as they are, to check them against figures
// of others.
// --tiers: both tiers, memory with 1 % and disk with 10 % of that sum, beside models of what peers do, and
// what each writes to disk.
#include <CLI/CLI.hpp>
#include <array>
#include <cstdio>
#include <numeric>

#include "tests/bench/replay/real_tier.h"
#include "tests/bench/replay/simulated.h"
#include "tests/bench/replay/tiers_table.h"
#include "tests/bench/replay/trace.h"

namespace {

constexpr std::uint64_t kWholeMax = 1ULL << 20;
constexpr std::array kShares = {0.001, 0.01, 0.1};
constexpr std::uint64_t kObjectsMin = 20;  // with less room, ratios are noise

struct Arguments {
  bool bare = false;
  bool tiers = false;
  unsigned shards = 64;
  std::vector<std::string> traces{};
};

void print_ratios(const replay::Trace& trace, const replay::Outcome& outcome) {
  if (trace.sized)
    std::printf(" %.3f / %.3f |", outcome.object_hit_ratio(), outcome.byte_hit_ratio());
  else
    std::printf(" %.3f |", outcome.object_hit_ratio());
}

void print_head(bool bare) {
  std::printf("| trace | size |");
  for (const replay::Policy& policy : replay::policies()) std::printf(" %s |", policy.name.data());
  if (!bare) std::printf(" the tier | from the best, points | evictions | ns a request |");
  std::printf("\n|---|---|");
  for (std::size_t i = 0; i < replay::policies().size() + (bare ? 0 : 4); ++i) std::printf("---|");
  std::printf("\n");
}

/// The best ratio of each kind among `outcomes`.
struct Best {
  double object = 0;
  double byte = 0;
};

Best print_simulated(const replay::Trace& trace, const replay::Costs& costs, std::uint64_t budget) {
  Best best;
  for (const replay::Policy& policy : replay::policies()) {
    const auto outcome = replay::replay_simulated(trace, *policy.make(costs, budget));
    print_ratios(trace, outcome);
    best.object = std::max(best.object, outcome.object_hit_ratio());
    best.byte = std::max(best.byte, outcome.byte_hit_ratio());
  }
  return best;
}

void print_real(const replay::Trace& trace, const replay::Outcome& outcome, const Best& best) {
  print_ratios(trace, outcome);
  std::printf(" %+.1f", 100 * (outcome.object_hit_ratio() - best.object));
  if (trace.sized) std::printf(" / %+.1f", 100 * (outcome.byte_hit_ratio() - best.byte));
  std::printf(" | %llu | %.0f |", static_cast<unsigned long long>(outcome.evictions), outcome.nanoseconds);
}

void replay_trace(const replay::Trace& trace, const Arguments& arguments) {
  std::unique_ptr<replay::Objects> objects;
  if (!arguments.bare) objects = std::make_unique<replay::Objects>(trace, kWholeMax);
  const replay::Costs& costs = objects ? objects->costs() : trace.sizes;
  const auto footprint = std::accumulate(costs.begin(), costs.end(), std::uint64_t{0});
  for (const double share : kShares) {
    const auto budget = static_cast<std::uint64_t>(share * static_cast<double>(footprint));
    if (budget * costs.size() < kObjectsMin * footprint) continue;
    std::printf("| %s | %g %% |", trace.name.c_str(), share * 100);
    const Best best = print_simulated(trace, costs, budget);
    if (objects) {
      const store::MemoryTier::Options options{.budget_bytes = budget, .shards = arguments.shards};
      print_real(trace, replay::replay_real(trace, *objects, options), best);
    }
    std::printf("\n");
    std::fflush(stdout);
  }
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  CLI::App app("Hit ratios of the memory tier and of simulated policies on request traces");
  app.add_flag("--bare", arguments.bare, "simulated policies only, sizes as in the trace");
  app.add_flag("--tiers", arguments.tiers, "memory and disk together, beside models of peers");
  app.add_option("--shards", arguments.shards, "of the tier, at most");
  app.add_option("traces", arguments.traces, "csv, gzip'd or not: time,id,size")->required();
  CLI11_PARSE(app, argc, argv);
  arguments.tiers ? replay::print_tiers_head() : print_head(arguments.bare);
  std::vector<std::string> goals;
  for (const std::string& path : arguments.traces) {
    const replay::Trace trace = replay::read_trace(path);
    if (arguments.tiers) {
      for (std::string& goal : replay::print_tiers(trace)) goals.push_back(std::move(goal));
    } else {
      replay_trace(trace, arguments);
    }
  }
  for (const std::string& goal : goals)
    std::printf("%s%s\n", &goal == goals.data() ? "\n" : "", goal.c_str());
}
