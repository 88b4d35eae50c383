// SPDX-License-Identifier: Apache-2.0
#include "store/disk/shard_reader.h"

#include <array>

#include "edge/base/log.h"

namespace store {
namespace {

std::unexpected<base::Error> not_stored() {
  return base::fail(base::Errc::NotFound, "not in the disk cache");
}

}  // namespace

base::Result<ObjectRef> ShardReader::find(const Key& key, std::string_view text) {
  // Between the look into the index and the transaction the object may be replaced: then look again.
  ObjectId last = 0;
  for (;;) {
    const auto id = parts_.index->find(key);
    if (!id || *id == last) break;
    auto object = find_id(key, *id);
    if (object && (*object)->key_text != text) return not_stored();  // another key of the same fingerprint
    if (object || object.error().code != base::Errc::NotFound) return object;
    last = *id;
  }
  // Still named and yet without a record.
  if (last != 0) parts_.index->remove(key, last);
  return not_stored();
}

base::Result<ObjectRef> ShardReader::find_id(const Key& key, ObjectId id) {
  const auto bytes = read_record(id);
  if (!bytes) {
    if (bytes.error().code != base::Errc::NotFound) note_error(key, id, bytes.error());
    return std::unexpected(bytes.error());
  }
  auto object = record::read_head(*bytes, id);
  if (object) (*object)->decoded = parts_.decoder((*object)->meta);
  if (!object || (*object)->key != key || !(*object)->decoded) {
    const base::Error error =
        !object ? object.error()
                : base::Error{base::Errc::Corrupt, "stored head has another key or unknown meta"};
    note_error(key, id, error);
    return std::unexpected(error);
  }
  return *std::move(object);
}

base::Result<std::string> ShardReader::read_record(ObjectId id) {
  const lmdb::CrashMark mark = parts_.tables.crash_mark();
  const SnapshotGate::Reading reading(parts_.gate);
  const auto txn = lmdb::Txn::begin(parts_.tables.env(), lmdb::Txn::Mode::Read);
  if (!txn) return std::unexpected(txn.error());
  const auto value = parts_.tables.find_record(*txn, id, 0);
  if (!value) return std::unexpected(value.error());
  if (!*value) return not_stored();
  if ((*value)->size() > record::kHeaderBytes + record::kPayloadMax) {
    return base::fail(base::Errc::Corrupt, "stored head has an impossible length");
  }
  std::string bytes((*value)->size(), '\0');
  if (auto copied = parts_.tables.file().read(**value, bytes); !copied)
    return std::unexpected(copied.error());
  return bytes;
}

base::Result<base::ChunkRef> ShardReader::read_chunk(const Key& key, ObjectId id, std::uint32_t index) {
  auto chunk = copy_chunk(id, index);
  if (chunk) return chunk;
  base::Error error = chunk.error();
  if (error.code == base::Errc::NotFound) {
    if (parts_.index->find(key) != id) return chunk;
    // An object that can be found has all its chunks, or it would be found in vain again and again.
    error = {base::Errc::Corrupt, "stored object lacks a chunk"};
  }
  note_error(key, id, error);
  return std::unexpected(std::move(error));
}

base::Result<base::ChunkRef> ShardReader::copy_chunk(ObjectId id, std::uint32_t index) {
  std::array<char, record::kHeaderBytes> header{};
  base::ChunkRef chunk;
  {
    const lmdb::CrashMark mark = parts_.tables.crash_mark();
    const SnapshotGate::Reading reading(parts_.gate);
    const auto txn = lmdb::Txn::begin(parts_.tables.env(), lmdb::Txn::Mode::Read);
    if (!txn) return std::unexpected(txn.error());
    const auto value = parts_.tables.find_record(*txn, id, index + 1);
    if (!value) return std::unexpected(value.error());
    if (!*value) return not_stored();
    if ((*value)->size() <= header.size() || (*value)->size() > header.size() + base::kChunkBytes) {
      return base::fail(base::Errc::Corrupt, "stored chunk has an impossible length");
    }
    chunk = base::Chunk::make((*value)->size() - header.size());
    if (auto copied = parts_.tables.file().read(**value, header, chunk->room()); !copied) {
      return std::unexpected(copied.error());
    }
    chunk->grow(chunk->capacity());
  }
  auto intact = record::check_chunk(id, index, record::view(header), chunk->view());
  if (!intact) return std::unexpected(intact.error());
  return chunk;
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
