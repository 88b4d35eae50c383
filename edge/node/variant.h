// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "edge/policy/cache_key.h"
#include "store/object/key.h"

namespace node {

/// The store's key of a key text.
inline store::Key key_of(std::string_view key_text) { return base::hash128(key_text); }

/// Key text of one variant: the base text, the generation of its Vary marker, and what the request said for the marker's fields
/// (policy::variant_text).
inline std::string variant_key_text(std::string_view base_text, std::uint64_t generation, std::string_view variant) {
  std::string out(base_text);
  out += "\nvary ";
  out += std::to_string(generation);
  out += '\n';
  out += variant;
  return out;
}

/// Key text of a part of what `whole_text` names: the slice that `range` asks for, or (empty) the fragment of unknown place.
inline std::string part_key_text(std::string_view whole_text, std::string_view range) {
  std::string out(whole_text);
  out += "\npart ";
  out += range;
  return out;
}

/// Marked while an origin is known to give no parts of what `whole_text` names.
inline store::Key no_parts_key(std::string_view whole_text) { return key_of(part_key_text(whole_text, "none")); }

}  // namespace node
