// SPDX-License-Identifier: Apache-2.0
#include "store/disk/write_queue.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "store/disk/record.h"

namespace store {
namespace {

/// What an operation that writes nothing is counted as.
constexpr std::size_t kOpBytes = 128;

std::size_t queued_bytes(const WriteOp& op) { return kOpBytes + record_bytes(op); }

}  // namespace

std::size_t record_bytes(const WriteOp& op) {
  if (const auto* put = std::get_if<PutOp>(&op)) {
    const Object& object = *put->object;
    const std::uint64_t bodies = object.chunks.empty() ? 0 : object.body_bytes;
    return record::head_bytes(object) + bodies + object.chunks.size() * record::chunk_bytes(0);
  }
  if (const auto* chunk = std::get_if<ChunkOp>(&op)) return record::chunk_bytes(chunk->chunk->size());
  if (const auto* commit = std::get_if<CommitOp>(&op)) return record::head_bytes(*commit->object);
  return 0;
}

std::size_t records_of(const WriteOp& op) {
  const auto* put = std::get_if<PutOp>(&op);
  return put != nullptr ? 1 + put->object->chunks.size() : 1;
}

base::Status WriteQueue::push(WriteOp& op, bool droppable) {
  const std::size_t bytes = queued_bytes(op);
  bool wake = false;
  {
    const std::scoped_lock lock(mutex_);
    if (closed_) return base::fail(base::Errc::Cancelled, "the disk cache is closing");
    if (bytes > kOpBytes && suspended_until_ > std::chrono::steady_clock::now()) {
      return base::fail(base::Errc::Unavailable, "the disk cache takes no writes for a while after errors");
    }
    if (droppable && bytes_.load() + bytes > options_.queue_bytes) {
      return base::fail(base::Errc::Busy, "the disk cache's write queue is full");
    }
    coming_.push_back(std::move(op));
    bytes_ += bytes;
    wake = coming_.size() == 1 || enough();
  }
  if (wake) changed_.notify_one();
  return {};
}

void WriteQueue::wake() {
  {
    const std::scoped_lock lock(mutex_);
    woken_ = true;
  }
  changed_.notify_one();
}

std::optional<std::vector<WriteOp>> WriteQueue::take(bool linger) {
  const bool closed = take_in(linger);
  if (closed && ops_.empty()) return std::nullopt;
  std::vector<WriteOp> batch;
  std::uint64_t taken = 0;
  while (!ops_.empty() && batch.size() < options_.batch_ops && taken < options_.batch_bytes) {
    taken += queued_bytes(ops_.front());
    batch.push_back(std::move(ops_.front()));
    ops_.pop_front();
  }
  left_ = ops_.size();
  bytes_ -= taken;
  return batch;
}

bool WriteQueue::take_in(bool linger) {
  bool closed = false;
  {
    std::unique_lock lock(mutex_);
    const auto something = [this] { return !ops_.empty() || !coming_.empty(); };
    if (linger) {
      changed_.wait(lock, [&] { return closed_ || woken_ || something(); });
      if (something()) changed_.wait_for(lock, options_.interval, [this] { return enough(); });
    }
    woken_ = false;
    closed = closed_;
    coming_.swap(spare_);
    left_ += spare_.size();
  }
  std::ranges::move(spare_, std::back_inserter(ops_));
  spare_.clear();
  return closed;
}

void WriteQueue::suspend(std::chrono::milliseconds duration) {
  const std::scoped_lock lock(mutex_);
  suspended_until_ = std::chrono::steady_clock::now() + duration;
}

void WriteQueue::close() {
  {
    const std::scoped_lock lock(mutex_);
    closed_ = true;
  }
  changed_.notify_one();
}

}  // namespace store
