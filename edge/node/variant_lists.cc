// SPDX-License-Identifier: Apache-2.0
#include "edge/node/variant_lists.h"

#include <algorithm>

namespace node {

std::optional<store::Key> VariantLists::enter(const store::Key& base, const store::Key& variant,
                                              std::size_t variants_max) {
  Shard& shard = shards_[base.high % kShards];
  const std::scoped_lock lock(shard.mutex);
  if (shard.lists.size() >= shard_capacity_ && !shard.lists.contains(base)) {
    shard.lists.erase(shard.lists.begin());  // hash order: as good as chance
  }
  std::vector<store::Key>& list = shard.lists[base];
  std::erase(list, variant);
  list.push_back(variant);
  if (list.size() <= variants_max) return {};
  const store::Key oldest = list.front();
  list.erase(list.begin());
  return oldest;
}

std::vector<store::Key> VariantLists::of(const store::Key& base) {
  Shard& shard = shards_[base.high % kShards];
  const std::scoped_lock lock(shard.mutex);
  const auto found = shard.lists.find(base);
  return found == shard.lists.end() ? std::vector<store::Key>{} : found->second;
}

}  // namespace node
