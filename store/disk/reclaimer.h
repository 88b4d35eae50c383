// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <span>
#include <vector>

#include "store/disk/disk_index.h"
#include "store/disk/tables.h"

namespace store {

/// Makes room in one shard: deletes the records of doomed objects, and evicts when that is not enough. Large
/// objects go in pieces, over several transactions. Writer thread only.
///
/// What it removes in a transaction it has removed only when `committed` was called; after `aborted` it
/// begins again.
class Reclaimer {
 public:
  enum class Room {
    Enough,
    More,  ///< commit and call again: this transaction has done as much as it should
    None,  ///< everything left is pinned or unfinished
  };
  /// `objects_max`: above it objects are evicted though there is room; 0: never. `evicted` is told of every
  /// object that eviction takes.
  Reclaimer(Tables& tables, DiskIndex& index, std::uint64_t objects_max,
            std::function<void(const Tables::StoredObject&)> evicted)
      : tables_(tables), index_(index), objects_max_(objects_max), evicted_(std::move(evicted)) {}

  void add(std::span<const DiskIndex::Doomed> doomed) {
    doomed_.insert(doomed_.end(), doomed.begin(), doomed.end());
  }
  bool idle() const { return doomed_.empty(); }

  /// Deletes until at most `used_pages_max` pages are in use, and some of what is doomed in any case.
  base::Result<Room> reclaim(lmdb::Txn& txn, std::uint64_t used_pages_max);
  void committed();
  void aborted() { finished_ = 0; }

 private:
  /// Deletes what is left of the doomed object at `finished_`; uses up `effort`.
  base::Status remove_next(lmdb::Txn& txn, std::uint64_t& effort);

  Tables& tables_;
  DiskIndex& index_;
  std::uint64_t objects_max_;
  std::function<void(const Tables::StoredObject&)> evicted_;
  std::deque<DiskIndex::Doomed> doomed_;
  std::size_t finished_ = 0;  ///< so many of doomed_, from the front, are gone in this transaction
};

}  // namespace store
