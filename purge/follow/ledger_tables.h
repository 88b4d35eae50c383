// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "edge/base/error.h"
#include "purge/clock/ledger.h"
#include "purge/follow/follower.h"
#include "store/lmdb/database.h"

namespace purge {

/// The ledger's two LMDB databases and the form of what is in them. Numbers are little-endian; each record
/// ends in its checksum. Used by the opener and then by the one writer thread.
class LedgerTables {
 public:
  /// Errc::Corrupt if what is there cannot be a ledger; Errc::Busy if another process has it.
  static base::Result<LedgerTables> open(const std::string& folder, std::uint64_t map_bytes);

  /// Where the ledger stands and its rows. Errc::NotFound if it never stood anywhere.
  base::Result<LedgerPlace> load(std::vector<Ledger::Row>& rows) const;

  base::Result<lmdb::Txn> begin() const { return lmdb::Txn::begin(env_, lmdb::Txn::Mode::Write); }
  base::Status put_rows(lmdb::Txn& txn, std::span<const Ledger::Row> rows) const;
  base::Status drop_rows(lmdb::Txn& txn) const { return txn.drop(rows_); }
  /// Those with nothing above `floor`, but for `spared`.
  base::Status drop_rows_to(lmdb::Txn& txn, Stamp floor, const Ledger::Names& spared) const;
  base::Status put_place(lmdb::Txn& txn, const LedgerPlace& place) const;

 private:
  explicit LedgerTables(lmdb::Env env) : env_(std::move(env)) {}
  lmdb::Env env_;
  MDB_dbi rows_ = 0;
  MDB_dbi place_ = 0;
};

}  // namespace purge
