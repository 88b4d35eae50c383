// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/bodies/index_table.h"

#include <cstring>

#include "store/disk/record.h"

namespace bodies {

base::Result<std::unique_ptr<IndexTable>> IndexTable::open(const std::string& folder,
                                                           std::uint64_t map_bytes) {
  auto env = lmdb::Env::open(
      {.folder = folder, .map_bytes = map_bytes, .readers = 8, .flags = MDB_NOMETASYNC | MDB_NORDAHEAD});
  if (!env) return std::unexpected(env.error());
  std::unique_ptr<IndexTable> table(new IndexTable(std::move(*env)));
  const auto objects = table->env_.database("objects");
  if (!objects) return std::unexpected(objects.error());
  table->objects_ = *objects;
  return table;
}

base::Status IndexTable::put(lmdb::Txn& txn, const store::Key& key, const Located& located) {
  const std::size_t chunks = located.chunks ? located.chunks->size() : 0;
  const store::record::Name name = store::record::name_of(located.id, 0);
  const auto room =
      txn.reserve(objects_, store::record::view(name), sizeof key + (1 + chunks) * sizeof(Place));
  if (!room) return std::unexpected(room.error());
  char* to = *room;
  std::memcpy(to, &key, sizeof key);
  std::memcpy(to + sizeof key, &located.head, sizeof(Place));
  if (chunks != 0)
    std::memcpy(to + sizeof key + sizeof(Place), located.chunks->data(), chunks * sizeof(Place));
  return {};
}

base::Status IndexTable::erase(lmdb::Txn& txn, store::ObjectId id) {
  const store::record::Name name = store::record::name_of(id, 0);
  return txn.erase(objects_, store::record::view(name));
}

base::Result<bool> IndexTable::crowded(const lmdb::Txn& txn) const {
  const auto stat = txn.stat(objects_);
  if (!stat) return std::unexpected(stat.error());
  const std::uint64_t pages = stat->ms_branch_pages + stat->ms_leaf_pages + stat->ms_overflow_pages;
  return pages * env_.page_bytes() > env_.map_bytes() / 2;
}

base::Status IndexTable::commit(lmdb::Txn& txn) {
  if (auto done = txn.commit(); !done) return done;
  durable_ = commits_++;
  return {};
}

base::Status IndexTable::sync() {
  if (auto done = env_.sync(); !done) return done;
  durable_ = commits_;
  return {};
}

}  // namespace bodies
