// SPDX-License-Identifier: Apache-2.0
#include "store/disk/record.h"

#include <bit>
#include <cstring>
#include <string>

#include "edge/base/check.h"
#include "edge/base/hash.h"

namespace store::record {
namespace {

enum class Kind : std::uint32_t { Head = 0x31484c53, Chunk = 0x31434c53 };  // "SLH1", "SLC1"

struct Header {
  Kind kind = Kind::Head;
  std::uint32_t payload_bytes = 0;
  std::uint64_t checksum = 0;
};
static_assert(sizeof(Header) == kHeaderBytes);

/// The fixed part of a head's payload; key text, meta and body follow.
struct HeadFields {
  Key key{};
  ObjectId id = 0;
  std::uint64_t body_bytes = 0;
  std::uint32_t text_bytes = 0;
  std::uint32_t meta_bytes = 0;
  std::uint32_t single_bytes = 0;
  std::uint32_t reserved = 0;
};

std::uint64_t checksum_of(std::string_view payload, ObjectId id, std::uint32_t index) {
  return base::hash64(payload, id * 0x9e3779b97f4a7c15ULL + index);
}

void seal(Kind kind, ObjectId id, std::uint32_t index, std::size_t payload_bytes, char* to) {
  const std::string_view payload(to + kHeaderBytes, payload_bytes);
  const Header header{kind, static_cast<std::uint32_t>(payload_bytes), checksum_of(payload, id, index)};
  std::memcpy(to, &header, sizeof header);
}

base::Status check(Kind kind, ObjectId id, std::uint32_t index, std::string_view header_bytes,
                   std::string_view payload) {
  Header header{};
  if (header_bytes.size() != sizeof header)
    return base::fail(base::Errc::Corrupt, "stored record is cut short");
  std::memcpy(&header, header_bytes.data(), sizeof header);
  if (header.kind != kind) return base::fail(base::Errc::Corrupt, "stored record has a wrong kind");
  if (header.payload_bytes != payload.size())
    return base::fail(base::Errc::Corrupt, "stored record has a wrong length");
  if (header.checksum != checksum_of(payload, id, index)) {
    return base::fail(base::Errc::Corrupt, "stored record does not match its checksum");
  }
  return {};
}

template <typename T>
char* append(char* to, const T& value) {
  std::memcpy(to, &value, sizeof value);
  return to + sizeof value;
}
char* append_text(char* to, std::string_view text) {
  if (!text.empty()) std::memcpy(to, text.data(), text.size());
  return to + text.size();
}
std::string_view cut(std::string_view& rest, std::size_t bytes) {
  const std::string_view piece = rest.substr(0, bytes);
  rest.remove_prefix(bytes);
  return piece;
}
template <typename T>
T take(std::string_view bytes, std::size_t at = 0) {
  T value{};
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

std::uint64_t big_endian(std::uint64_t value) {
  return std::endian::native == std::endian::big ? value : __builtin_bswap64(value);
}
std::uint32_t big_endian(std::uint32_t value) {
  return std::endian::native == std::endian::big ? value : __builtin_bswap32(value);
}

}  // namespace

Name name_of(ObjectId id, std::uint32_t index) {
  Name name{};
  append(append(name.data(), big_endian(id)), big_endian(index));
  return name;
}

std::optional<ObjectId> id_of(std::string_view name) {
  if (name.size() != sizeof(Name)) return std::nullopt;
  return big_endian(take<std::uint64_t>(name));
}

IndexBytes encode(const IndexValue& value) {
  IndexBytes bytes{};
  *append(append(bytes.data(), value.id), value.body_bytes) = value.multi ? 1 : 0;
  return bytes;
}

std::optional<IndexValue> decode_index(std::string_view bytes) {
  if (bytes.size() != sizeof(IndexBytes)) return std::nullopt;
  return IndexValue{take<std::uint64_t>(bytes), take<std::uint64_t>(bytes, 8), bytes[16] != 0};
}

KeyBytes encode(const Key& key) {
  KeyBytes bytes{};
  append(append(bytes.data(), key.high), key.low);
  return bytes;
}

std::optional<Key> decode_key(std::string_view bytes) {
  if (bytes.size() != sizeof(KeyBytes)) return std::nullopt;
  return Key{take<std::uint64_t>(bytes), take<std::uint64_t>(bytes, 8)};
}

std::size_t head_bytes(const Object& object) {
  const std::size_t single = object.body ? object.body->size() : 0;
  return kHeaderBytes + sizeof(HeadFields) + object.key_text.size() + object.meta.size() + single;
}

void write_head(const Object& object, char* to) {
  const std::string_view body = object.body ? object.body->view() : std::string_view();
  const HeadFields fields{.key = object.key,
                          .id = object.id,
                          .body_bytes = object.body_bytes,
                          .text_bytes = static_cast<std::uint32_t>(object.key_text.size()),
                          .meta_bytes = static_cast<std::uint32_t>(object.meta.size()),
                          .single_bytes = static_cast<std::uint32_t>(body.size())};
  char* at = append(to + kHeaderBytes, fields);
  append_text(append_text(append_text(at, object.key_text), object.meta), body);
  seal(Kind::Head, object.id, 0, head_bytes(object) - kHeaderBytes, to);
}

base::Result<std::shared_ptr<Object>> read_head(std::string_view bytes, ObjectId id) {
  const std::string_view header = bytes.substr(0, kHeaderBytes);
  std::string_view rest = bytes.substr(header.size());
  if (auto intact = check(Kind::Head, id, 0, header, rest); !intact) return std::unexpected(intact.error());
  if (rest.size() < sizeof(HeadFields)) return base::fail(base::Errc::Corrupt, "stored head is cut short");
  const auto fields = take<HeadFields>(cut(rest, sizeof(HeadFields)));
  const std::uint64_t told = std::uint64_t{fields.text_bytes} + fields.meta_bytes + fields.single_bytes;
  const bool single = fields.body_bytes == fields.single_bytes;
  if (fields.id != id || told != rest.size() || (!single && fields.single_bytes != 0) ||
      fields.single_bytes > base::kChunkBytes) {
    return base::fail(base::Errc::Corrupt, "stored head contradicts itself");
  }
  auto object = std::make_shared<Object>();
  object->key = fields.key;
  object->id = id;
  object->body_bytes = fields.body_bytes;
  object->key_text = cut(rest, fields.text_bytes);
  object->meta = cut(rest, fields.meta_bytes);
  if (!rest.empty()) object->body = base::Chunk::copy_of(rest);
  return object;
}

std::size_t front_bytes(std::string_view begin) {
  if (begin.size() < kHeaderBytes + sizeof(HeadFields)) return kHeaderBytes + kPayloadMax + 1;
  const auto fields = take<HeadFields>(begin, kHeaderBytes);
  return kHeaderBytes + sizeof(HeadFields) + fields.text_bytes + fields.meta_bytes;
}

std::shared_ptr<Object> read_front(std::string_view bytes, ObjectId id) {
  if (front_bytes(bytes) > bytes.size()) return nullptr;
  const auto fields = take<HeadFields>(bytes, kHeaderBytes);
  if (fields.id != id) return nullptr;
  std::string_view rest = bytes.substr(kHeaderBytes + sizeof(HeadFields));
  auto object = std::make_shared<Object>();
  object->key = fields.key;
  object->id = id;
  object->body_bytes = fields.body_bytes;
  object->key_text = cut(rest, fields.text_bytes);
  object->meta = cut(rest, fields.meta_bytes);
  return object;
}

void write_chunk(ObjectId id, std::uint32_t index, std::string_view payload, char* to) {
  append_text(to + kHeaderBytes, payload);
  seal(Kind::Chunk, id, index + 1, payload.size(), to);
}

std::uint64_t checksum_in(std::string_view record) {
  Header header{};
  std::memcpy(&header, record.data(), std::min(record.size(), sizeof header));
  return header.checksum;
}

base::Status check_chunk(ObjectId id, std::uint32_t index, std::string_view header,
                         std::string_view payload) {
  return check(Kind::Chunk, id, index + 1, header, payload);
}

}  // namespace store::record
