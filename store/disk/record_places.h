// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <optional>

#include "edge/base/chunk.h"
#include "store/object/object.h"

namespace store {

/// Where in a shard's data file the records of objects were when they were last read, so that they may be
/// read there again without a look into LMDB. A hint: the pages may have gone to other records since, or into
/// the midst of a body, which may say anything. Whoever reads there has to check that it is the very records
/// that were noted. Of a fixed size: an id has one slot, which it shares with others. Any thread; each call
/// holds one short lock.
class RecordPlaces {
 public:
  static constexpr std::size_t kChunksMax = 3;
  struct Place {
    ObjectId id = 0;
    std::uint64_t head = 0;  ///< offsets of records in the file
    std::array<std::uint64_t, kChunksMax> chunks{};
    std::uint32_t head_bytes = 0;
    std::uint32_t chunk_count = 0;  ///< that are read together with the head
    std::uint64_t tag = 0;          ///< of the checksums of all of them
    /// Notes one record's checksum.
    void add(std::uint64_t checksum) { tag = std::rotl(tag, 21) ^ checksum; }
    std::size_t bytes() const { return head_bytes + chunk_count * base::kChunkBytes; }
  };

  /// `slots` is a power of two.
  explicit RecordPlaces(std::size_t slots);

  std::optional<Place> find(ObjectId id) const;
  /// What a transaction of that epoch of the SnapshotGate has shown.
  void note(const Place& place, std::uint64_t epoch);
  /// Writer: what is stored of `id` will be another from `epoch` on; what older transactions show does not
  /// count from now on.
  void forget(ObjectId id, std::uint64_t epoch);
  std::size_t memory_bytes() const { return count_ * sizeof(Slot); }

 private:
  struct Slot {
    Place place{};
    std::uint64_t since = 0;  ///< the epoch from which on transactions may say something
  };
  struct Free {
    void operator()(Slot* slots) const { std::free(slots); }
  };
  static constexpr std::size_t kLocks = 32;

  std::size_t index_of(ObjectId id) const;

  mutable std::array<std::mutex, kLocks> locks_{};
  std::size_t count_;
  std::unique_ptr<Slot[], Free> slots_;  ///< of memory that is the process's only where it was written
};

}  // namespace store
