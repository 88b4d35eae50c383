// SPDX-License-Identifier: Apache-2.0
#include "store/object/object.h"

#include <utility>

namespace store {

void Object::set_body(std::vector<base::ChunkRef> all) {
  body = all.size() == 1 ? std::move(all.front()) : base::ChunkRef();
  chunks = all.size() > 1 ? std::move(all) : std::vector<base::ChunkRef>();
}

std::size_t Object::footprint() const {
  constexpr std::size_t kOwnership = 64;  // control block, map entry of the tier
  std::size_t bytes = sizeof(Object) + kOwnership + key_text.capacity() + meta.capacity() +
                      (decoded ? decoded->footprint() : 0) + (body ? body->footprint() : 0) +
                      chunks.capacity() * sizeof(base::ChunkRef);
  for (const base::ChunkRef& chunk : chunks) bytes += chunk->footprint();
  return bytes;
}

}  // namespace store
