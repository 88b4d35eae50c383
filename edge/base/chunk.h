// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

namespace base {

/// Body bytes in one piece of a body. 65,520 bytes is what fills 16 LMDB overflow pages exactly (16 pages
/// less one page header of 16 bytes); 16 of them are the record's own header (store/disk/record.h).
inline constexpr std::size_t kChunkBytes = 65'504;

class ChunkRef;

/// Reference-counted body bytes. One writer appends; what lies below a size that the writer has handed
/// to others (under a lock or by a message) never changes again. Storage of large chunks is pooled and reused
/// warm. Any thread may hold and drop references.
class Chunk {
 public:
  /// Room for `capacity` bytes, 1 to kChunkBytes.
  static ChunkRef make(std::size_t capacity);
  /// A chunk that holds a copy of `bytes`.
  static ChunkRef copy_of(std::string_view bytes);

  std::size_t size() const { return size_; }
  std::size_t capacity() const { return capacity_; }
  const char* data() const { return bytes_; }
  std::string_view view() const { return {bytes_, size_}; }

  /// Writer only. Where the next bytes go, and how many fit.
  std::span<char> room() { return {bytes_ + size_, capacity_ - size_}; }
  /// Writer only. `n` bytes of room() now belong to the chunk.
  void grow(std::size_t n) { size_ += n; }
  /// Writer only. Appends as much of `bytes` as fits; answers how much that was.
  std::size_t append(std::string_view bytes);

  /// Bytes of memory that this chunk costs.
  std::size_t footprint() const;

  Chunk(const Chunk&) = delete;
  Chunk& operator=(const Chunk&) = delete;

 private:
  friend class ChunkRef;
  Chunk(char* bytes, std::size_t capacity) : bytes_(bytes), capacity_(capacity) {}
  ~Chunk() = default;
  /// Gives up one reference; the last one ends the chunk.
  static void release(Chunk* chunk);

  std::atomic<std::uint32_t> references_{1};
  std::size_t size_ = 0;
  char* bytes_;
  std::size_t capacity_;
};

/// An owner of a Chunk; copying shares it.
class ChunkRef {
 public:
  ChunkRef() = default;
  ChunkRef(const ChunkRef& other) : chunk_(other.chunk_) {
    if (chunk_) chunk_->references_.fetch_add(1, std::memory_order_relaxed);
  }
  ChunkRef(ChunkRef&& other) noexcept : chunk_(std::exchange(other.chunk_, nullptr)) {}
  ChunkRef& operator=(ChunkRef other) noexcept {
    std::swap(chunk_, other.chunk_);
    return *this;
  }
  ~ChunkRef() {
    if (chunk_) Chunk::release(chunk_);
  }

  explicit operator bool() const { return chunk_ != nullptr; }
  Chunk* operator->() const { return chunk_; }
  Chunk& operator*() const { return *chunk_; }
  Chunk* get() const { return chunk_; }
  bool operator==(const ChunkRef&) const = default;

 private:
  friend class Chunk;
  explicit ChunkRef(Chunk* adopted) : chunk_(adopted) {}
  Chunk* chunk_ = nullptr;
};

/// Bytes of one chunk, kept alive by a reference. Never changes.
struct Slice {
  ChunkRef chunk{};
  std::string_view bytes{};
};

/// A slice over a fresh copy of `text` (at most kChunkBytes).
Slice slice_of(std::string_view text);

}  // namespace base
