// SPDX-License-Identifier: Apache-2.0
#include "purge/clock/stamps.h"

namespace purge {

Stamps StampTable::find(const Name& name, Stamp since) const {
  if (newest_[name.low % kGroups].load(std::memory_order_acquire) <= since) return {};
  const Shard& shard = shards_[name.high % kShards];
  const std::shared_lock lock(shard.mutex);
  const auto found = shard.stamps.find(name);
  return found == shard.stamps.end() || found->second.newest() <= since ? Stamps{} : found->second;
}

void StampTable::raise(const Name& name, const Stamps& stamps) {
  {
    Shard& shard = shards_[name.high % kShards];
    const std::unique_lock lock(shard.mutex);
    const auto [at, fresh] = shard.stamps.try_emplace(name);
    at->second.raise(stamps);
    if (fresh) size_.fetch_add(1, std::memory_order_relaxed);
  }
  // After the entry is in, and before the ledger's clock moves: who has seen the clock sees this.
  std::atomic<Stamp>& group = newest_[name.low % kGroups];
  if (group.load(std::memory_order_relaxed) < stamps.newest())
    group.store(stamps.newest(), std::memory_order_release);
}

void StampTable::clear() {
  erase_if([](const Name&, const Stamps&) { return true; });
}

std::size_t StampTable::erase_if(const std::function<bool(const Name&, const Stamps&)>& unwanted) {
  std::size_t erased = 0;
  for (Shard& shard : shards_) {
    const std::unique_lock lock(shard.mutex);
    const std::size_t before = shard.stamps.size();
    boost::unordered::erase_if(shard.stamps,
                               [&](const auto& entry) { return unwanted(entry.first, entry.second); });
    const std::size_t gone = before - shard.stamps.size();
    // A table keeps its size: what was large once is made anew.
    if (gone > before / 2 && gone > kGroups) shard.stamps.rehash(shard.stamps.size());
    erased += gone;
  }
  size_.fetch_sub(erased, std::memory_order_relaxed);
  return erased;
}

void StampTable::collect_newest(std::vector<Stamp>& out) const {
  for (const Shard& shard : shards_) {
    const std::shared_lock lock(shard.mutex);
    for (const auto& [name, stamps] : shard.stamps) out.push_back(stamps.newest());
  }
}

}  // namespace purge
