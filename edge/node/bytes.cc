// SPDX-License-Identifier: Apache-2.0
#include "edge/node/bytes.h"

#include <algorithm>

#include "edge/base/log.h"

namespace node {
namespace {

using base::kChunkBytes;
using http::Pull;

class WholeBytes final : public Bytes {
 public:
  explicit WholeBytes(store::ObjectRef object) : object_(std::move(object)) {}
  Pull read(std::uint64_t offset, std::size_t max, base::Slice& out) override {
    if (offset >= object_->body_bytes) return Pull::End;
    const base::ChunkRef& chunk = object_->chunk(static_cast<std::uint32_t>(offset / kChunkBytes));
    out = {chunk, chunk->view().substr(static_cast<std::size_t>(offset % kChunkBytes), max)};
    return Pull::Data;
  }

 private:
  store::ObjectRef object_;
};

class ChunkBytes final : public Bytes {
 public:
  ChunkBytes(Context& context, store::ObjectRef object, store::PinRef pin, Ready ready)
      : object_(std::move(object)),
        pin_(std::move(pin)),
        chunks_(context, object_->key, object_->id, std::move(ready)) {
    chunks_.set_end(object_->chunk_count());
  }
  Pull read(std::uint64_t offset, std::size_t max, base::Slice& out) override {
    if (offset >= object_->body_bytes) return Pull::End;
    return chunks_.read(offset, max, out);
  }

 private:
  store::ObjectRef object_;
  store::PinRef pin_;
  StoredChunks chunks_;
};

class FetchBytes final : public Bytes {
 public:
  FetchBytes(Context& context, std::shared_ptr<fetch::Fetch::Reader> reader, Ready ready)
      : context_(context), reader_(std::move(reader)), ready_(std::move(ready)) {}

  Pull read(std::uint64_t offset, std::size_t max, base::Slice& out) override {
    reader_->advance(offset);
    switch (reader_->read(offset, max, out)) {
      case fetch::Fetch::Read::Data: return Pull::Data;
      case fetch::Fetch::Read::Later: return Pull::Later;
      case fetch::Fetch::Read::End: trailers_ = reader_->fetch().view().trailers; return Pull::End;
      case fetch::Fetch::Read::Failed: return Pull::Failed;
      case fetch::Fetch::Read::OnDisk: break;
    }
    if (!chunks_) {
      chunks_ = std::make_unique<StoredChunks>(context_, reader_->stored_key(), reader_->stored_id(), ready_,
                                               StoredChunks::Source::Coming);
    }
    // Everything before the chunk being read now has been released or is about to be: look one ahead only.
    chunks_->set_end(static_cast<std::uint32_t>(offset / kChunkBytes) + 1);
    return chunks_->read(offset, max, out);
  }
  const http::Fields* trailers() override { return trailers_.get(); }

 private:
  Context& context_;
  std::shared_ptr<const http::Fields> trailers_{};
  std::shared_ptr<fetch::Fetch::Reader> reader_;
  Ready ready_;
  std::unique_ptr<StoredChunks> chunks_{};
};

}  // namespace

std::unique_ptr<Bytes> bytes_of_whole(store::ObjectRef object) {
  return std::make_unique<WholeBytes>(std::move(object));
}

std::unique_ptr<Bytes> bytes_of_chunks(Context& context, store::ObjectRef object, store::PinRef pin, Ready ready) {
  return std::make_unique<ChunkBytes>(context, std::move(object), std::move(pin), std::move(ready));
}

std::unique_ptr<Bytes> bytes_of_fetch(Context& context, std::shared_ptr<fetch::Fetch::Reader> reader, Ready ready) {
  return std::make_unique<FetchBytes>(context, std::move(reader), std::move(ready));
}

StoredChunks::StoredChunks(Context& context, store::Key key, store::ObjectId id, Ready ready, Source source)
    : context_(context), key_(key), id_(id), ready_(std::move(ready)), source_(source) {}

Pull StoredChunks::read(std::uint64_t offset, std::size_t max, base::Slice& out) {
  if (failed_) return Pull::Failed;
  const auto index = static_cast<std::uint32_t>(offset / kChunkBytes);
  if (!current_ || current_index_ != index) {
    current_index_ = index;
    // Parts of a range request may go backwards: what was read ahead for one of them is not kept for the
    // next.
    std::erase_if(ahead_, [index](const auto& e) { return e.first != index && e.first != index + 1; });
    const auto found = ahead_.find(index);
    const bool is_ours = found != ahead_.end();  // what has come for this body is not used again by it
    current_ = is_ours ? found->second : base::ChunkRef();
    if (!current_) current_ = in_memory(index, source_ == Source::Kept && !is_ours);
    if (is_ours && current_) ahead_.erase(found);
    if (!is_ours && !current_) want(index);
    if (index + 1 < end_) want(index + 1);
    if (!current_) return Pull::Later;
  }
  const std::size_t begin = static_cast<std::size_t>(offset % kChunkBytes);
  if (begin >= current_->size()) return Pull::Failed;  // shorter than the object says
  out = {current_, current_->view().substr(begin, max)};
  return Pull::Data;
}

base::ChunkRef StoredChunks::in_memory(std::uint32_t index, bool is_use) {
  store::MemoryTier& memory = context_.shared.memory;
  return is_use ? memory.find_chunk(id_, index) : memory.peek_chunk(id_, index);
}

void StoredChunks::want(std::uint32_t index) {
  if (ahead_.contains(index)) return;
  if (index != current_index_ && in_memory(index, false)) return;
  ahead_.emplace(index, base::ChunkRef());
  context_.shared.disk.read_chunk(key_, id_, index, context_.executor,
                                  anchor_.wrap([this, index](base::Result<base::ChunkRef> chunk) {
                                    arrived(index, std::move(chunk));
                                  }));
}

void StoredChunks::arrived(std::uint32_t index, base::Result<base::ChunkRef> chunk) {
  if (!chunk) {
    // One that is only read ahead may yet come from memory or from a second try.
    ahead_.erase(index);
    if (index != current_index_ || current_) return;
    logs::warn("chunk cannot be read", {{"reason", chunk.error().text}, {"chunk", index}});
    failed_ = true;
    return ready_();
  }
  context_.shared.memory.insert_chunk(id_, index, *chunk);
  const auto found = ahead_.find(index);
  if (index == current_index_ && !current_) {
    current_ = std::move(*chunk);
    if (found != ahead_.end()) ahead_.erase(found);
    return ready_();
  }
  if (found != ahead_.end()) found->second = std::move(*chunk);
}

}  // namespace node
