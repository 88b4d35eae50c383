// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "store/disk/disk.h"
#include "tests/bench/replay/real_tier.h"
#include "tests/bench/replay/trace.h"

namespace replay {

/// What a replay through both tiers has come to.
struct TiersOutcome : Outcome {
  std::uint64_t written_bytes = 0;  ///< of bodies that went to disk
  store::Disk::Use disk{};          ///< in the end

  double written_ratio() const { return static_cast<double>(written_bytes) / static_cast<double>(bytes); }
};

struct TiersOptions {
  std::uint64_t memory_bytes = 0;
  std::uint64_t disk_bytes = 0;    ///< budget of the files
  std::uint64_t disk_objects = 0;  ///< 0: as many as fit
  bool second_request = true;
};

/// Replays `trace` through a store::MemoryTier, a store::LmdbDisk in a fresh folder and a store::Admission,
/// moved between by node/tiers.h as the edge moves them. Waits for the disk, so that no request comes before
/// what earlier ones have put there.
TiersOutcome replay_tiers(const Trace& trace, Objects& objects, const TiersOptions& options);

/// Hit ratios and writes of a simulated pair of caches.
TiersOutcome replay_pair(const Trace& trace, Simulated& memory, Simulated& disk);

}  // namespace replay
