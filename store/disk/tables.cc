// SPDX-License-Identifier: Apache-2.0
#include "store/disk/tables.h"

#include <array>
#include <cstring>

namespace store {
namespace {

constexpr std::string_view kLayoutKey = "layout";

base::Status first_error(std::initializer_list<base::Status> results) {
  for (const base::Status& result : results) {
    if (!result) return result;
  }
  return {};
}

}  // namespace

base::Result<std::optional<record::IndexValue>> Tables::find(const lmdb::Txn& txn, const Key& key) const {
  const auto value = txn.find(index_, record::view(record::encode(key)));
  if (!value) return std::unexpected(value.error());
  if (!*value) return std::nullopt;
  auto decoded = record::decode_index(**value);
  if (!decoded) return base::fail(base::Errc::Corrupt, "an index entry has a wrong length");
  return decoded;
}

base::Result<std::optional<std::string_view>> Tables::find_record(const lmdb::Txn& txn, ObjectId id,
                                                                  std::uint32_t index) const {
  return txn.find(data_, record::view(record::name_of(id, index)));
}

base::Result<std::vector<std::pair<Key, ObjectId>>> Tables::scan_index(const lmdb::Txn& txn,
                                                                       const std::optional<Key>& after,
                                                                       std::size_t max) const {
  std::vector<std::pair<Key, ObjectId>> named;
  auto cursor = lmdb::Cursor::open(txn, index_);
  if (!cursor) return std::unexpected(cursor.error());
  auto entry = after ? cursor->at_or_after(record::view(record::encode(*after))) : cursor->first();
  for (; named.size() < max; entry = cursor->next()) {
    if (!entry) return std::unexpected(entry.error());
    if (!*entry) break;
    const auto key = record::decode_key((*entry)->key);
    if (!key || (after && *key == *after)) continue;  // the layout record is no object
    const auto value = record::decode_index((*entry)->value);
    if (!value) return base::fail(base::Errc::Corrupt, "an index entry has a wrong length");
    named.emplace_back(*key, value->id);
  }
  return named;
}

base::Result<bool> Tables::is_orphan(const lmdb::Txn& txn, ObjectId id) const {
  const auto entry = txn.find(orphans_, record::view(record::name_of(id, 0)));
  if (!entry) return std::unexpected(entry.error());
  return entry->has_value();
}

base::Result<std::uint64_t> Tables::used_pages(const lmdb::Txn& txn) const {
  constexpr MDB_dbi kFreeList = 0;
  constexpr MDB_dbi kMain = 1;
  std::uint64_t pages = 2;  // the meta pages
  for (const MDB_dbi dbi : {kFreeList, kMain, index_, data_, orphans_}) {
    const auto stat = txn.stat(dbi);
    if (!stat) return std::unexpected(stat.error());
    pages += stat->ms_branch_pages + stat->ms_leaf_pages + stat->ms_overflow_pages;
  }
  return pages;
}

base::Status Tables::write_object(lmdb::Txn& txn, const Object& object) {
  const auto there = find(txn, object.key);
  if (!there) return std::unexpected(there.error());
  if (*there && (*there)->id != object.id) {
    const auto orphan = txn.put(orphans_, record::view(record::name_of((*there)->id, 0)), {});
    if (!orphan) return orphan;
  }
  const auto room = make_room(txn, record::name_of(object.id, 0), record::head_bytes(object));
  if (!room) return std::unexpected(room.error());
  record::write_head(object, *room);
  const record::IndexValue value{object.id, object.body_bytes, !object.single()};
  return first_error(
      {txn.put(index_, record::view(record::encode(object.key)), record::view(record::encode(value))),
       txn.erase(orphans_, record::view(record::name_of(object.id, 0)))});
}

// Ids count up, so most records come behind all others: told so, LMDB begins a new leaf there when the last
// one is full; it would leave two half empty ones.
base::Result<char*> Tables::make_room(lmdb::Txn& txn, const record::Name& name, std::size_t bytes) {
  const bool behind_all = record::view(name) > record::view(newest_name_);
  if (behind_all) newest_name_ = name;  // also if this transaction is lost: then it is only too high
  return txn.reserve(data_, record::view(name), bytes, behind_all ? MDB_APPEND : 0);
}

base::Status Tables::write_chunk(lmdb::Txn& txn, ObjectId id, std::uint32_t index, std::string_view payload) {
  const auto orphan = txn.put(orphans_, record::view(record::name_of(id, 0)), {});
  if (!orphan) return orphan;
  const auto room = make_room(txn, record::name_of(id, index + 1), record::chunk_bytes(payload.size()));
  if (!room) return std::unexpected(room.error());
  record::write_chunk(id, index, payload, *room);
  return {};
}

base::Status Tables::unlink(lmdb::Txn& txn, const Key& key, ObjectId id) {
  const auto there = find(txn, key);
  if (!there) return std::unexpected(there.error());
  if (!*there || (id != 0 && (*there)->id != id)) return {};
  return first_error({txn.put(orphans_, record::view(record::name_of((*there)->id, 0)), {}),
                      txn.erase(index_, record::view(record::encode(key)))});
}

base::Result<bool> Tables::remove_records(lmdb::Txn& txn, ObjectId id, std::uint64_t records_max,
                                          std::uint64_t& removed) {
  auto cursor = lmdb::Cursor::open(txn, data_);
  if (!cursor) return std::unexpected(cursor.error());
  // LMDB reads the first page of each large record that it frees: all of them at once, not one after the
  // other.
  auto next = cursor->at_or_after(record::view(record::name_of(id, 0)));
  for (std::uint64_t n = 0; n < records_max && next && *next; ++n, next = cursor->next()) {
    if (record::id_of((*next)->key) != id) break;
    file_->expect((*next)->value);
  }
  if (!next) return std::unexpected(next.error());
  for (std::uint64_t n = 0; n < records_max; ++n) {
    const auto at = cursor->at_or_after(record::view(record::name_of(id, 0)));
    if (!at) return std::unexpected(at.error());
    if (!*at || record::id_of((*at)->key) != id) {
      if (auto done = txn.erase(orphans_, record::view(record::name_of(id, 0))); !done) {
        return std::unexpected(done.error());
      }
      return true;
    }
    if (!file_->freeable((*at)->value)) {
      return base::fail(base::Errc::Corrupt,
                        "a record's pages say that they are more or fewer than they are");
    }
    if (auto erased = cursor->erase(); !erased) return std::unexpected(erased.error());
    ++removed;
  }
  return false;
}

base::Status Tables::write_layout(lmdb::Txn& txn, const Layout& layout) {
  std::array<char, sizeof(Layout)> bytes{};
  std::memcpy(bytes.data(), &layout, sizeof layout);
  return txn.put(index_, kLayoutKey, record::view(bytes));
}

}  // namespace store
