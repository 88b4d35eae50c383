// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "edge/base/error.h"
#include "purge/clock/ledger.h"
#include "purge/follow/follower.h"

namespace purge {

/// The ledger in LMDB: rows, and beside them the epoch, sequence and log that they belong to, always of one
/// transaction. One thread of its own writes; what is queued while it commits goes into the next commit, and
/// each commit is synced. A commit that fails is tried again until it succeeds, for an entry left out would
/// be lost for good. Owned by the node; executors given to it must outlive it.
class LedgerDisk final : public LedgerStore {
 public:
  /// The store and what it held.
  struct Opened {
    std::unique_ptr<LedgerDisk> store{};
    LedgerPlace place{};
    std::vector<Ledger::Row> rows{};
    bool fresh = false;  ///< nothing was kept, or it could not be read: nobody knows what was purged before
  };
  /// The largest size of the file. It is sparse: a row takes about 80 bytes of it.
  static constexpr std::uint64_t kMapBytes = 16ULL << 30;
  static constexpr std::chrono::milliseconds kGather{2};

  /// Blocks. A file that is damaged is put aside as data.mdb.damaged and a fresh one is begun. Errors name
  /// the folder: not permitted, in use by another process.
  /// `gather` as base::JobThread has it: for more purges, once they come faster than commits.
  static base::Result<Opened> open(const std::string& folder, std::uint64_t map_bytes = kMapBytes,
                                   std::chrono::milliseconds gather = kGather);
  /// Writes what is queued, if the disk lets it.
  ~LedgerDisk() override;

  void keep(LedgerPlace place, std::vector<Ledger::Row> rows, base::Executor& home,
            std::move_only_function<void(base::Status)> kept) override;
  void restart(LedgerPlace place, base::Executor& home,
               std::move_only_function<void(base::Status)> kept) override;
  void forget(Stamp upto, std::shared_ptr<const Ledger::Names> spared) override;

 private:
  class Writer;
  explicit LedgerDisk(std::unique_ptr<Writer> writer);
  std::unique_ptr<Writer> writer_;
};

}  // namespace purge
