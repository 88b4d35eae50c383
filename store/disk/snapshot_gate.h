// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>

namespace store {

/// Keeps a shard's writer from running away from its readers. LMDB reuses a freed page only when no read
/// transaction is older than the freeing, so a reader that a slow disk holds up for long would let the writer
/// run out of pages. Any thread.
class SnapshotGate {
 public:
  /// One read transaction; make it before the transaction begins, end it after.
  class Reading {
   public:
    explicit Reading(SnapshotGate& gate) : gate_(gate), epoch_(gate.enter()) {}
    ~Reading() { gate_.leave(epoch_); }
    /// How many transactions were committed before, at least.
    std::uint64_t epoch() const { return epoch_; }
    Reading(const Reading&) = delete;
    Reading& operator=(const Reading&) = delete;

   private:
    SnapshotGate& gate_;
    std::uint64_t epoch_;
  };

  /// Writer: a transaction was committed.
  void committed() {
    const std::scoped_lock lock(mutex_);
    ++epoch_;
  }
  /// Writer: of transactions that begin now.
  std::uint64_t epoch() const {
    const std::scoped_lock lock(mutex_);
    return epoch_;
  }
  /// Writer: waits until no reader is more than `epochs` commits old, at most for `limit`. False if it still
  /// is.
  bool wait_for_readers(std::uint64_t epochs, std::chrono::milliseconds limit) {
    std::unique_lock lock(mutex_);
    return left_.wait_for(lock, limit,
                          [&] { return reading_.empty() || reading_.begin()->first + epochs >= epoch_; });
  }

 private:
  std::uint64_t enter() {
    const std::scoped_lock lock(mutex_);
    ++reading_[epoch_];
    return epoch_;
  }
  void leave(std::uint64_t epoch) {
    const std::scoped_lock lock(mutex_);
    const auto at = reading_.find(epoch);
    if (--at->second != 0) return;
    reading_.erase(at);
    left_.notify_one();
  }

  mutable std::mutex mutex_;
  std::condition_variable left_;
  std::uint64_t epoch_ = 0;
  std::map<std::uint64_t, unsigned> reading_;  ///< running read transactions by the epoch they began in
};

}  // namespace store
