// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "edge/base/error.h"
#include "store/object/object.h"

/// The bytes on disk. A record is a header of 16 bytes (magic, kind, payload length, XXH3 checksum) and a
/// payload: a head (everything of an Object but its chunks) or one chunk. The checksum is seeded with the
/// record's name, so a record in another's place is corrupt too. Integers are in the machine's order: a store
/// does not move between machines. Pure functions.
namespace store::record {

inline constexpr std::size_t kHeaderBytes = 16;
inline constexpr std::size_t kPayloadMax = 16ULL << 20;

/// Name of a record: big-endian, so that LMDB orders by id and then by index. Index 0 is the head, i + 1 is
/// chunk i.
using Name = std::array<char, 12>;
Name name_of(ObjectId id, std::uint32_t index);
/// Nothing if `name` is not of this form.
std::optional<ObjectId> id_of(std::string_view name);

/// What the index says of a key.
struct IndexValue {
  ObjectId id = 0;
  std::uint64_t body_bytes = 0;
  bool multi = false;  ///< its body is in chunk records
};
using IndexBytes = std::array<char, 17>;
IndexBytes encode(const IndexValue& value);
std::optional<IndexValue> decode_index(std::string_view bytes);

using KeyBytes = std::array<char, 16>;
KeyBytes encode(const Key& key);
std::optional<Key> decode_key(std::string_view bytes);

std::size_t head_bytes(const Object& object);
/// Writes the whole record, head_bytes() long.
void write_head(const Object& object, char* to);
/// Checks and takes apart; `decoded` is left to the caller.
base::Result<std::shared_ptr<Object>> read_head(std::string_view bytes, ObjectId id);

/// The front of a head's record: all but a body in it. For a look that can do without the checksum.
inline constexpr std::size_t kFrontBytesUsual = 4096;
/// How long it is, by the beginning of the record; more than any record has if that says nothing.
std::size_t front_bytes(std::string_view begin);
/// Null if it is no head's front.
std::shared_ptr<Object> read_front(std::string_view bytes, ObjectId id);

inline std::size_t chunk_bytes(std::size_t payload) { return kHeaderBytes + payload; }
void write_chunk(ObjectId id, std::uint32_t index, std::string_view payload, char* to);
/// What its header, at the beginning, says of its checksum.
std::uint64_t checksum_in(std::string_view record);
/// Checks a chunk record whose header and payload were read to different places.
base::Status check_chunk(ObjectId id, std::uint32_t index, std::string_view header, std::string_view payload);

inline std::string_view view(const auto& bytes) { return {bytes.data(), bytes.size()}; }

}  // namespace store::record
