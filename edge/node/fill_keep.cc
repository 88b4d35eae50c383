// SPDX-License-Identifier: Apache-2.0
// How the body of a fill that is kept gets into the tiers: in one piece at the end, or chunk by chunk as it
// comes.
#include <utility>

#include "edge/base/log.h"
#include "edge/node/decoded.h"
#include "edge/node/fill.h"
#include "edge/node/tiers.h"

namespace node {

using base::kChunkBytes;

bool Fill::too_large(std::optional<std::uint64_t> bytes) const {
  return bytes && *bytes > kChunkBytes && *bytes > context_.shared.disk.max_object_bytes();
}

// A body that would have to go to disk as it comes, and that only one request has ever wanted: that one gets
// it.
bool Fill::worth_keeping() {
  if (!total_ || *total_ <= whole_max_) return true;
  return context_.shared.admission.on_miss(order_.base_key, *total_, wanted_again(),
                                           context_.executor.clock().steady());
}

bool Fill::wanted_again() const {
  const bool is_part = response_.kind == policy::StoredResponse::Kind::Part;  // others of it will be wanted
  return order_.stored || is_part || order_.background || fetch_->was_shared();
}

void Fill::begin_large() {
  write_ = context_.shared.disk.begin(key_, id_, total_.value_or(0));
  fetch_->set_stored(key_, id_);
}

void Fill::store_full_chunks() {
  const auto full = static_cast<std::uint32_t>(fetch_->body_bytes() / kChunkBytes);
  while (chunks_put_ < full) store_chunk(chunks_put_++);
}

void Fill::store_chunk(std::uint32_t index) {
  context_.shared.memory.insert_chunk(id_, index, fetch_->chunk(index));
  write_chunk(index);
}

void Fill::write_chunk(std::uint32_t index) {
  write_->put(
      index, fetch_->chunk(index), context_.executor,
      anchor_.wrap([this, index](const base::Result<void>& stored) { on_chunk_stored(index, stored); }));
}

void Fill::on_chunk_stored(std::uint32_t index, const base::Result<void>& stored) {
  if (!stored) {
    if (keeping_)
      logs::warn("body not kept", {{"url", order_.cache_key.url}, {"reason", stored.error().text}});
    return stop_storing();
  }
  fetch_->release(index);
  look_again();
}

// The body cannot be kept: what is on disk stays readable for the readers that need it, the rest is held back
// by the slowest reader for as long as watch_laggards() lets it.
void Fill::stop_storing() {
  if (!keeping_) return;
  pace_by_readers();
  leave_table();
  fetch_->stop_keeping();
  if (received_) return end();
  look_again();
}

void Fill::finish_whole() {
  fetch_->complete();
  if (!may_keep()) return end();
  response_.body_bytes = fetch_->body_bytes();
  auto object = make_object(key_, key_text_, id_, response_);
  take_body(*object);
  const bool kept = keep_new(context_.shared, object, wanted_again(), context_.executor.clock().steady());
  drop_if_retired(*object);
  kept_ = object;
  // A small object that the disk's writers have no time for is no loss; a larger one waits for them.
  if (kept || object->single() || fetch_->retired()) return end();
  begin_large();
  while (chunks_put_ < object->chunk_count()) write_chunk(chunks_put_++);
  commit(std::move(object));
}

void Fill::take_body(store::Object& object) {
  std::vector<base::ChunkRef> chunks;
  for (std::uint32_t index = 0; index < object.chunk_count(); ++index) {
    base::ChunkRef chunk = fetch_->chunk(index);
    const bool wasteful = chunk->capacity() - chunk->size() > chunk->capacity() / 8;
    chunks.push_back(wasteful ? base::Chunk::copy_of(chunk->view()) : std::move(chunk));
  }
  object.set_body(std::move(chunks));
}

// Whoever invalidates retires first and erases then: what was put in between is found by one of the two.
void Fill::drop_if_retired(const store::Object& object) {
  if (!fetch_->retired()) return;
  drop(context_.shared, object.key, object.id);
}

void Fill::finish_large() {
  if (!may_keep()) {
    fetch_->complete();
    return stop_storing();
  }
  if (fetch_->body_bytes() % kChunkBytes != 0) store_chunk(chunks_put_++);
  fetch_->complete();
  response_.body_bytes = fetch_->body_bytes();
  commit(make_object(key_, key_text_, id_, response_));
}

void Fill::commit(std::shared_ptr<store::Object> object) {
  write_->commit(object, context_.executor, anchor_.wrap([this, object](base::Result<store::PinRef> stored) {
    if (stored) {
      write_.reset();
      fetch_->set_pin(std::move(*stored));
      object->on_disk.set(true);
      if (!object->whole()) context_.shared.memory.insert(object);
      drop_if_retired(*object);
      kept_ = object;
    } else {
      logs::warn("body not kept", {{"url", order_.cache_key.url}, {"reason", stored.error().text}});
    }
    end();
  }));
}

}  // namespace node
