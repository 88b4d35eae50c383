// SPDX-License-Identifier: Apache-2.0
// Bodies in LMDB, as the disk tier keeps them, beside bodies in segment files with LMDB as their index only:
// the same work in alternating rounds, medians as a Markdown table. What it has shown: docs/disk-bodies.md.
//   ninja -C build-release tests/bench/bodies/bodies && build-release/tests/bench/bodies/bodies
// Data goes to TMPDIR or /var/tmp: a disk, not memory; twice the budget has to be free there.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>

#include "tests/bench/bodies/openers.h"

namespace {

struct Store {
  const char* option;
  const char* column;
  std::unique_ptr<store::Disk> (*open)(const std::string& folder, const bodies::Plan& plan);
};
constexpr std::array kStores = {
    Store{"lmdb", "LMDB", bodies::open_lmdb},
    Store{"segments", "segments", bodies::open_segments},
    Store{"direct", "segments, O_DIRECT", bodies::open_direct_segments},
};

}  // namespace

int main(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  bodies::Plan plan;
  std::uint64_t budget_mib = 256;
  std::uint64_t commit_mib = 8;
  std::uint64_t rounds = 3;
  CLI::App app("Bodies in LMDB beside bodies in segment files");
  app.add_option("--budget", budget_mib, "MiB")->capture_default_str();
  app.add_option("--times", plan.times, "budgets to write")->capture_default_str();
  app.add_option("--rounds", rounds)->capture_default_str();
  app.add_option("--reads", plan.reads, "with a warm page cache")->capture_default_str();
  app.add_option("--shards", plan.shards, "of the LMDB store")->capture_default_str();
  app.add_option("--commit", commit_mib, "MiB of a group, at most")->capture_default_str();
  app.add_option("--pace", plan.mixed_mib_a_second, "MiB/s written while reading")->capture_default_str();
  app.add_flag("--small-pages", plan.small_pages, "page cache of 4 KiB pages");
  std::vector<std::string> only;
  app.add_option("--only", only, "some of the stores: lmdb, segments, direct");
  CLI11_PARSE(app, argc, argv);
  plan.budget = budget_mib << 20;
  plan.commit_bytes = commit_mib << 20;
  ::setenv("TMPDIR", "/var/tmp", /*overwrite=*/0);

  std::vector<std::string> columns;
  std::vector<bodies::Opener> openers;
  for (const Store& store : kStores) {
    if (!only.empty() && std::ranges::find(only, store.option) == only.end()) continue;
    columns.emplace_back(store.column);
    openers.emplace_back(store.open);
  }
  bodies::Table table(columns);
  for (std::uint64_t round = 1; round <= rounds; ++round) {
    for (std::size_t i = 0; i < openers.size(); ++i) {
      // Each goes first in turn.
      const std::size_t column = (i + round) % openers.size();
      bodies::Phases(openers[column], plan, table, column).run(round);
      std::fprintf(stderr, "round %llu, store %zu done\n", static_cast<unsigned long long>(round),
                   column + 1);
    }
  }
  std::printf("budget %llu MiB, written %llu times, medians of %llu rounds\n",
              static_cast<unsigned long long>(budget_mib), static_cast<unsigned long long>(plan.times),
              static_cast<unsigned long long>(rounds));
  table.print();
  return 0;
}
