// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "store/object/key.h"

namespace node {

/// Which variants a URL has in the cache, so that no Vary field lets one URL fill it (RFC 9111 4.1). Knows those that were stored since
/// the start, of a bounded number of URLs; forgetting some lets them have more for a while. Any thread.
class VariantLists {
 public:
  explicit VariantLists(std::size_t urls_max) : shard_capacity_(urls_max / kShards + 1) {}

  /// `variant` of `base` is being stored. With more than `variants_max` of them: the one that was stored longest ago, which has to go.
  std::optional<store::Key> enter(const store::Key& base, const store::Key& variant, std::size_t variants_max);
  /// Those of `base` that are known.
  std::vector<store::Key> of(const store::Key& base);

 private:
  struct Shard {
    std::mutex mutex;
    std::unordered_map<store::Key, std::vector<store::Key>> lists;  ///< the newest last
  };
  static constexpr std::size_t kShards = 16;
  std::size_t shard_capacity_;
  std::array<Shard, kShards> shards_{};
};

}  // namespace node
