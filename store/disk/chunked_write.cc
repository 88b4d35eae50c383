// SPDX-License-Identifier: Apache-2.0
#include "store/disk/chunked_write.h"

#include <algorithm>
#include <string>
#include <utility>

#include "edge/base/check.h"
#include "store/disk/answer.h"

namespace store {

ChunkedWrite::~ChunkedWrite() {
  if (progress_->published || put_bytes_ == 0) return;
  // Queued behind the commit, if there is one that waits: the writer knows then what became of it.
  WriteOp op = AbandonOp{id_, progress_};
  // A closed queue is no loss: the next start finds what was not finished.
  static_cast<void>(queue_->push(op));
}

void ChunkedWrite::put(std::uint32_t index, base::ChunkRef chunk, base::Executor& home, Answer<void> stored) {
  CHECK(!committed_ && chunk && chunk->size() > 0);
  put_bytes_ += chunk->size();
  const std::uint64_t bytes = std::max(put_bytes_, expected_bytes_);
  if (bytes > bytes_max_) {
    progress_->failed = true;
    post_answer<void>(home, std::move(stored),
                      base::fail(base::Errc::Limit, "a body of " + std::to_string(bytes) +
                                                        " bytes is larger than the disk cache takes: " +
                                                        std::to_string(bytes_max_)));
    return;
  }
  WriteOp op = ChunkOp{id_, index, std::move(chunk), progress_, &home, std::move(stored)};
  auto queued = queue_->push(op);
  if (queued) return;
  progress_->failed = true;
  post_answer<void>(home, std::move(std::get<ChunkOp>(op).answer),
                    std::unexpected(std::move(queued.error())));
}

void ChunkedWrite::commit(ObjectRef object, base::Executor& home, Answer<PinRef> stored) {
  CHECK(!committed_ && object && object->id == id_ && object->body_bytes == put_bytes_);
  committed_ = true;
  WriteOp op = CommitOp{std::move(object), progress_, &home, std::move(stored)};
  auto queued = queue_->push(op);
  if (queued) return;
  post_answer<PinRef>(home, std::move(std::get<CommitOp>(op).answer),
                      std::unexpected(std::move(queued.error())));
}

}  // namespace store
