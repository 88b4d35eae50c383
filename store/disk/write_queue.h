// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <variant>
#include <vector>

#include "store/disk/disk.h"

namespace store {

/// Shared by a DiskWrite and what it has queued: a commit must not follow a chunk that was not stored.
struct WriteProgress {
  std::atomic<bool> failed{false};
  std::atomic<bool> published{false};  ///< the commit is done: the chunks belong to the stored object
};

struct PutOp {
  ObjectRef object{};
};
struct ChunkOp {
  ObjectId id = 0;
  std::uint32_t index = 0;
  base::ChunkRef chunk{};
  std::shared_ptr<WriteProgress> progress{};
  base::Executor* home = nullptr;
  Answer<void> answer{};
};
struct CommitOp {
  ObjectRef object{};
  std::shared_ptr<WriteProgress> progress{};
  base::Executor* home = nullptr;
  Answer<PinRef> answer{};
};
/// The DiskWrite has ended: its chunks go, unless its commit came through.
struct AbandonOp {
  ObjectId id = 0;
  std::shared_ptr<WriteProgress> progress{};
};
struct EraseOp {
  Key key{};
  ObjectId id = kAnyId;
};
/// To be answered once all before it is durable (Disk::sync).
struct SyncOp {
  base::Executor* home = nullptr;
  Answer<void> answer{};
};
/// One thing for a shard's writer to do. What comes first is done first.
using WriteOp = std::variant<PutOp, ChunkOp, CommitOp, AbandonOp, EraseOp, SyncOp>;

/// Bytes of the records that `op` writes; 0 if none.
std::size_t record_bytes(const WriteOp& op);
/// How many records those are, at least 1.
std::size_t records_of(const WriteOp& op);

/// What waits for one shard's writer. Its lock is held for an operation's move or an exchange of lists only,
/// and nothing is freed under it once the lists are as long as they get: a loop must not wait for a writer
/// that has lost its core. Owned by the store and by the DiskWrites, which may outlive it. Any thread.
class WriteQueue {
 public:
  struct Options {
    std::uint64_t queue_bytes = 64ULL << 20;
    std::uint64_t batch_bytes = 8ULL << 20;
    std::size_t batch_ops = 4096;
    std::chrono::milliseconds interval{50};
  };
  explicit WriteQueue(const Options& options) : options_(options) {}

  /// Adds `op`. Fails, leaving `op` as it was, when closed (Cancelled), or when it writes a record and
  /// writing is suspended (Unavailable). `droppable`: also when the queue is full (Busy).
  base::Status push(WriteOp& op, bool droppable = false);
  /// Lets the writer look even if there is no operation.
  void wake();

  /// Writer: the next batch: waits until there is something (or a wake), then until it is enough for a
  /// transaction or the interval is over. `linger` false: takes what is there. Nothing when closed and empty.
  std::optional<std::vector<WriteOp>> take(bool linger);

  /// Refuses records for `duration`: the disk fails.
  void suspend(std::chrono::milliseconds duration);
  void close();

  std::uint64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

 private:
  /// Under the mutex.
  bool enough() const {
    return closed_ || bytes_.load() >= options_.batch_bytes ||
           coming_.size() + left_.load() >= options_.batch_ops;
  }
  /// Writer: all that has come, behind what is left. Whether the queue is closed.
  bool take_in(bool linger);

  Options options_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<WriteOp> coming_;          ///< under the mutex
  std::vector<WriteOp> spare_;           ///< writer: empty, to be exchanged for what has come
  std::deque<WriteOp> ops_;              ///< writer
  std::atomic<std::size_t> left_{0};     ///< of ops_
  std::atomic<std::uint64_t> bytes_{0};  ///< of all that is in no batch yet
  std::chrono::steady_clock::time_point suspended_until_{};  ///< under the mutex, as what follows
  bool woken_ = false;
  bool closed_ = false;
};

}  // namespace store
