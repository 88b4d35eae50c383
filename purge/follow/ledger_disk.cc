// SPDX-License-Identifier: Apache-2.0
#include "purge/follow/ledger_disk.h"

#include <chrono>
#include <filesystem>
#include <limits>
#include <span>
#include <utility>

#include "edge/base/job_thread.h"
#include "edge/base/log.h"
#include "purge/follow/ledger_tables.h"

namespace purge {
namespace {

using base::Errc;

constexpr std::size_t kBatchRows = 50'000;  // of one commit, roughly
constexpr std::chrono::seconds kRetry{1};

struct Op {
  LedgerPlace place{};
  std::vector<Ledger::Row> rows{};
  bool restart = false;
  std::shared_ptr<const Ledger::Names>
      spared{};  ///< not null: forgets up to `forget_upto`, and is nothing else
  Stamp forget_upto = 0;
  base::Executor* home = nullptr;
  std::move_only_function<void(base::Status)> kept{};
};

base::Status put_aside(const std::string& folder, const std::string& reason) {
  logs::error("the purge state is damaged and put aside: what was purged before is unknown",
              {{"folder", folder}, {"reason", reason}});
  std::error_code failed;
  const std::string file = folder + "/data.mdb";
  std::filesystem::rename(file, file + ".damaged", failed);
  if (failed) return base::fail(Errc::System, "cannot rename '" + file + "': " + failed.message());
  std::filesystem::remove(folder + "/lock.mdb", failed);
  return {};
}

}  // namespace

class LedgerDisk::Writer {
 public:
  Writer(LedgerTables tables, Stamp floor, std::chrono::milliseconds gather)
      : tables_(std::move(tables)),
        floor_(floor),
        thread_(thread_options(gather), [this](std::vector<Op> ops) { write(ops); }) {}
  void push(Op op) { thread_.push(op); }

 private:
  static base::JobThread<Op>::Options thread_options(std::chrono::milliseconds gather) {
    return {.name = "ledger", .queued_max = std::numeric_limits<std::size_t>::max(), .gather = gather};
  }
  void write(std::span<Op> ops);
  bool write_batch(std::span<Op> batch);
  base::Status commit(std::span<const Op> batch);

  LedgerTables tables_;
  /// An entry is not kept: none after it may be, or it would never be asked for again.
  bool given_up_ = false;
  Stamp floor_;                 ///< as committed: no row is at or below it
  base::JobThread<Op> thread_;  ///< last: uses all of the above
};

void LedgerDisk::Writer::write(std::span<Op> ops) {
  while (!ops.empty() && !given_up_) {
    std::size_t count = 0;
    for (std::size_t rows = 0; count < ops.size() && rows < kBatchRows; ++count)
      rows += ops[count].rows.size() + 1;
    given_up_ = !write_batch(ops.first(count));
    ops = ops.subspan(count);
  }
}

base::Status LedgerDisk::Writer::commit(std::span<const Op> batch) {
  auto txn = tables_.begin();
  if (!txn) return std::unexpected(txn.error());
  const LedgerPlace* place = nullptr;  ///< the newest
  for (const Op& op : batch) {
    if (op.restart) {
      if (auto dropped = tables_.drop_rows(*txn); !dropped) return dropped;
    }
    if (auto put = tables_.put_rows(*txn, op.rows); !put) return put;
    if (op.spared) {
      if (auto dropped = tables_.drop_rows_to(*txn, op.forget_upto, *op.spared); !dropped) return dropped;
    } else {
      place = &op.place;
    }
  }
  if (place != nullptr && place->floor > floor_) {
    if (auto dropped = tables_.drop_rows_to(*txn, place->floor, {}); !dropped) return dropped;
  }
  if (place != nullptr) {
    if (auto put = tables_.put_place(*txn, *place); !put) return put;
  }
  auto done = txn->commit();
  if (done && place != nullptr) floor_ = place->floor;
  return done;
}

// False: the end came before it could be written.
bool LedgerDisk::Writer::write_batch(std::span<Op> batch) {
  base::Status status = commit(batch);
  for (bool told = false; !status; status = commit(batch)) {
    if (!std::exchange(told, true)) {
      logs::error("purges are applied, but cannot be kept on disk; trying again",
                  {{"reason", status.error().text}});
    }
    if (!thread_.pause(kRetry)) return false;
  }
  for (Op& op : batch) {
    if (op.home == nullptr) continue;
    op.home->post([kept = std::move(op.kept)]() mutable { kept({}); });
  }
  return true;
}

LedgerDisk::LedgerDisk(std::unique_ptr<Writer> writer) : writer_(std::move(writer)) {}
LedgerDisk::~LedgerDisk() = default;

base::Result<LedgerDisk::Opened> LedgerDisk::open(const std::string& folder, std::uint64_t map_bytes,
                                                  std::chrono::milliseconds gather) {
  Opened opened;
  for (bool second = false;; second = true) {
    LedgerPlace place;
    opened.rows.clear();
    auto tables = LedgerTables::open(folder, map_bytes);
    auto loaded = tables ? tables->load(opened.rows) : std::unexpected(tables.error());
    if (loaded || loaded.error().code == Errc::NotFound) {
      opened.fresh = !loaded;
      if (loaded) place = std::move(*loaded);
      opened.place = std::move(place);
      opened.store.reset(
          new LedgerDisk(std::make_unique<Writer>(std::move(*tables), opened.place.floor, gather)));
      return opened;
    }
    if (loaded.error().code != Errc::Corrupt || second) return std::unexpected(loaded.error());
    if (auto aside = put_aside(folder, loaded.error().text); !aside) return std::unexpected(aside.error());
  }
}

void LedgerDisk::keep(LedgerPlace place, std::vector<Ledger::Row> rows, base::Executor& home,
                      std::move_only_function<void(base::Status)> kept) {
  writer_->push({.place = std::move(place), .rows = std::move(rows), .home = &home, .kept = std::move(kept)});
}

void LedgerDisk::restart(LedgerPlace place, base::Executor& home,
                         std::move_only_function<void(base::Status)> kept) {
  writer_->push({.place = std::move(place), .restart = true, .home = &home, .kept = std::move(kept)});
}

void LedgerDisk::forget(Stamp upto, std::shared_ptr<const Ledger::Names> spared) {
  writer_->push({.spared = std::move(spared), .forget_upto = upto});
}

}  // namespace purge
