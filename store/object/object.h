// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "edge/base/chunk.h"
#include "store/object/key.h"

namespace store {

/// What the layer above makes of an object's `meta` bytes, kept ready beside it. The store never looks inside.
class Decoded {
 public:
  virtual ~Decoded() = default;
  virtual std::size_t footprint() const = 0;  ///< bytes of memory
};

/// A stored response: immutable, shared by every tier and every request that delivers it.
///
/// A body of at most kChunkBytes (and with meta within one record) lies in `body` and lives and dies with the object.
/// A larger body is a sequence of full chunks and a last one, named (id, index), each kept or evicted by itself in
/// memory, all of them on disk; then `body` is empty.
struct Object {
  Key key{};
  std::string key_text{};        ///< what `key` was made of
  ObjectId id = 0;
  std::uint64_t body_bytes = 0;
  base::ChunkRef body{};         ///< the whole body if single(), and body_bytes > 0
  std::string meta{};            ///< opaque to the store
  std::shared_ptr<const Decoded> decoded{};  ///< made of meta; never null outside tests

  /// Whether the body lies in the object itself.
  bool single() const { return body_bytes == 0 || static_cast<bool>(body); }
  std::uint32_t chunk_count() const {
    return static_cast<std::uint32_t>((body_bytes + base::kChunkBytes - 1) / base::kChunkBytes);
  }
  std::size_t chunk_size(std::uint32_t index) const {
    const std::uint64_t at = std::uint64_t{index} * base::kChunkBytes;
    return static_cast<std::size_t>(std::min<std::uint64_t>(base::kChunkBytes, body_bytes - at));
  }
  /// Bytes of memory that the object costs, its single body included.
  std::size_t footprint() const;
};
using ObjectRef = std::shared_ptr<const Object>;

/// Makes `decoded` from `meta`; null if the bytes cannot be understood (then the object is dropped).
using Decoder = std::function<std::shared_ptr<const Decoded>(std::string_view meta)>;

}  // namespace store
