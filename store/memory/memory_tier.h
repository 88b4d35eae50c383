// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "edge/base/chunk.h"
#include "store/object/object.h"

namespace store {

/// The memory tier, shared by all loops: whole objects, heads of large ones, and chunks of large
/// bodies, each an entry of its own with its own eviction. Sharded; a hit holds one shard's lock for a
/// look-up, a reference copy and a note of the use (GreedyDual: no list moves). The sum of all entries'
/// footprints, with bookkeeping, never exceeds the budget. Evicting drops the tier's reference only: requests
/// in delivery keep theirs. Any thread.
class MemoryTier {
 public:
  struct Options {
    std::uint64_t budget_bytes = 256ULL << 20;
    unsigned shards = 64;  ///< at most: a power of two, fewer when a shard would get less than 16 MiB
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
  /// Whether `id` is what lies under `key`; no use of it.
  bool holds(const Key& key, ObjectId id);
  /// Whether the object under `key` is `id` and was found since this was last asked (by the disk tier, which
  /// would evict it).
  bool served(const Key& key, ObjectId id);
  /// Puts `object` under its key, in place of an older one. Without effect if the object there has a higher
  /// id, or if this one takes more than an eighth of the budget (a full chunk always fits into 1 MiB).
  void insert(ObjectRef object);
  /// Removes the object under `key` if its id is `id` (0: whatever its id). Whether there was one.
  bool erase(const Key& key, ObjectId id = 0);
  /// The same, unless the object carries its body with it: for chunks that are on disk no more.
  void erase_parted(const Key& key, ObjectId id);

  base::ChunkRef find_chunk(ObjectId id, std::uint32_t index);
  /// The same without counting as a use: for who asks ahead, or reads what came in for this same request.
  base::ChunkRef peek_chunk(ObjectId id, std::uint32_t index);
  void insert_chunk(ObjectId id, std::uint32_t index, base::ChunkRef chunk);

  /// How far a walk over all objects has come; as it is made: at the beginning.
  struct Place {
    std::size_t shard = 0;
    std::size_t bucket = 0;
    std::size_t buckets = 0;  ///< of the table that `bucket` is of
  };
  /// The next objects of a walk, about `max` of them, no use of them: all that are there from its beginning
  /// to its end. What comes or goes meanwhile may be among them or not, and some may come twice. Moves
  /// `place` on; false: that was all.
  bool scan(Place& place, std::size_t max, std::vector<ObjectRef>& objects);

  /// What one entry may take at most.
  std::uint64_t entry_bytes_max() const;
  /// Changes the budget at once, evicting as needed (reload).
  void set_budget(std::uint64_t bytes);
  Use use() const;

 private:
  struct Shard;
  bool erase_if(const Key& key, const std::function<bool(const Object&)>& unwanted);
  base::ChunkRef chunk_of(ObjectId id, std::uint32_t index, bool is_use);
  Shard& shard_of(std::uint64_t hash) const;
  /// Takes `bytes` of the budget, evicting first from `home`, then from the other shards. False if there is
  /// no way.
  bool reserve(std::uint64_t bytes, std::uint64_t home_hash);
  bool try_take(std::uint64_t bytes);
  void give_back(std::uint64_t bytes) { used_bytes_.fetch_sub(bytes); }

  std::size_t mask_;
  std::unique_ptr<Shard[]> shards_;
  std::atomic<std::uint64_t> budget_bytes_;
  /// One sum for all shards, so that a shard may hold more than its share. What is being inserted counts from
  /// before it is in.
  std::atomic<std::uint64_t> used_bytes_{0};
};

}  // namespace store
