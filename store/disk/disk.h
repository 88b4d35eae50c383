// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "edge/base/error.h"
#include "edge/base/executor.h"
#include "store/object/object.h"

/// The disk tier as the edge sees it. LmdbDisk is the real one; the simulation has its own. Nothing here
/// waits for the disk: the store's own threads do. Answers come by Executor::post to the executor that was
/// given, in an unspecified order. Wrap callbacks with base::Anchor to make them die with their owner. Any
/// thread may call.
namespace store {

template <typename T>
using Answer = std::move_only_function<void(base::Result<T>)>;

/// Above every id that is given out.
inline constexpr ObjectId kAnyId = ~ObjectId{0};

/// While held, the chunks of one stored object are neither evicted nor overwritten, even if the object is
/// replaced or erased.
class Pin {
 public:
  virtual ~Pin() = default;
};
using PinRef = std::shared_ptr<Pin>;

/// One object being written chunk by chunk. Its chunks can be read (Disk::read_chunk) once their put was
/// answered; the object can be found only after commit was answered. Its end removes what was written, unless
/// its commit succeeds: the chunks of an object that was not stored have readers, too.
class DiskWrite {
 public:
  virtual ~DiskWrite() = default;
  /// The next chunk; all but the last hold exactly kChunkBytes. `stored` comes when it can be read back from
  /// disk, or with why not (then nothing more should be put).
  virtual void put(std::uint32_t index, base::ChunkRef chunk, base::Executor& home, Answer<void> stored) = 0;
  /// All chunks are in: makes the object findable, in place of an older one of that key, in one transaction
  /// after the last chunk's. Answers a pin on it.
  virtual void commit(ObjectRef object, base::Executor& home, Answer<PinRef> stored) = 0;
};

/// How far a walk over all objects has come; as it is made: at the beginning.
struct ScanPlace {
  unsigned shard = 0;
  std::optional<Key> after{};
};
struct ScanPage {
  std::vector<ObjectRef> objects{};  ///< without bodies; not checked against the checksums of their records
  bool complete = true;              ///< false: some could not be read
  std::optional<ScanPlace> next{};   ///< nothing: that was all
};

class Disk {
 public:
  struct Use {
    std::uint64_t bytes = 0;  ///< pages that records take
    std::uint64_t budget_bytes = 0;
    std::uint64_t file_bytes = 0;  ///< high-water mark of the files
    std::uint64_t objects = 0;
    std::uint64_t evictions = 0;
    std::uint64_t dropped_writes = 0;  ///< small objects not written: the queue was full, or an error
    std::uint64_t queued_bytes = 0;    ///< waiting for the writers
    std::uint64_t read_errors = 0;     ///< records that could not be read or did not match their checksum
    std::uint64_t direct_reads = 0;    ///< found in the page cache without a reader thread
    std::uint64_t map_full = 0;        ///< times that LMDB had no page left; must stay 0
    std::uint64_t index_bytes = 0;     ///< of memory, for what is stored where
  };

  virtual ~Disk() = default;

  /// A new id, higher than any given out before, also before a restart.
  virtual ObjectId next_id() = 0;

  /// Whether an object may be stored under `key`: false is certain. From memory, never blocks.
  virtual bool may_have(const Key& key) const = 0;
  /// Whether `id` is what may be found under `key` now. From memory, never blocks.
  virtual bool holds(const Key& key, ObjectId id) const = 0;
  /// Reads the object under `key` whose key text is `text` (empty: whatever it is): whole() if it is single
  /// or of a few chunks. NotFound, Corrupt or System on failure.
  virtual void find(const Key& key, std::string text, base::Executor& home, Answer<ObjectRef> answer) = 0;
  /// Keeps the chunks of a multi-chunk object from eviction; null if they are not (or no longer) stored.
  virtual PinRef pin(const Key& key, ObjectId id) = 0;
  /// Reads chunk `index` of a pinned or still unfinished object.
  virtual void read_chunk(const Key& key, ObjectId id, std::uint32_t index, base::Executor& home,
                          Answer<base::ChunkRef> answer) = 0;

  /// Stores a whole() object in one transaction, or replaces the head of a stored one with the same id
  /// (freshening). False if it does not: too large, or the queue is full. May be dropped later, too, after an
  /// error.
  virtual bool put(ObjectRef object) = 0;
  /// Largest body that put() takes; at least a chunk.
  virtual std::uint64_t max_put_bytes() const = 0;
  /// Whether an object under `key` would have room without one being evicted for it. A guess, from memory,
  /// never blocks.
  virtual bool has_room(const Key& key) const = 0;
  /// Begins a multi-chunk object. `id` comes from next_id(). `expected_bytes` 0: unknown.
  virtual std::unique_ptr<DiskWrite> begin(const Key& key, ObjectId id, std::uint64_t expected_bytes) = 0;
  /// Removes the object under `key` if its id is not above `id`: not what came after the one that was judged.
  /// Effective at once for may_have and find, also for what is not written yet.
  virtual void erase(const Key& key, ObjectId id = kAnyId) = 0;

  /// The next at most `objects_max` objects of a walk: all that are there from its beginning to its end, each
  /// once. What comes or goes meanwhile may be among them or not. No use of them.
  virtual void scan(ScanPlace from, std::size_t objects_max, base::Executor& home,
                    Answer<ScanPage> answer) = 0;

  /// Answers once all that was put, committed and erased before is durable, whatever happens to the machine.
  /// An error if any of that was lost, now or ever since the store was opened: what was erased may then be
  /// there again after a restart.
  virtual void sync(base::Executor& home, Answer<void> answer) = 0;

  /// Called (on a store thread) for each multi-chunk object that eviction or an error has removed. Set before
  /// use.
  virtual void on_removed(std::function<void(const Key&, ObjectId)> removed) = 0;
  /// Largest body that the disk will take.
  virtual std::uint64_t max_object_bytes() const = 0;
  virtual Use use() const = 0;
};

}  // namespace store
