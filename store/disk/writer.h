// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "store/disk/disk_index.h"
#include "store/disk/reclaimer.h"
#include "store/disk/record_places.h"
#include "store/disk/snapshot_gate.h"
#include "store/disk/tables.h"
#include "store/disk/write_queue.h"

namespace store {

/// Counts of one shard, read by Disk::use. Any thread.
struct ShardCounts {
  std::atomic<std::uint64_t> used_bytes{0};
  std::atomic<std::uint64_t> usable_bytes{0};  ///< more are never in use for long: eviction begins there
  std::atomic<std::uint64_t> file_bytes{0};
  std::atomic<std::uint64_t> evictions{0};
  std::atomic<std::uint64_t> dropped_writes{0};
  std::atomic<std::uint64_t> read_errors{0};
  std::atomic<std::uint64_t> direct_reads{0};
  std::atomic<std::uint64_t> map_full{0};
};

/// One shard's writer thread: takes operations in groups, makes room, writes each group in one transaction,
/// answers. An error fails the group, not the process; after several in a row, writing is suspended for a
/// while. The constructor starts the thread, the destructor writes what is queued and ends it. References
/// must outlive it.
class Writer {
 public:
  struct Parts {
    Tables& tables;
    std::shared_ptr<DiskIndex> index;
    std::shared_ptr<WriteQueue> queue;
    SnapshotGate& gate;
    ShardCounts& counts;
    RecordPlaces& places;
    std::function<void(const Tables::StoredObject&)> evicted;
    std::uint64_t objects_max = 0;  ///< 0: as many as fit
  };
  Writer(Parts parts, const std::vector<ObjectId>& orphans, const std::string& thread_name);
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

 private:
  enum class Outcome {
    Done,
    Refreshed,   ///< a new head for chunks that are stored
    Ignored,     ///< the object is no longer there to be refreshed, or a newer one is
    Superseded,  ///< a commit came after a newer object's
    Failed,      ///< a commit whose chunks were not all stored
  };
  using Batch = std::vector<WriteOp>;

  void run();
  void write(Batch& batch);
  base::Result<std::vector<Outcome>> try_write(Batch& batch);
  /// A transaction in which `batch` has room. Commits others before it when that takes more deleting than
  /// fits in one.
  base::Result<lmdb::Txn> begin_with_room(std::uint64_t pages);
  base::Status commit(lmdb::Txn& txn);
  /// After LMDB found no free page: deletes a good part and lets the pages age.
  base::Status widen();

  base::Result<std::vector<Outcome>> apply(lmdb::Txn& txn, Batch& batch);
  base::Result<Outcome> apply_one(lmdb::Txn& txn, WriteOp& op);
  base::Result<Outcome> apply_put(lmdb::Txn& txn, const Object& object);
  base::Status write_head(lmdb::Txn& txn, const Object& object);
  base::Status write_chunks(lmdb::Txn& txn, const Object& object);
  base::Status apply_erase(lmdb::Txn& txn, const EraseOp& op);
  base::Result<Outcome> apply_commit(lmdb::Txn& txn, const CommitOp& op);

  void finish(WriteOp& op, Outcome outcome);
  void finish_commit(CommitOp& op, Outcome outcome);
  void finish_abandon(const AbandonOp& op);
  void finish_sync(SyncOp& op);
  void fail(WriteOp& op, const base::Error& error);
  void note_failure(const base::Error& error, std::size_t operations);
  void update_counts();

  Parts parts_;
  Reclaimer reclaimer_;
  Tables::Layout layout_;       ///< on disk
  Tables::Layout next_layout_;  ///< of the transaction under way
  std::uint64_t free_pages_min_;
  unsigned failures_in_a_row_ = 0;
  bool condemned_ = false;
  bool lost_ = false;                                    ///< a transaction was, ever
  std::chrono::steady_clock::time_point quiet_until_{};  ///< no log line about failures before
  std::thread thread_;                                   ///< last: uses all of the above
};

}  // namespace store
