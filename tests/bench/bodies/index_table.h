// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "store/lmdb/database.h"
#include "tests/bench/bodies/place.h"

namespace bodies {

/// The index on disk, in LMDB: object id -> key and places. It is read at the start only, as a whole, so it
/// is ordered by what keeps its changes together: ids are given out in the order in which objects come and
/// go, so entries are added at its end and removed at its front, many on one page. (LmdbDisk's table of keys
/// changes a page far from others for each.) Writer thread only.
class IndexTable {
 public:
  static base::Result<std::unique_ptr<IndexTable>> open(const std::string& folder, std::uint64_t map_bytes);

  base::Result<lmdb::Txn> begin() { return lmdb::Txn::begin(env_, lmdb::Txn::Mode::Write); }
  base::Status put(lmdb::Txn& txn, const store::Key& key, const Located& located);
  base::Status erase(lmdb::Txn& txn, store::ObjectId id);
  /// Whether so much of the file is used that a transaction may soon find no free page.
  base::Result<bool> crowded(const lmdb::Txn& txn) const;
  base::Status commit(lmdb::Txn& txn);

  /// Transactions that were committed.
  std::uint64_t commits() const { return commits_; }
  /// As many of them are on disk for certain: each sync comes before the meta page that names what it has
  /// synced.
  std::uint64_t durable() const { return durable_; }
  base::Status sync();

 private:
  explicit IndexTable(lmdb::Env env) : env_(std::move(env)) {}

  lmdb::Env env_;
  MDB_dbi objects_ = 0;
  std::uint64_t commits_ = 0;
  std::uint64_t durable_ = 0;
};

}  // namespace bodies
