// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "store/disk/direct_reads.h"
#include "store/disk/disk_index.h"
#include "store/disk/record_places.h"
#include "store/disk/snapshot_gate.h"
#include "store/disk/tables.h"
#include "store/disk/writer.h"

namespace store {

/// Reads records of one shard: one read transaction for each call, ended before anything is answered. What
/// does not match its checksum is hidden at once and deleted. Reader threads only (it blocks on the disk),
/// but for find_place() and read_direct().
class ShardReader {
 public:
  struct Parts {
    Tables& tables;
    std::shared_ptr<DiskIndex> index;
    SnapshotGate& gate;
    ShardCounts& counts;
    RecordPlaces& places;
    const Decoder& decoder;
    /// Told of every object that an error removes.
    std::function<void(const Tables::StoredObject&)> removed;
    std::uint64_t whole_bytes = 0;  ///< a body of chunks up to this is read with its head
  };
  explicit ShardReader(Parts parts) : parts_(std::move(parts)) {}

  base::Result<ObjectRef> find(const Key& key, std::string_view text);
  struct Direct {
    RecordPlaces::Place place;
    DirectReads::Permit permit;
  };
  /// Where the object was when it was last read, if that is known and `reads` allows it. Any thread.
  std::optional<Direct> find_place(const Key& key, DirectReads& reads);
  /// find(), if the object is still there and the page cache has all of it: without a transaction. Null says
  /// nothing: ask find(). Any thread.
  ObjectRef read_direct(const RecordPlaces::Place& place, const Key& key, std::string_view text);
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
  /// These note in `place` where they found what they read, if that is known.
  base::Result<std::shared_ptr<Object>> read_head(const lmdb::Txn& txn, const Key& key, ObjectId id,
                                                  RecordPlaces::Place& place);
  base::Status read_chunks(const lmdb::Txn& txn, Object& object, RecordPlaces::Place& place);
  base::Result<base::ChunkRef> copy_chunk(const lmdb::Txn& txn, ObjectId id, std::uint32_t index,
                                          RecordPlaces::Place& place);
  base::Result<std::shared_ptr<Object>> head_of(std::string_view record, const Key& key, ObjectId id) const;
  bool read_with_chunks(const Object& object) const;
  std::shared_ptr<Object> read_at(const RecordPlaces::Place& place, const Key& key) const;
  /// Counts and hides what an unexpected `error` makes useless.
  void note_error(const Key& key, ObjectId id, const base::Error& error);

  Parts parts_;
};

}  // namespace store
