// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>

/// How much of a shard's map may be in use, so that LMDB always finds free pages. Measured with mixed sizes
/// in tests/unit/store/disk_budget_test.cc. Pages.
namespace store::space {

inline constexpr std::uint64_t kShardBytesMin = 16ULL << 20;

/// Most pages that one transaction should write anew: pages that it frees cannot be taken before the second
/// one after it.
inline std::uint64_t transaction_pages(std::uint64_t map_pages) {
  // LMDB bounds the dirty pages of a transaction at 131,072.
  return std::clamp<std::uint64_t>(map_pages / 64, 64, 32'768);
}

/// Pages to keep free: for those freed lately, and for runs that are too short for a chunk. In a small map most free
/// runs are broken by the B-tree pages that each transaction writes anew, whose number does not shrink with the map.
inline std::uint64_t free_pages_min(std::uint64_t map_pages) {
  return std::max<std::uint64_t>(map_pages * 15 / 100, 1024);
}

}  // namespace store::space
