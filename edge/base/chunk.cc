// SPDX-License-Identifier: Apache-2.0
// Full-sized buffers come from a process-wide pool: a first touch of a fresh page costs ten times a copy
// of its bytes, so up to kIdleMax returned buffers are kept. Other sizes come from malloc.
#include "edge/base/chunk.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <new>
#include <vector>

#include "edge/base/check.h"

namespace base {
namespace {

constexpr std::size_t kIdleMax = 128;  // 8 MiB

class Pool {
 public:
  // Never destroyed: chunks may outlive main's statics.
  static Pool& instance() {
    static Pool& pool = *new Pool;
    return pool;
  }
  char* take() {
    {
      const std::scoped_lock lock(mutex_);
      ++live_;
      if (!idle_.empty()) {
        char* bytes = idle_.back();
        idle_.pop_back();
        return bytes;
      }
    }
    char* bytes = static_cast<char*>(std::malloc(kChunkBytes));
    CHECK(bytes != nullptr);
    return bytes;
  }
  void give(char* bytes) {
    {
      const std::scoped_lock lock(mutex_);
      --live_;
      if (idle_.size() < kIdleMax) {
        idle_.push_back(bytes);
        return;
      }
    }
    std::free(bytes);
  }
  ChunkPoolUse use() {
    const std::scoped_lock lock(mutex_);
    return {live_ * kChunkBytes, idle_.size() * kChunkBytes};
  }

 private:
  std::mutex mutex_;
  std::vector<char*> idle_;
  std::size_t live_ = 0;
};

}  // namespace

ChunkRef Chunk::make(std::size_t capacity) {
  CHECK(capacity > 0 && capacity <= kChunkBytes);
  if (capacity == kChunkBytes) return ChunkRef(new Chunk(Pool::instance().take(), capacity));
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
  if (chunk->capacity_ == kChunkBytes) {
    Pool::instance().give(chunk->bytes_);
    delete chunk;
    return;
  }
  chunk->~Chunk();
  std::free(chunk);
}

Slice slice_of(std::string_view text) {
  ChunkRef chunk = Chunk::copy_of(text);
  const std::string_view bytes = chunk->view();
  return {std::move(chunk), bytes};
}

ChunkPoolUse chunk_pool_use() { return Pool::instance().use(); }

}  // namespace base
