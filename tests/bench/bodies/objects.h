// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "store/disk/disk.h"

namespace bodies {

/// How large the objects of a workload are.
enum class Sizes {
  Chunk,  ///< all of base::kChunkBytes, which is 64 KiB less 32 bytes: the largest that is one record
  Mixed,  ///< from 1 KiB to 512 KiB, each power of two as likely as another
};

/// An object that was given to a store.
struct Name {
  store::Key key{};
  std::string text{};
  store::ObjectId id = 0;
  std::uint64_t bytes = 0;
};

/// Makes objects at next to no cost: bodies of one size share their chunk. One thread.
class Objects {
 public:
  Objects(Sizes sizes, std::uint64_t seed);
  store::ObjectRef next(store::ObjectId id);
  /// The chunks of a large body: full ones, and the last.
  const base::ChunkRef& chunk(std::size_t bytes);

  static store::Decoder decoder();

 private:
  std::uint64_t any_size();

  Sizes sizes_;
  std::mt19937_64 random_;
  std::vector<std::uint64_t> steps_{};                            ///< the sizes that there are
  std::vector<std::pair<std::size_t, base::ChunkRef>> chunks_{};  ///< by size
  std::uint64_t made_ = 0;
};

}  // namespace bodies
