// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "store/disk/disk_index.h"
#include "store/disk/snapshot_gate.h"
#include "store/disk/tables.h"
#include "store/disk/writer.h"

namespace store {

/// Reads records of one shard: one read transaction for each call, ended before anything is answered. What
/// does not match its checksum is hidden at once and deleted. Reader threads only (it blocks on the disk).
class ShardReader {
 public:
  struct Parts {
    Tables& tables;
    std::shared_ptr<DiskIndex> index;
    SnapshotGate& gate;
    ShardCounts& counts;
    const Decoder& decoder;
    /// Told of every object that an error removes.
    std::function<void(const Tables::StoredObject&)> removed;
    std::uint64_t whole_bytes = 0;  ///< a body of chunks up to this is read with its head
  };
  explicit ShardReader(Parts parts) : parts_(std::move(parts)) {}

  base::Result<ObjectRef> find(const Key& key, std::string_view text);
  base::Result<base::ChunkRef> read_chunk(const Key& key, ObjectId id, std::uint32_t index);
  /// The objects behind `after` in the order of their keys, without their bodies.
  base::Result<ScanPage> scan(const std::optional<Key>& after, std::size_t objects_max);

 private:
  base::Status look_at_fronts(const std::optional<Key>& after, std::size_t objects_max, ScanPage& page,
                              std::vector<std::pair<Key, ObjectId>>& unread);
  /// Null if it is not there, or cannot be read.
  ObjectRef peek(const lmdb::Txn& txn, const Key& key, ObjectId id);
  base::Result<ObjectRef> find_id(const Key& key, ObjectId id);
  base::Result<std::shared_ptr<Object>> read_object(const Key& key, ObjectId id);
  base::Result<std::shared_ptr<Object>> read_head(const lmdb::Txn& txn, const Key& key, ObjectId id);
  base::Status read_chunks(const lmdb::Txn& txn, Object& object);
  base::Result<base::ChunkRef> copy_chunk(const lmdb::Txn& txn, ObjectId id, std::uint32_t index);
  /// Counts and hides what an unexpected `error` makes useless.
  void note_error(const Key& key, ObjectId id, const base::Error& error);

  Parts parts_;
};

}  // namespace store
