// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <mutex>
#include <unordered_map>

#include "edge/base/clock.h"
#include "store/object/key.h"

namespace fetch {

/// Remembers keys for a while: those that turned out uncacheable, so that their next requests go to the
/// origin side by side and do not queue behind one fetch; those whose revalidation failed, so that it is not
/// tried again for each hit. Bounded: when full, a mark makes room for a new one. Any thread.
class PassMarks {
 public:
  explicit PassMarks(std::size_t capacity) : shard_capacity_(capacity / kShards + 1) {}

  void mark(const store::Key& key, base::Steady until);
  void clear(const store::Key& key);
  bool marked(const store::Key& key, base::Steady now);
  std::size_t size() const;

 private:
  struct Shard {
    mutable std::mutex mutex;
    std::unordered_map<store::Key, base::Steady> marks;
  };
  static constexpr std::size_t kShards = 16;
  Shard& shard_of(const store::Key& key) { return shards_[key.high % kShards]; }
  std::size_t shard_capacity_;
  std::array<Shard, kShards> shards_{};
};

}  // namespace fetch
