// SPDX-License-Identifier: Apache-2.0
#include "store/disk/shard_reader.h"

#include <array>

#include "edge/base/log.h"

namespace store {
namespace {

/// Longer heads are not read on loops.
constexpr std::size_t kNotedHeadMax = 128 << 10;

std::unexpected<base::Error> not_stored() {
  return base::fail(base::Errc::NotFound, "not in the disk cache");
}

std::unexpected<base::Error> lacks_chunk() {
  return base::fail(base::Errc::Corrupt, "stored object lacks a chunk");
}

}  // namespace

base::Result<ObjectRef> ShardReader::find(const Key& key, std::string_view text) {
  // Between the look into the index and the transaction the object may be replaced: then look again.
  ObjectId last = 0;
  for (;;) {
    const auto id = parts_.index->find(key);
    if (!id || *id == last) break;
    auto object = find_id(key, *id);
    // Another key of the same fingerprint.
    if (object && !text.empty() && (*object)->key_text != text) return not_stored();
    if (object || object.error().code != base::Errc::NotFound) return object;
    last = *id;
  }
  // Still named and yet without a record.
  if (last != 0) parts_.index->remove(key, last);
  return not_stored();
}

base::Result<ObjectRef> ShardReader::find_id(const Key& key, ObjectId id) {
  auto object = read_object(key, id);
  if (!object) {
    if (object.error().code != base::Errc::NotFound) note_error(key, id, object.error());
    return std::unexpected(object.error());
  }
  (*object)->on_disk.set(true);
  return *std::move(object);
}

base::Result<std::shared_ptr<Object>> ShardReader::read_object(const Key& key, ObjectId id) {
  const lmdb::CrashMark mark = parts_.tables.crash_mark();
  const SnapshotGate::Reading reading(parts_.gate);
  const auto txn = lmdb::Txn::begin(parts_.tables.env(), lmdb::Txn::Mode::Read);
  if (!txn) return std::unexpected(txn.error());
  RecordPlaces::Place place;
  auto object = read_head(*txn, key, id, place);
  if (object && read_with_chunks(**object)) {
    if (auto read = read_chunks(*txn, **object, place); !read) return std::unexpected(read.error());
  }
  if (object && place.id == id) parts_.places.note(place, reading.epoch());
  return object;
}

bool ShardReader::read_with_chunks(const Object& object) const {
  return !object.single() && object.body_bytes <= parts_.whole_bytes;
}

std::optional<ShardReader::Direct> ShardReader::find_place(const Key& key, DirectReads& reads) {
  const auto id = parts_.index->find(key);
  const auto place = id ? parts_.places.find(*id) : std::nullopt;
  if (!place) return std::nullopt;
  DirectReads::Permit permit = reads.ask(place->bytes());
  if (!permit) return std::nullopt;
  return Direct{*place, std::move(permit)};
}

ObjectRef ShardReader::read_direct(const RecordPlaces::Place& place, const Key& key, std::string_view text) {
  const auto object = read_at(place, key);
  if (!object || (!text.empty() && object->key_text != text)) return nullptr;
  object->on_disk.set(true);
  ++parts_.counts.direct_reads;
  return object;
}

// Whatever does not match is no error: the pages may be others' by now.
std::shared_ptr<Object> ShardReader::read_at(const RecordPlaces::Place& place, const Key& key) const {
  MappedFile& file = parts_.tables.file();
  RecordPlaces::Place seen;
  std::string bytes(place.head_bytes, '\0');
  if (!file.read_cached(place.head, bytes)) return nullptr;
  seen.add(record::checksum_in(bytes));
  auto head = head_of(bytes, key, place.id);
  if (!head) return nullptr;
  Object& object = **head;
  if (place.chunk_count != (read_with_chunks(object) ? object.chunk_count() : 0)) return nullptr;
  object.chunks.reserve(place.chunk_count);
  for (std::uint32_t index = 0; index < place.chunk_count; ++index) {
    std::array<char, record::kHeaderBytes> header{};
    base::ChunkRef chunk = base::Chunk::make(object.chunk_size(index));
    if (!file.read_cached(place.chunks[index], header, chunk->room())) return nullptr;
    chunk->grow(chunk->capacity());
    if (!record::check_chunk(place.id, index, record::view(header), chunk->view())) return nullptr;
    seen.add(record::checksum_in(record::view(header)));
    object.chunks.push_back(std::move(chunk));
  }
  return seen.tag == place.tag ? *std::move(head) : nullptr;
}

base::Result<std::shared_ptr<Object>> ShardReader::read_head(const lmdb::Txn& txn, const Key& key,
                                                             ObjectId id, RecordPlaces::Place& place) {
  const auto value = parts_.tables.find_record(txn, id, 0);
  if (!value) return std::unexpected(value.error());
  if (!*value) return not_stored();
  if ((*value)->size() > record::kHeaderBytes + record::kPayloadMax) {
    return base::fail(base::Errc::Corrupt, "stored head has an impossible length");
  }
  std::string bytes((*value)->size(), '\0');
  if (auto copied = parts_.tables.file().read(**value, bytes); !copied)
    return std::unexpected(copied.error());
  if (const auto offset = parts_.tables.file().place_of(**value); offset && bytes.size() <= kNotedHeadMax) {
    place = {.id = id, .head = *offset, .head_bytes = static_cast<std::uint32_t>(bytes.size())};
    place.add(record::checksum_in(bytes));
  }
  return head_of(bytes, key, id);
}

base::Result<std::shared_ptr<Object>> ShardReader::head_of(std::string_view record, const Key& key,
                                                           ObjectId id) const {
  auto object = record::read_head(record, id);
  if (!object) return object;
  (*object)->decoded = parts_.decoder((*object)->meta);
  if ((*object)->key != key || !(*object)->decoded) {
    return base::fail(base::Errc::Corrupt, "stored head has another key or unknown meta");
  }
  return object;
}

base::Status ShardReader::read_chunks(const lmdb::Txn& txn, Object& object, RecordPlaces::Place& place) {
  object.chunks.reserve(object.chunk_count());
  place.chunk_count = object.chunk_count();
  for (std::uint32_t index = 0; index < object.chunk_count(); ++index) {
    auto chunk = copy_chunk(txn, object.id, index, place);
    if (!chunk && chunk.error().code != base::Errc::NotFound) return std::unexpected(chunk.error());
    if (!chunk || (*chunk)->size() != object.chunk_size(index)) return lacks_chunk();
    object.chunks.push_back(*std::move(chunk));
  }
  return {};
}

base::Result<base::ChunkRef> ShardReader::read_chunk(const Key& key, ObjectId id, std::uint32_t index) {
  auto chunk = [&]() -> base::Result<base::ChunkRef> {
    const lmdb::CrashMark mark = parts_.tables.crash_mark();
    const SnapshotGate::Reading reading(parts_.gate);
    const auto txn = lmdb::Txn::begin(parts_.tables.env(), lmdb::Txn::Mode::Read);
    if (!txn) return std::unexpected(txn.error());
    RecordPlaces::Place unused;
    return copy_chunk(*txn, id, index, unused);
  }();
  if (chunk) return chunk;
  if (chunk.error().code == base::Errc::NotFound) {
    if (parts_.index->find(key) != id) return chunk;
    // An object that can be found has all its chunks, or it would be found in vain again and again.
    chunk = lacks_chunk();
  }
  note_error(key, id, chunk.error());
  return chunk;
}

base::Result<base::ChunkRef> ShardReader::copy_chunk(const lmdb::Txn& txn, ObjectId id, std::uint32_t index,
                                                     RecordPlaces::Place& place) {
  std::array<char, record::kHeaderBytes> header{};
  const auto value = parts_.tables.find_record(txn, id, index + 1);
  if (!value) return std::unexpected(value.error());
  if (!*value) return not_stored();
  if ((*value)->size() <= header.size() || (*value)->size() > header.size() + base::kChunkBytes) {
    return base::fail(base::Errc::Corrupt, "stored chunk has an impossible length");
  }
  base::ChunkRef chunk = base::Chunk::make((*value)->size() - header.size());
  if (auto copied = parts_.tables.file().read(**value, header, chunk->room()); !copied) {
    return std::unexpected(copied.error());
  }
  chunk->grow(chunk->capacity());
  auto intact = record::check_chunk(id, index, record::view(header), chunk->view());
  if (!intact) return std::unexpected(intact.error());
  const auto offset = parts_.tables.file().place_of(**value);
  if (offset && index < place.chunks.size()) {
    place.chunks[index] = *offset;
    place.add(record::checksum_in(record::view(header)));
  } else {
    place.id = 0;  // not to be noted
  }
  return chunk;
}

base::Result<ScanPage> ShardReader::scan(const std::optional<Key>& after, std::size_t objects_max) {
  ScanPage page;
  std::vector<std::pair<Key, ObjectId>> unread;
  if (auto looked = look_at_fronts(after, objects_max, page, unread); !looked)
    return std::unexpected(looked.error());
  // What is damaged goes, as when it is asked for.
  for (const auto& [key, id] : unread) {
    auto object = find_id(key, id);
    if (object) {
      page.objects.push_back(*std::move(object));
    } else if (object.error().code != base::Errc::NotFound && object.error().code != base::Errc::Corrupt) {
      page.complete = false;
    }
  }
  return page;
}

base::Status ShardReader::look_at_fronts(const std::optional<Key>& after, std::size_t objects_max,
                                         ScanPage& page, std::vector<std::pair<Key, ObjectId>>& unread) {
  const lmdb::CrashMark mark = parts_.tables.crash_mark();
  const SnapshotGate::Reading reading(parts_.gate);
  const auto txn = lmdb::Txn::begin(parts_.tables.env(), lmdb::Txn::Mode::Read);
  if (!txn) return std::unexpected(txn.error());
  const auto named = parts_.tables.scan_index(*txn, after, objects_max);
  if (!named) return std::unexpected(named.error());
  for (const auto& [key, id] : *named) {
    if (!parts_.index->holds(key, id)) continue;  // being removed
    if (auto object = peek(*txn, key, id)) {
      page.objects.push_back(std::move(object));
    } else {
      unread.emplace_back(key, id);
    }
  }
  if (named->size() == objects_max) page.next = ScanPlace{.after = named->back().first};
  return {};
}

ObjectRef ShardReader::peek(const lmdb::Txn& txn, const Key& key, ObjectId id) {
  const auto value = parts_.tables.find_record(txn, id, 0);
  if (!value || !*value) return nullptr;
  std::string bytes(std::min<std::size_t>((*value)->size(), record::kFrontBytesUsual), '\0');
  if (!parts_.tables.file().read((*value)->substr(0, bytes.size()), bytes)) return nullptr;
  const std::size_t front = record::front_bytes(bytes);
  if (front > (*value)->size()) return nullptr;
  if (front > bytes.size()) {
    bytes.resize(front);
    if (!parts_.tables.file().read((*value)->substr(0, front), bytes)) return nullptr;
  }
  const auto object = record::read_front(bytes, id);
  if (!object || object->key != key) return nullptr;
  object->decoded = parts_.decoder(object->meta);
  return object->decoded ? object : nullptr;
}

void ShardReader::note_error(const Key& key, ObjectId id, const base::Error& error) {
  // The first of many is worth a line, and then ever fewer.
  const std::uint64_t errors = ++parts_.counts.read_errors;
  if ((errors & (errors - 1)) == 0) {
    logs::error("disk cache cannot read a record",
                {{"reason", error.text}, {"object", id}, {"read_errors", errors}});
  }
  if (error.code != base::Errc::Corrupt) return;
  if (const auto removed = parts_.index->remove(key, id)) parts_.removed(*removed);
}

}  // namespace store
