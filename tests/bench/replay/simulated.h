// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace replay {

/// A cache of whole objects that is none: an eviction policy in its plainest form, to hold the real tier
/// against.
class Simulated {
 public:
  virtual ~Simulated() = default;
  /// Whether `object` was there; puts it there if not and it fits.
  virtual bool request(std::uint32_t object) = 0;
};

/// What each object takes of the budget.
using Costs = std::vector<std::uint64_t>;

struct Policy {
  std::string_view name;
  std::unique_ptr<Simulated> (*make)(const Costs& costs, std::uint64_t budget);
};

/// LRU; SIEVE (Zhang et al. 2024); S3-FIFO (Yang et al. 2023: a tenth of small queue, ghost of nine tenths);
/// GreedyDual-Size-Frequency (Cherkasova 1998) on a heap, its frequency the higher one of the count in the
/// cache and a 4-bit count-min sketch of all requests.
const std::vector<Policy>& policies();

/// Two caches, one behind the other, as a peer has them: what is in neither is put into both, as are the hits of the other.
struct TwoTiers {
  std::string_view name;
  Policy memory;
  Policy disk;
};

/// The peers of a disk cache: nginx and Varnish (LRU in memory and on disk), Traffic Server (GDSF in memory, FIFO on disk) and
/// Squid (GDSF in memory; on disk LFU with dynamic aging, or GDSF).
const std::vector<TwoTiers>& peers();

}  // namespace replay
