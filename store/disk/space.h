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

/// Most pages in use after a transaction: the rest is for pages freed lately and for runs that are too short.
inline std::uint64_t used_pages_max(std::uint64_t map_pages) { return map_pages * 85 / 100; }

}  // namespace store::space
