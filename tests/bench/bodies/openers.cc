// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/bodies/openers.h"

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "store/disk/lmdb_disk.h"
#include "tests/bench/bodies/segment_store.h"

namespace bodies {
namespace {

template <typename T>
std::unique_ptr<store::Disk> or_exit(base::Result<std::unique_ptr<T>> opened) {
  if (opened) return *std::move(opened);
  std::fprintf(stderr, "%s\n", opened.error().text.c_str());
  std::exit(1);
}

std::unique_ptr<store::Disk> open_any_segments(const std::string& folder, const Plan& plan, bool direct) {
  return or_exit(SegmentStore::open(
      {.folder = folder, .budget_bytes = plan.budget, .commit_bytes = plan.commit_bytes, .direct = direct},
      Objects::decoder()));
}

}  // namespace

std::unique_ptr<store::Disk> open_lmdb(const std::string& folder, const Plan& plan) {
  return or_exit(store::LmdbDisk::open({.folder = folder,
                                        .budget_bytes = plan.budget,
                                        .shards = plan.shards,
                                        .commit_bytes = plan.commit_bytes},
                                       Objects::decoder()));
}

std::unique_ptr<store::Disk> open_segments(const std::string& folder, const Plan& plan) {
  return open_any_segments(folder, plan, /*direct=*/false);
}

std::unique_ptr<store::Disk> open_direct_segments(const std::string& folder, const Plan& plan) {
  return open_any_segments(folder, plan, /*direct=*/true);
}

}  // namespace bodies
