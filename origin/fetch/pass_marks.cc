// SPDX-License-Identifier: Apache-2.0
#include "origin/fetch/pass_marks.h"

namespace fetch {

void PassMarks::mark(const store::Key& key, base::Steady until) {
  Shard& shard = shard_of(key);
  const std::scoped_lock lock(shard.mutex);
  if (shard.marks.size() >= shard_capacity_ && !shard.marks.contains(key)) {
    shard.marks.erase(shard.marks.begin());  // hash order: as good as chance
  }
  shard.marks[key] = until;
}

void PassMarks::clear(const store::Key& key) {
  Shard& shard = shard_of(key);
  const std::scoped_lock lock(shard.mutex);
  shard.marks.erase(key);
}

bool PassMarks::marked(const store::Key& key, base::Steady now) {
  Shard& shard = shard_of(key);
  const std::scoped_lock lock(shard.mutex);
  const auto found = shard.marks.find(key);
  if (found == shard.marks.end()) return false;
  if (found->second > now) return true;
  shard.marks.erase(found);
  return false;
}

std::size_t PassMarks::size() const {
  std::size_t sum = 0;
  for (const Shard& shard : shards_) {
    const std::scoped_lock lock(shard.mutex);
    sum += shard.marks.size();
  }
  return sum;
}

}  // namespace fetch
