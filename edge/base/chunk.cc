// SPDX-License-Identifier: Apache-2.0
#include "edge/base/chunk.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

#include "edge/base/buffer_pool.h"
#include "edge/base/check.h"

namespace base {
namespace {

/// Larger ones come from the pool: rounded up to whole pages they grow by a quarter at most.
constexpr std::size_t kMallocBytesMax = 16 * 1024;

static_assert(kChunkBytes <= BufferPool::kBufferBytesMax);

}  // namespace

ChunkRef Chunk::make(std::size_t capacity) {
  CHECK(capacity > 0 && capacity <= kChunkBytes);
  if (capacity > kMallocBytesMax) return ChunkRef(new Chunk(BufferPool::instance().take(capacity), capacity));
  // One allocation: the bytes follow the chunk itself.
  void* memory = std::malloc(sizeof(Chunk) + capacity);
  CHECK(memory != nullptr);
  char* bytes = static_cast<char*>(memory) + sizeof(Chunk);
  return ChunkRef(new (memory) Chunk(bytes, capacity));
}

ChunkRef Chunk::copy_of(std::string_view bytes) {
  ChunkRef chunk = make(std::max<std::size_t>(bytes.size(), 1));
  chunk->append(bytes);
  return chunk;
}

std::size_t Chunk::append(std::string_view bytes) {
  const std::size_t n = std::min(bytes.size(), capacity_ - size_);
  if (n != 0) std::memcpy(bytes_ + size_, bytes.data(), n);
  size_ += n;
  return n;
}

void Chunk::release(Chunk* chunk) {
  if (chunk->references_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  if (chunk->capacity_ > kMallocBytesMax) {
    BufferPool::instance().give(chunk->bytes_, chunk->capacity_);
    delete chunk;
    return;
  }
  chunk->~Chunk();
  std::free(chunk);
}

std::size_t Chunk::footprint() const {
  return sizeof(Chunk) + (capacity_ > kMallocBytesMax ? BufferPool::rounded(capacity_) : capacity_);
}

Slice slice_of(std::string_view text) {
  ChunkRef chunk = Chunk::copy_of(text);
  const std::string_view bytes = chunk->view();
  return {std::move(chunk), bytes};
}

}  // namespace base
