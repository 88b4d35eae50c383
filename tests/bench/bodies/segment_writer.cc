// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/bodies/segment_writer.h"

#include <pthread.h>

#include <utility>

#include "store/disk/answer.h"
#include "store/disk/record.h"
#include "tests/bench/bodies/segment_pin.h"

namespace bodies {
namespace {

/// The head that the operation writes, if any.
const store::Object* head_of(const store::WriteOp& op) {
  if (const auto* put = std::get_if<store::PutOp>(&op)) return put->object.get();
  if (const auto* commit = std::get_if<store::CommitOp>(&op)) return commit->object.get();
  return nullptr;
}

}  // namespace

SegmentWriter::SegmentWriter(Parts parts)
    : parts_(std::move(parts)),
      ring_(parts_.segments, parts_.index, parts_.table, [this](const Ring::Name& name, const Located& gone) {
        ++parts_.counts.evictions;
        doomed_.push_back(name.id);
        if (gone.chunks) parts_.removed(name.key, name.id);
      }) {
  thread_ = std::thread([this] { run(); });
  pthread_setname_np(thread_.native_handle(), "segment-write");
}

SegmentWriter::~SegmentWriter() {
  parts_.queue.close();
  thread_.join();
}

void SegmentWriter::run() {
  while (auto batch = parts_.queue.take(/*linger=*/true)) {
    if (!batch->empty()) write(*std::move(batch));
  }
}

void SegmentWriter::write(std::vector<store::WriteOp> batch) {
  std::vector<Step> steps;
  steps.reserve(batch.size());
  for (store::WriteOp& op : batch) steps.push_back({.op = std::move(op)});
  const auto done = try_write(steps);
  for (Step& step : steps) done ? finish(step) : fail(step.op, done.error());
  parts_.counts.name_bytes = ring_.memory_bytes();
}

base::Status SegmentWriter::try_write(std::vector<Step>& steps) {
  constexpr std::uint64_t kAlignment = 16;
  std::uint64_t bytes = 0;
  for (const Step& step : steps) bytes += store::record_bytes(step.op) + kAlignment;
  group_.begin(bytes);
  for (Step& step : steps) {
    if (auto done = lay_out(step); !done) return done;
  }
  group_.seal();
  ring_.end_group();
  if (auto done = group_.write(parts_.segments); !done) return done;
  return commit(steps);
}

base::Status SegmentWriter::lay_out(Step& step) {
  if (auto* chunk = std::get_if<store::ChunkOp>(&step.op)) {
    if (chunk->progress->failed) return {};
    const auto place = ring_.take(store::record_bytes(step.op));
    if (!place) return std::unexpected(place.error());
    store::record::write_chunk(chunk->id, chunk->index, chunk->chunk->view(), group_.room(*place));
    // Nobody reads it before it is durable, since nobody was told.
    parts_.segments.pin(place->segment);
    parts_.index.add_chunk(chunk->id, *place);
    step.place = *place;
    return {};
  }
  const store::Object* object = head_of(step.op);
  if (object == nullptr) return {};
  const auto there = parts_.index.find(object->key);
  if (there && there->id > object->id) return {};
  if (auto* commit = std::get_if<store::CommitOp>(&step.op)) {
    if (commit->progress->failed) return {};
    std::vector<Place> chunks;
    for (std::uint32_t i = 0; i < (object->single() ? 0 : object->chunk_count()); ++i) {
      const auto place = parts_.index.chunk(object->key, object->id, i);
      if (!place) return base::fail(base::Errc::Invalid, "a commit before its chunks");
      chunks.push_back(*place);
    }
    if (chunks.empty()) return lay_out_head(step, *object, nullptr);
    return lay_out_head(step, *object, std::make_shared<const std::vector<Place>>(std::move(chunks)));
  }
  // A fresh head for chunks that are there; those of others must not be found by it.
  if (!object->single() && (!there || there->id != object->id)) return {};
  return lay_out_head(step, *object, object->single() ? nullptr : there->chunks);
}

base::Status SegmentWriter::lay_out_head(Step& step, const store::Object& object,
                                         std::shared_ptr<const std::vector<Place>> chunks) {
  const auto place = ring_.take(store::record::head_bytes(object));
  if (!place) return std::unexpected(place.error());
  store::record::write_head(object, group_.room(*place));
  step.place = *place;
  step.located = {object.id, *place, std::move(chunks)};
  return {};
}

base::Status SegmentWriter::commit(const std::vector<Step>& steps) {
  auto txn = parts_.table.begin();
  if (!txn) return std::unexpected(txn.error());
  for (const store::ObjectId id : doomed_) {
    if (auto done = parts_.table.erase(*txn, id); !done) return done;
  }
  for (const Step& step : steps) {
    const store::Object* object = head_of(step.op);
    if (object == nullptr || step.place.bytes == 0) continue;
    if (auto done = parts_.table.put(*txn, object->key, step.located); !done) return done;
  }
  const auto crowded = parts_.table.crowded(*txn);
  if (!crowded) return std::unexpected(crowded.error());
  if (auto done = parts_.table.commit(*txn); !done) return done;
  doomed_.clear();
  // Small objects fill the index before the segments are full.
  return *crowded ? ring_.advance() : base::Status();
}

void SegmentWriter::publish(const store::Object& object, const Located& located) {
  if (const auto replaced = parts_.index.publish(object.key, located)) doomed_.push_back(*replaced);
  ring_.note({object.key, object.id}, located);
}

void SegmentWriter::finish(Step& step) {
  const bool laid_out = step.place.bytes != 0;
  if (auto* put = std::get_if<store::PutOp>(&step.op)) {
    if (laid_out) publish(*put->object, step.located);
  } else if (auto* chunk = std::get_if<store::ChunkOp>(&step.op)) {
    base::Result<void> result;
    if (!laid_out) result = base::fail(base::Errc::Cancelled, "an earlier chunk was not stored");
    store::post_answer<void>(*chunk->home, std::move(chunk->answer), std::move(result));
  } else if (auto* commit = std::get_if<store::CommitOp>(&step.op)) {
    finish_commit(*commit, step.located, laid_out);
  } else if (auto* abandon = std::get_if<store::AbandonOp>(&step.op)) {
    if (!abandon->progress->published) give_up_chunks(abandon->id);
  } else if (auto* erase = std::get_if<store::EraseOp>(&step.op)) {
    if (const auto gone = parts_.index.remove(erase->key, erase->id)) doomed_.push_back(gone->id);
  }
}

void SegmentWriter::finish_commit(store::CommitOp& op, const Located& located, bool laid_out) {
  if (!laid_out) {
    store::post_answer<store::PinRef>(
        *op.home, std::move(op.answer),
        base::fail(base::Errc::Exists, "a newer object is there, or a chunk is not"));
    return;
  }
  publish(*op.object, located);
  store::PinRef pin = std::make_shared<SegmentPin>(parts_.segments, located);
  give_up_chunks(op.object->id);
  op.progress->published = true;
  store::post_answer<store::PinRef>(*op.home, std::move(op.answer), std::move(pin));
}

void SegmentWriter::give_up_chunks(store::ObjectId id) {
  for (const Place& place : parts_.index.take_chunks(id)) parts_.segments.unpin(place.segment);
}

void SegmentWriter::fail(store::WriteOp& op, const base::Error& error) {
  if (std::holds_alternative<store::PutOp>(op)) ++parts_.counts.dropped_writes;
  if (auto* chunk = std::get_if<store::ChunkOp>(&op)) {
    chunk->progress->failed = true;
    store::post_answer<void>(*chunk->home, std::move(chunk->answer), std::unexpected(error));
  } else if (auto* commit = std::get_if<store::CommitOp>(&op)) {
    store::post_answer<store::PinRef>(*commit->home, std::move(commit->answer), std::unexpected(error));
  } else if (auto* abandon = std::get_if<store::AbandonOp>(&op)) {
    if (!abandon->progress->published) give_up_chunks(abandon->id);
  }
}

}  // namespace bodies
