// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>

#include "store/disk/disk.h"
#include "store/disk/write_queue.h"

namespace store {

/// The DiskWrite of LmdbDisk: queues chunks for the shard's writer. One thread at a time. May outlive the
/// store: then it answers that all is cancelled.
class ChunkedWrite final : public DiskWrite {
 public:
  ChunkedWrite(std::shared_ptr<WriteQueue> queue, ObjectId id, std::uint64_t expected_bytes,
               std::uint64_t bytes_max)
      : queue_(std::move(queue)), id_(id), expected_bytes_(expected_bytes), bytes_max_(bytes_max) {}
  ~ChunkedWrite() override;

  void put(std::uint32_t index, base::ChunkRef chunk, base::Executor& home, Answer<void> stored) override;
  void commit(ObjectRef object, base::Executor& home, Answer<PinRef> stored) override;

 private:
  std::shared_ptr<WriteQueue> queue_;
  std::shared_ptr<WriteProgress> progress_ = std::make_shared<WriteProgress>();
  ObjectId id_;
  std::uint64_t expected_bytes_;
  std::uint64_t bytes_max_;
  std::uint64_t put_bytes_ = 0;
  bool committed_ = false;
};

}  // namespace store
