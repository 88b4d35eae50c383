// SPDX-License-Identifier: Apache-2.0
#include "store/object/object.h"

namespace store {

std::size_t Object::footprint() const {
  constexpr std::size_t kOwnership = 64;  // control block, map entry of the tier
  return sizeof(Object) + kOwnership + key_text.capacity() + meta.capacity() +
         (decoded ? decoded->footprint() : 0) + (body ? body->footprint() : 0);
}

}  // namespace store
