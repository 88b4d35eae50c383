// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "edge/base/chunk.h"
#include "store/object/object.h"

namespace store {

/// The memory tier, shared by all loops: whole small objects, heads of large ones, and chunks of large bodies,
/// each an entry of its own with its own eviction. Sharded; a hit holds one shard's lock for a look-up, a reference
/// copy and one mark (SIEVE: no list moves). The sum of all entries' footprints, with bookkeeping, never exceeds the budget.
/// Evicting drops the tier's reference only: requests in delivery keep theirs. Any thread.
class MemoryTier {
 public:
  struct Options {
    std::uint64_t budget_bytes = 256ULL << 20;
    unsigned shards = 64;  ///< rounded up to a power of two
  };
  struct Use {
    std::uint64_t bytes = 0;
    std::uint64_t objects = 0;
    std::uint64_t chunks = 0;
    std::uint64_t evictions = 0;
  };

  explicit MemoryTier(const Options& options);
  ~MemoryTier();

  /// The object under `key` if its key text is `text`.
  ObjectRef find(const Key& key, std::string_view text);
  /// Puts `object` under its key, in place of an older one. Without effect if the object there has a higher id,
  /// or if this one is larger than a shard may hold.
  void insert(ObjectRef object);
  /// Removes the object under `key` if its id is `id` (0: whatever its id).
  void erase(const Key& key, ObjectId id = 0);

  base::ChunkRef find_chunk(ObjectId id, std::uint32_t index);
  void insert_chunk(ObjectId id, std::uint32_t index, base::ChunkRef chunk);

  /// Changes the budget at once, evicting as needed (reload).
  void set_budget(std::uint64_t bytes);
  Use use() const;

 private:
  struct Shard;
  Shard& shard_of(std::uint64_t hash) const;
  std::unique_ptr<Shard[]> shards_;
  std::size_t mask_;
};

}  // namespace store
