// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "edge/base/hash.h"
#include "edge/http/fields.h"

namespace http {

/// Which fields a connection has sent lately, by their hashes: what comes a second time is worth a place in
/// HPACK's dynamic table. Newer ones take the places of older ones. One thread.
class SentFields {
 public:
  /// Whether the same field was noted before, and not forgotten.
  bool note(Fields::Field field) {
    // Names of the same seed and value would be taken for each other, which does no harm.
    const std::uint64_t seed =
        field.name.empty() ? 0 : field.name.size() * 256U + static_cast<unsigned char>(field.name.front());
    const std::uint64_t hash = base::hash64(field.value, seed);
    std::uint32_t& place = places_[hash % kPlaces];
    const auto mark = static_cast<std::uint32_t>(hash >> 32);
    const bool known = place == mark;
    place = mark;
    return known;
  }

 private:
  static constexpr std::size_t kPlaces = 64;
  std::array<std::uint32_t, kPlaces> places_{};
};

}  // namespace http
