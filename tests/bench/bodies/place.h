// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "store/object/object.h"

namespace bodies {

/// Where a record lies. Its checksum is in its own header (store/disk/record.h), seeded with its name.
struct Place {
  std::uint32_t segment = 0;
  std::uint32_t offset = 0;
  std::uint32_t bytes = 0;
};

/// What the index holds of an object. The chunks are null if its body lies in the head.
struct Located {
  store::ObjectId id = 0;
  Place head{};
  std::shared_ptr<const std::vector<Place>> chunks{};

  bool lies_in(std::uint32_t segment) const {
    if (head.segment == segment) return true;
    if (!chunks) return false;
    for (const Place& place : *chunks) {
      if (place.segment == segment) return true;
    }
    return false;
  }
};

}  // namespace bodies
