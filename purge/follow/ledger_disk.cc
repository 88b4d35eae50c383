// SPDX-License-Identifier: Apache-2.0
#include "purge/follow/ledger_disk.h"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <mutex>
#include <thread>
#include <utility>

#include "edge/base/log.h"
#include "edge/base/thread.h"
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
  Writer(LedgerTables tables, Stamp floor)
      : tables_(std::move(tables)), floor_(floor), thread_([this] {
          base::begin_thread("ledger", base::Work::Background);
          run();
        }) {}
  ~Writer() {
    {
      const std::scoped_lock lock(mutex_);
      closing_ = true;
    }
    changed_.notify_one();
    thread_.join();
  }

  void push(Op op) {
    {
      const std::scoped_lock lock(mutex_);
      ops_.push_back(std::move(op));
    }
    changed_.notify_one();
  }

 private:
  void run();
  std::vector<Op> take();
  base::Status commit(const std::vector<Op>& batch);

  LedgerTables tables_;
  Stamp floor_;  ///< as committed: no row is at or below it
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Op> ops_;
  bool closing_ = false;
  std::thread thread_;  ///< last: uses all of the above
};

// Empty: closing, and nothing is left.
std::vector<Op> LedgerDisk::Writer::take() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return closing_ || !ops_.empty(); });
  std::vector<Op> batch;
  for (std::size_t rows = 0; !ops_.empty() && rows < kBatchRows; ops_.pop_front()) {
    rows += ops_.front().rows.size() + 1;
    batch.push_back(std::move(ops_.front()));
  }
  return batch;
}

base::Status LedgerDisk::Writer::commit(const std::vector<Op>& batch) {
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

void LedgerDisk::Writer::run() {
  for (std::vector<Op> batch = take(); !batch.empty(); batch = take()) {
    base::Status status = commit(batch);
    for (bool told = false; !status; status = commit(batch)) {
      if (!std::exchange(told, true)) {
        logs::error("purges are applied, but cannot be kept on disk; trying again",
                    {{"reason", status.error().text}});
      }
      std::unique_lock lock(mutex_);
      if (changed_.wait_for(lock, kRetry, [this] { return closing_; })) return;
    }
    for (Op& op : batch) {
      if (op.home == nullptr) continue;
      op.home->post([kept = std::move(op.kept)]() mutable { kept({}); });
    }
  }
}

LedgerDisk::LedgerDisk(std::unique_ptr<Writer> writer) : writer_(std::move(writer)) {}
LedgerDisk::~LedgerDisk() = default;

base::Result<LedgerDisk::Opened> LedgerDisk::open(const std::string& folder, std::uint64_t map_bytes) {
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
      opened.store.reset(new LedgerDisk(std::make_unique<Writer>(std::move(*tables), opened.place.floor)));
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
