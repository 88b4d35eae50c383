// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "store/disk/disk.h"
#include "store/disk/reader_pool.h"
#include "tests/bench/bodies/segment_pin.h"
#include "tests/bench/bodies/segment_writer.h"

namespace bodies {

/// A disk tier that keeps records in segment files and only their index in LMDB: what store::LmdbDisk could
/// be replaced by. A prototype for measuring: whole in what it writes, reads and evicts, without a recovery
/// at start and without what only the edge needs (an erase does not hide what is queued before it).
///
/// Crash-consistent by the order of what it writes. (1) A group's records are synced before the transaction
/// that names them is begun, so a name never leads to bytes that are not there. (2) A segment is emptied in
/// the index, and that is synced, before it is written to again, so no name leads to bytes of others. (3) A
/// group begins a block of its own, so what a torn write spoils was never named. (4) An object is one entry
/// of the index with all its places, so it is there as a whole or not at all. (5) LMDB without the sync of
/// its meta page loses at most the last transaction; the segments then hold records that nobody names. (6) If
/// all that failed, a record's checksum is seeded with its id and index: what lies in another's place does
/// not match. A start would read the table into the index, note each name with its segments, and go on in a
/// segment after that of the highest id.
class SegmentStore final : public store::Disk {
 public:
  struct Options {
    std::string folder{};
    std::uint64_t budget_bytes = 0;
    unsigned reader_threads = 4;
    std::uint64_t commit_bytes = 8ULL << 20;
    bool direct = false;  ///< write past the page cache
  };
  static base::Result<std::unique_ptr<SegmentStore>> open(const Options& options, store::Decoder decoder);
  ~SegmentStore() override;
  SegmentStore(const SegmentStore&) = delete;
  SegmentStore& operator=(const SegmentStore&) = delete;

  store::ObjectId next_id() override { return next_id_.fetch_add(1, std::memory_order_relaxed); }
  bool may_have(const store::Key& key) const override { return index_.find(key).has_value(); }
  bool holds(const store::Key& key, store::ObjectId id) const override { return index_.holds(key, id); }
  void find(const store::Key& key, std::string text, base::Executor& home,
            store::Answer<store::ObjectRef> answer) override;
  store::PinRef pin(const store::Key& key, store::ObjectId id) override;
  void read_chunk(const store::Key& key, store::ObjectId id, std::uint32_t index, base::Executor& home,
                  store::Answer<base::ChunkRef> answer) override;
  /// Single objects only.
  bool put(store::ObjectRef object) override;
  std::uint64_t max_put_bytes() const override { return base::kChunkBytes; }
  bool has_room(const store::Key&) const override { return false; }
  std::unique_ptr<store::DiskWrite> begin(const store::Key& key, store::ObjectId id,
                                          std::uint64_t expected_bytes) override;
  void erase(const store::Key& key, store::ObjectId id) override;
  /// Nothing that is measured walks over it or waits for it.
  void scan(store::ScanPlace, std::size_t, base::Executor& home,
            store::Answer<store::ScanPage> answer) override {
    home.post([answer = std::move(answer)]() mutable {
      answer(base::fail(base::Errc::Unavailable, "cannot be walked over"));
    });
  }
  void sync(base::Executor& home, store::Answer<void> answer) override {
    home.post([answer = std::move(answer)]() mutable {
      answer(base::fail(base::Errc::Unavailable, "cannot be waited for"));
    });
  }
  void on_removed(std::function<void(const store::Key&, store::ObjectId)> removed) override {
    removed_ = std::move(removed);
  }
  std::uint64_t max_object_bytes() const override { return options_.budget_bytes / 8; }
  Use use() const override;

 private:
  struct Sizes;
  SegmentStore(const Options& options, store::Decoder decoder, std::unique_ptr<Segments> segments,
               std::unique_ptr<IndexTable> table);
  base::Result<store::ObjectRef> find_now(const store::Key& key, const std::string& text);
  base::Result<base::ChunkRef> read_now(const store::Key& key, store::ObjectId id, std::uint32_t index);
  /// What a failed check means: the object was overwritten meanwhile, or is broken and goes.
  base::Error judge(const store::Key& key, store::ObjectId id, base::Error error);

  Options options_;
  store::Decoder decoder_;
  std::unique_ptr<Segments> segments_;
  std::unique_ptr<IndexTable> table_;
  SegmentIndex index_{};
  Counts counts_{};
  std::atomic<store::ObjectId> next_id_{1};
  std::function<void(const store::Key&, store::ObjectId)> removed_{};
  std::shared_ptr<store::WriteQueue> queue_;
  std::unique_ptr<SegmentWriter> writer_;
  std::unique_ptr<store::ReaderPool> readers_;
};

}  // namespace bodies
