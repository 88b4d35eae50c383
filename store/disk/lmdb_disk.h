// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "edge/base/error.h"
#include "store/disk/disk.h"

namespace store {

struct DiskOptions {
  std::string folder{};            ///< made if missing; for this store alone
  std::uint64_t budget_bytes = 0;  ///< the data files never get larger, all together
  unsigned shards = 2;  ///< 1 to 64, at least 16 MiB for each; another number than before empties the store
  unsigned reader_threads = 4;                    ///< 1 to 64
  std::uint64_t commit_bytes = 8ULL << 20;        ///< records written in one transaction, all shards together
  std::chrono::milliseconds commit_interval{50};  ///< longest wait for more to write
  std::uint64_t queue_bytes = 64ULL << 20;        ///< waiting records, above which put() takes nothing
  std::uint64_t max_object_bytes = 0;             ///< 0: a quarter of the budget; at most half a shard
  std::uint64_t max_objects = 0;                  ///< evicts above; 0: as many as fit
  std::uint64_t whole_read_bytes = 256ULL
                                   << 10;  ///< find() reads a body up to this at once, if put() takes it
  /// Asked, on a writer's thread, before an object is evicted: whether another tier served it since it was
  /// last asked; then it stays for another turn.
  std::function<bool(const Key&, ObjectId)> wanted{};
  bool empty = false;              ///< forget all that an earlier run has stored
  std::size_t reads_max = 65'536;  ///< waiting reads; more are answered with Errc::Busy
};

/// The disk tier: an object lies with all its chunks in one of several LMDB environments ("shards"), each
/// with a writer thread that groups transactions; reader threads copy records out, and
/// find() itself what the page cache is likely to have (docs/architecture.md). Every record carries a
/// checksum. Evicts to keep the budget. After a crash it holds no object in part, and all whose commit was
/// answered (after a crash of the whole machine perhaps without those of the last transaction). Owned by the
/// node.
///
/// Executors given with calls must outlive the store: its destructor writes what is queued, answers what is
/// left with an error, and joins its threads. An executor that runs no more just drops the answers.
/// Pins and DiskWrites may outlive it.
class LmdbDisk final : public Disk {
 public:
  /// Blocks while it reads the index. `decoder` is called on reader threads and those that call find().
  /// Errors say which folder and why. Broken files are emptied with a line in the log.
  static base::Result<std::unique_ptr<LmdbDisk>> open(const DiskOptions& options, Decoder decoder);
  ~LmdbDisk() override;
  LmdbDisk(const LmdbDisk&) = delete;
  LmdbDisk& operator=(const LmdbDisk&) = delete;

  ObjectId next_id() override { return next_id_.fetch_add(1, std::memory_order_relaxed); }
  bool may_have(const Key& key) const override;
  bool holds(const Key& key, ObjectId id) const override;
  void find(const Key& key, std::string text, base::Executor& home, Answer<ObjectRef> answer) override;
  PinRef pin(const Key& key, ObjectId id) override;
  void read_chunk(const Key& key, ObjectId id, std::uint32_t index, base::Executor& home,
                  Answer<base::ChunkRef> answer) override;
  bool put(ObjectRef object) override;
  std::uint64_t max_put_bytes() const override { return max_put_bytes_; }
  bool has_room(const Key& key) const override;
  std::unique_ptr<DiskWrite> begin(const Key& key, ObjectId id, std::uint64_t expected_bytes) override;
  void erase(const Key& key, ObjectId id = kAnyId) override;
  void scan(ScanPlace from, std::size_t objects_max, base::Executor& home, Answer<ScanPage> answer) override;
  void sync(base::Executor& home, Answer<void> answer) override;
  void on_removed(std::function<void(const Key&, ObjectId)> removed) override;
  std::uint64_t max_object_bytes() const override { return max_object_bytes_; }
  Use use() const override;

 private:
  struct Parts;
  struct Shard;
  explicit LmdbDisk(std::unique_ptr<Parts> parts);
  Shard& shard_of(const Key& key) const;

  std::unique_ptr<Parts> parts_;
  std::uint64_t max_object_bytes_;
  std::uint64_t max_put_bytes_;
  std::atomic<ObjectId> next_id_;
};

}  // namespace store
