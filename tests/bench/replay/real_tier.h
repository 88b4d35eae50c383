// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "edge/base/chunk.h"
#include "store/memory/memory_tier.h"
#include "tests/bench/replay/simulated.h"
#include "tests/bench/replay/trace.h"

namespace replay {

/// What a replay has come to.
struct Outcome {
  std::uint64_t requests = 0;
  std::uint64_t hits = 0;  ///< all of the object was there
  std::uint64_t bytes = 0;
  std::uint64_t hit_bytes = 0;  ///< what was there, of bodies
  std::uint64_t evictions = 0;  ///< of entries: objects, heads and chunks
  double nanoseconds = 0;       ///< of CPU for a request

  double object_hit_ratio() const { return static_cast<double>(hits) / static_cast<double>(requests); }
  double byte_hit_ratio() const { return static_cast<double>(hit_bytes) / static_cast<double>(bytes); }
};

/// The objects of a trace as the edge makes them: key, head, and a body of up to `whole_max` in one piece, or a head and
/// chunks. Bodies of one size share their bytes, which counts as if they did not. An object of a trace without sizes is of
/// 1 KiB.
class Objects {
 public:
  Objects(const Trace& trace, std::uint64_t whole_max);
  /// What the tier counts for each, with its chunks.
  const Costs& costs() const { return costs_; }
  const store::ObjectRef& object(std::uint32_t number) const { return objects_[number]; }
  const base::ChunkRef& chunk(std::size_t size);

 private:
  store::ObjectRef make(std::uint32_t number, std::uint64_t size, std::uint64_t whole_max);
  std::uint64_t cost_of(store::MemoryTier& scale, const store::Object& object);

  std::vector<store::ObjectRef> objects_{};
  Costs costs_{};
  std::map<std::size_t, base::ChunkRef> chunks_{};
};

/// Replays `trace` through a store::MemoryTier as the edge uses it: an object that is not there is put there;
/// of a large one, what is not there of head and chunks (which the edge then has from the origin or from
/// disk).
Outcome replay_real(const Trace& trace, Objects& objects, const store::MemoryTier::Options& options);

/// Replays `trace` through a simulated policy.
Outcome replay_simulated(const Trace& trace, Simulated& cache);

}  // namespace replay
