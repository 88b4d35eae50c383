// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string_view>

namespace base {

/// A 128-bit fingerprint (XXH3). Spreads well; does not resist an attacker who searches collisions,
/// so whoever looks up by it compares the full text that was hashed.
struct Hash128 {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  auto operator<=>(const Hash128&) const = default;
};

Hash128 hash128(std::string_view bytes, std::uint64_t seed = 0);
std::uint64_t hash64(std::string_view bytes, std::uint64_t seed = 0);

}  // namespace base

template <>
struct std::hash<base::Hash128> {
  std::size_t operator()(const base::Hash128& h) const noexcept { return h.low; }
};
