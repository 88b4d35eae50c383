// SPDX-License-Identifier: Apache-2.0
// What each operation does in the transaction, and what follows from it once that is committed or lost.
#include <algorithm>
#include <utility>

#include "store/disk/answer.h"
#include "store/disk/writer.h"

namespace store {
namespace {

template <typename... F>
struct Overloaded : F... {
  using F::operator()...;
};

Tables::StoredObject stored_as(const Object& object) {
  return {object.key, object.id, !object.single(), object.body_bytes};
}

ObjectId id_of(const WriteOp& op) {
  return std::visit(
      Overloaded{[](const PutOp& put) { return put.object->id; },
                 [](const ChunkOp& chunk) { return chunk.id; },
                 [](const CommitOp& commit) { return commit.object->id; },
                 [](const AbandonOp& abandon) { return abandon.id; },
                 [](const EraseOp&) { return ObjectId{0}; }, [](const SyncOp&) { return ObjectId{0}; }},
      op);
}

}  // namespace

base::Result<std::vector<Writer::Outcome>> Writer::apply(lmdb::Txn& txn, Batch& batch) {
  std::vector<Outcome> outcomes;
  outcomes.reserve(batch.size());
  next_layout_ = layout_;
  for (WriteOp& op : batch) {
    next_layout_.id_max = std::max(next_layout_.id_max, id_of(op));
    const auto outcome = apply_one(txn, op);
    if (!outcome) return std::unexpected(outcome.error());
    outcomes.push_back(*outcome);
    parts_.tables.file().touched(1);  // its place in the index
  }
  if (next_layout_.id_max != layout_.id_max) {
    if (auto written = parts_.tables.write_layout(txn, next_layout_); !written)
      return std::unexpected(written.error());
  }
  return outcomes;
}

base::Result<Writer::Outcome> Writer::apply_one(lmdb::Txn& txn, WriteOp& op) {
  if (const auto* put = std::get_if<PutOp>(&op)) return apply_put(txn, *put->object);
  if (const auto* commit = std::get_if<CommitOp>(&op)) return apply_commit(txn, *commit);
  base::Status done;
  if (const auto* chunk = std::get_if<ChunkOp>(&op)) {
    if (chunk->progress->failed) return Outcome::Failed;
    done = parts_.tables.write_chunk(txn, chunk->id, chunk->index, chunk->chunk->view());
  } else if (const auto* erase = std::get_if<EraseOp>(&op)) {
    done = apply_erase(txn, *erase);
  }
  if (!done) return std::unexpected(done.error());
  return Outcome::Done;
}

base::Status Writer::apply_erase(lmdb::Txn& txn, const EraseOp& op) {
  const auto there = parts_.tables.find(txn, op.key);
  if (!there) return std::unexpected(there.error());
  if (!*there || (*there)->id > op.id) return {};
  return parts_.tables.unlink(txn, op.key, (*there)->id);
}

base::Result<Writer::Outcome> Writer::apply_put(lmdb::Txn& txn, const Object& object) {
  const auto there = parts_.tables.find(txn, object.key);
  if (!there) return std::unexpected(there.error());
  if (*there && (*there)->id > object.id) return Outcome::Ignored;
  // What was evicted of it is still being deleted: so would be what is written now.
  const auto is_orphan = parts_.tables.is_orphan(txn, object.id);
  if (!is_orphan) return std::unexpected(is_orphan.error());
  if (*is_orphan) return Outcome::Ignored;
  const bool refreshes = !object.single() && *there && (*there)->id == object.id;
  if (!refreshes) {
    // The head of chunks that are gone, or of others, must not be found.
    if (!object.whole()) return Outcome::Ignored;
    if (auto written = write_chunks(txn, object); !written) return std::unexpected(written.error());
  }
  if (auto written = write_head(txn, object); !written) return std::unexpected(written.error());
  return refreshes ? Outcome::Refreshed : Outcome::Done;
}

// An old head of the object lies on where it was, and is as sound as this one. Nobody may be shown it who has
// seen this one, so it is forgotten before the commit, which begins the next epoch.
base::Status Writer::write_head(lmdb::Txn& txn, const Object& object) {
  parts_.places.forget(object.id, parts_.gate.epoch() + 1);
  return parts_.tables.write_object(txn, object);
}

base::Status Writer::write_chunks(lmdb::Txn& txn, const Object& object) {
  for (std::uint32_t index = 0; index < object.chunks.size(); ++index) {
    auto written = parts_.tables.write_chunk(txn, object.id, index, object.chunks[index]->view());
    if (!written) return written;
  }
  return {};
}

base::Result<Writer::Outcome> Writer::apply_commit(lmdb::Txn& txn, const CommitOp& op) {
  if (op.progress->failed) return Outcome::Failed;
  const auto there = parts_.tables.find(txn, op.object->key);
  if (!there) return std::unexpected(there.error());
  if (*there && (*there)->id > op.object->id) return Outcome::Superseded;
  if (auto written = write_head(txn, *op.object); !written) return std::unexpected(written.error());
  return Outcome::Done;
}

void Writer::finish(WriteOp& op, Outcome outcome) {
  DiskIndex& index = *parts_.index;
  std::visit(Overloaded{[&](PutOp& put) {
                          // A head that was refreshed is in the index already, or was just evicted.
                          if (outcome != Outcome::Done) return;
                          index.publish(stored_as(*put.object), false);
                        },
                        [&](ChunkOp& chunk) {
                          base::Result<void> result;
                          if (outcome == Outcome::Failed) {
                            result = base::fail(base::Errc::Cancelled,
                                                "an earlier chunk of the object was not stored");
                          }
                          post_answer<void>(*chunk.home, std::move(chunk.answer), std::move(result));
                        },
                        [&](CommitOp& commit) { finish_commit(commit, outcome); },
                        [&](AbandonOp& abandon) { finish_abandon(abandon); },
                        [&](EraseOp& erase) { index.erase_done(erase.key, erase.id); },
                        [&](SyncOp& sync) { finish_sync(sync); }},
             op);
}

void Writer::finish_sync(SyncOp& op) {
  base::Result<void> result = parts_.tables.sync();
  if (result && lost_)
    result = base::fail(base::Errc::System, "some of what the disk cache was to erase or write was lost");
  post_answer<void>(*op.home, std::move(op.answer), std::move(result));
}

void Writer::finish_commit(CommitOp& op, Outcome outcome) {
  const Object& object = *op.object;
  if (outcome == Outcome::Done) {
    PinRef pin = parts_.index->publish(stored_as(object), true);
    op.progress->published = true;
    post_answer<PinRef>(*op.home, std::move(op.answer), std::move(pin));
    return;
  }
  // The chunks stay until the DiskWrite ends: they may have readers.
  base::Error error{base::Errc::Exists, "a newer object is stored under the key"};
  if (outcome == Outcome::Failed) error = {base::Errc::Cancelled, "a chunk of the object was not stored"};
  post_answer<PinRef>(*op.home, std::move(op.answer), std::unexpected(std::move(error)));
}

void Writer::finish_abandon(const AbandonOp& op) {
  if (!op.progress->published) parts_.index->doom({{}, op.id});
}

void Writer::fail(WriteOp& op, const base::Error& error) {
  DiskIndex& index = *parts_.index;
  std::visit(
      Overloaded{[&](PutOp&) { ++parts_.counts.dropped_writes; },
                 [&](ChunkOp& chunk) {
                   chunk.progress->failed = true;
                   post_answer<void>(*chunk.home, std::move(chunk.answer), std::unexpected(error));
                 },
                 [&](CommitOp& commit) {
                   post_answer<PinRef>(*commit.home, std::move(commit.answer), std::unexpected(error));
                 },
                 [&](AbandonOp& abandon) { finish_abandon(abandon); },
                 // Hidden until the next start; what is replaced or evicted till then is gone for good.
                 [&](EraseOp& erase) { index.erase_done(erase.key, erase.id); },
                 [&](SyncOp& sync) {
                   post_answer<void>(*sync.home, std::move(sync.answer), std::unexpected(error));
                 }},
      op);
}

}  // namespace store
