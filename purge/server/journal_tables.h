// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "edge/base/error.h"
#include "purge/server/journal_form.h"
#include "store/lmdb/database.h"

namespace purgeapi {

/// What a log's process is: it gives numbers, follows one that does, or was superseded by a newer term.
enum class LogRole : std::uint8_t { Primary, Standby, Superseded };
/// Its leadership, as kept on disk.
struct Leadership {
  LogRole role = LogRole::Primary;
  std::uint64_t term = 1;   ///< its own; of a standby: of the log that it follows
  std::uint64_t newer = 0;  ///< of Superseded: the term that superseded it
  bool operator==(const Leadership&) const = default;
};

/// The embedded log's LMDB databases. Used by the opener, then by the writer's and the reader's thread, each
/// with transactions of its own.
class JournalTables {
 public:
  struct Options {
    std::string folder{};
    std::uint64_t map_bytes = 0;
  };
  /// Locks the folder: Errc::Busy if another process has it.
  static base::Result<JournalTables> open(const Options& options);

  base::Result<lmdb::Txn> begin(lmdb::Txn::Mode mode) const { return lmdb::Txn::begin(env_, mode); }
  std::size_t page_bytes() const { return env_.page_bytes(); }

  base::Result<PurgeLog::Bounds> bounds(const lmdb::Txn& txn) const;
  base::Result<std::vector<KnownNode>> nodes(const lmdb::Txn& txn) const;
  base::Result<std::string> log_id(const lmdb::Txn& txn) const;  ///< empty: none yet
  base::Status put_log_id(lmdb::Txn& txn, std::string_view id) const;
  base::Result<std::optional<Leadership>> leadership(const lmdb::Txn& txn) const;
  base::Status put_leadership(lmdb::Txn& txn, const Leadership& leadership) const;

  /// Behind all others, never in another's place: a number is never given twice. With its idempotency key, if
  /// it has one.
  base::Status put(lmdb::Txn& txn, const JournalEntry& entry) const;
  base::Status put_node(lmdb::Txn& txn, const KnownNode& node) const;
  base::Status erase_node(lmdb::Txn& txn, std::string_view name) const { return txn.erase(nodes_, name); }
  base::Result<std::optional<JournalEntry>> find(const lmdb::Txn& txn, Sequence sequence) const;
  /// The first entry of the request with that key, if it is still held.
  base::Result<std::optional<JournalEntry>> find_request(const lmdb::Txn& txn, std::string_view key) const;
  /// Entries from `from` on that follow each other, none past `head`; as PurgeLog::read.
  base::Result<std::vector<JournalEntry>> read(const lmdb::Txn& txn, Sequence from, Sequence head,
                                               std::size_t max_bytes) const;

  /// Forgets the oldest entry; the next one's number.
  base::Result<Sequence> forget_oldest(lmdb::Txn& txn) const;
  /// Forgets the keys that are older than `before_ms`, or more than `keep`: a few at a time.
  base::Status forget_keys(lmdb::Txn& txn, std::int64_t before_ms, std::uint64_t keep) const;
  base::Status forget_all(lmdb::Txn& txn) const;
  base::Result<std::uint64_t> entries(const lmdb::Txn& txn) const;
  base::Result<std::uint64_t> entry_pages(const lmdb::Txn& txn) const;

 private:
  explicit JournalTables(lmdb::Env env) : env_(std::move(env)) {}
  base::Status open_databases();

  lmdb::Env env_;
  MDB_dbi entries_ = 0;
  MDB_dbi about_ = 0;
  MDB_dbi nodes_ = 0;
  MDB_dbi keys_ = 0;      ///< idempotency key -> number of its first entry
  MDB_dbi key_ages_ = 0;  ///< number of the first entry -> when (ms), key
};

}  // namespace purgeapi
