// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "edge/base/chunk.h"
#include "store/object/key.h"

namespace store {

/// What the layer above makes of an object's `meta` bytes, kept ready beside it. The store never looks inside.
class Decoded {
 public:
  virtual ~Decoded() = default;
  virtual std::size_t footprint() const = 0;  ///< bytes of memory
};

/// Whether the disk tier has been given an object, or it came from there. The only thing about an object that changes;
/// any thread.
class DiskMark {
 public:
  DiskMark() = default;
  DiskMark(const DiskMark& other) : set_(other.is_set()) {}
  DiskMark& operator=(const DiskMark& other) {
    set_.store(other.is_set(), std::memory_order_relaxed);
    return *this;
  }
  bool is_set() const { return set_.load(std::memory_order_relaxed); }
  void set(bool value) const { set_.store(value, std::memory_order_relaxed); }
  /// Sets it; true for the one who did.
  bool take() const { return !is_set() && !set_.exchange(true, std::memory_order_relaxed); }

 private:
  mutable std::atomic<bool> set_{false};
};

/// A stored response: immutable, shared by every tier and every request that delivers it.
///
/// A body of at most kChunkBytes (and with meta within one record) lies in `body`. One of a few chunks lies in `chunks`.
/// Both live and die with the object. A larger body is a sequence of full chunks and a last one, named (id, index), each
/// kept or evicted by itself in memory, all of them on disk; then both are empty. On disk a body of more than one chunk
/// always is such a sequence.
struct Object {
  Key key{};
  std::string key_text{};        ///< what `key` was made of
  ObjectId id = 0;
  std::uint64_t body_bytes = 0;
  base::ChunkRef body{};         ///< the whole body if single(), and body_bytes > 0
  std::vector<base::ChunkRef> chunks{};  ///< the whole body if it is larger, and travels with the object
  std::string meta{};            ///< opaque to the store
  std::shared_ptr<const Decoded> decoded{};  ///< made of meta; never null outside tests
  DiskMark on_disk{};

  /// Whether it is one record on disk, body and all.
  bool single() const { return body_bytes == 0 || static_cast<bool>(body); }
  /// Whether the body lies in the object itself.
  bool whole() const { return single() || !chunks.empty(); }
  /// Of a whole() object with a body.
  const base::ChunkRef& chunk(std::uint32_t index) const { return chunks.empty() ? body : chunks[index]; }
  /// Makes it whole(): all chunks of its body.
  void set_body(std::vector<base::ChunkRef> all);
  std::uint32_t chunk_count() const {
    return static_cast<std::uint32_t>((body_bytes + base::kChunkBytes - 1) / base::kChunkBytes);
  }
  std::size_t chunk_size(std::uint32_t index) const {
    const std::uint64_t at = std::uint64_t{index} * base::kChunkBytes;
    return static_cast<std::size_t>(std::min<std::uint64_t>(base::kChunkBytes, body_bytes - at));
  }
  /// Bytes of memory that the object costs, with the body if it is whole().
  std::size_t footprint() const;
};
using ObjectRef = std::shared_ptr<const Object>;

/// Makes `decoded` from `meta`; null if the bytes cannot be understood (then the object is dropped).
using Decoder = std::function<std::shared_ptr<const Decoded>(std::string_view meta)>;

}  // namespace store
