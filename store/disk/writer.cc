// SPDX-License-Identifier: Apache-2.0
// A batch touches nothing but its transaction until that is committed, so it can be tried again as it is.
#include "store/disk/writer.h"

#include <algorithm>
#include <utility>

#include "edge/base/log.h"
#include "edge/base/thread.h"
#include "store/disk/answer.h"
#include "store/disk/space.h"

namespace store {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kReadersWait = seconds(1);
constexpr milliseconds kSuspension = seconds(10);
constexpr unsigned kFailuresMax = 3;
constexpr seconds kQuiet{10};
constexpr std::uint64_t kTreePages = 16;  // B-tree pages that any transaction copies

/// Puts that follow each other in the order of their ids, in which LMDB packs their records best; which of
/// two of one key is the newer is a matter of ids, too.
void sort_puts(std::vector<WriteOp>& batch) {
  const auto is_put = [](const WriteOp& op) { return std::holds_alternative<PutOp>(op); };
  const auto id_of = [](const WriteOp& op) { return std::get<PutOp>(op).object->id; };
  for (auto at = batch.begin(); (at = std::find_if(at, batch.end(), is_put)) != batch.end();) {
    const auto end = std::find_if_not(at, batch.end(), is_put);
    std::ranges::stable_sort(at, end, {}, id_of);
    at = end;
  }
}

}  // namespace

Writer::Writer(Parts parts, const std::vector<ObjectId>& orphans, const std::string& thread_name)
    : parts_(std::move(parts)),
      reclaimer_(parts_.tables, *parts_.index, parts_.objects_max,
                 [this](const Tables::StoredObject& object) {
                   ++parts_.counts.evictions;
                   parts_.evicted(object);
                 }),
      layout_(parts_.tables.layout()),
      next_layout_(layout_),
      free_pages_min_(space::free_pages_min(parts_.tables.map_pages())) {
  std::vector<DiskIndex::Doomed> doomed;
  for (const ObjectId id : orphans) doomed.push_back({{}, id});
  reclaimer_.add(doomed);
  update_counts();
  thread_ = std::thread([this, thread_name] {
    base::begin_thread(thread_name, base::Work::Background);
    run();
  });
}

Writer::~Writer() {
  parts_.queue->close();
  thread_.join();
}

void Writer::run() {
  for (;;) {
    // With deleting left to do there is no waiting, unless the disk fails.
    const bool linger = reclaimer_.idle() || failures_in_a_row_ != 0;
    auto batch = parts_.queue->take(linger);
    if (!batch) return;
    const auto doomed = parts_.index->take_doomed();
    reclaimer_.add(doomed);
    sort_puts(*batch);
    if (!batch->empty() || !reclaimer_.idle()) write(*batch);
  }
}

void Writer::write(Batch& batch) {
  const lmdb::CrashMark mark = parts_.tables.crash_mark();
  auto outcomes = try_write(batch);
  if (!outcomes && outcomes.error().code == base::Errc::Limit) {
    ++parts_.counts.map_full;
    if (widen()) outcomes = try_write(batch);
  }
  if (outcomes) {
    failures_in_a_row_ = 0;
    for (std::size_t i = 0; i < batch.size(); ++i) finish(batch[i], (*outcomes)[i]);
    return;
  }
  lost_ = true;
  note_failure(outcomes.error(), batch.size());
  for (WriteOp& op : batch) fail(op, outcomes.error());
}

base::Result<std::vector<Writer::Outcome>> Writer::try_write(Batch& batch) {
  std::uint64_t pages = kTreePages;
  for (const WriteOp& op : batch) pages += parts_.tables.pages_for(record_bytes(op)) + records_of(op);
  auto txn = begin_with_room(batch.empty() ? 0 : pages);
  if (!txn) return std::unexpected(txn.error());
  auto outcomes = apply(*txn, batch);
  auto done = outcomes ? commit(*txn) : std::unexpected(outcomes.error());
  if (!done) {
    reclaimer_.aborted();
    return std::unexpected(done.error());
  }
  return outcomes;
}

base::Result<lmdb::Txn> Writer::begin_with_room(std::uint64_t pages) {
  const std::uint64_t limit = parts_.tables.map_pages() - free_pages_min_;
  for (;;) {
    parts_.gate.wait_for_readers(1, kReadersWait);
    auto txn = lmdb::Txn::begin(parts_.tables.env(), lmdb::Txn::Mode::Write);
    if (!txn) return txn;
    const auto room = reclaimer_.reclaim(*txn, limit - std::min(limit, pages));
    if (room && *room == Reclaimer::Room::Enough) return txn;
    auto done = room ? base::Status() : std::unexpected(room.error());
    if (done && *room == Reclaimer::Room::None) {
      done = base::fail(base::Errc::Busy,
                        "no room in the disk cache: all that it holds is in use or unfinished");
    }
    if (done) done = commit(*txn);
    if (!done) {
      reclaimer_.aborted();
      return std::unexpected(done.error());
    }
  }
}

base::Status Writer::commit(lmdb::Txn& txn) {
  if (auto done = txn.commit(); !done) return done;
  reclaimer_.committed();
  layout_ = next_layout_;
  parts_.gate.committed();
  update_counts();
  return {};
}

base::Status Writer::widen() {
  // What is stored here breaks the free space up more than was foreseen: keep more of it from now on.
  const std::uint64_t map_pages = parts_.tables.map_pages();
  free_pages_min_ = std::min(free_pages_min_ + map_pages / 32, map_pages / 2);
  logs::warn("disk cache shard ran out of pages",
             {{"map_pages", map_pages}, {"kept_free_from_now_on", free_pages_min_}});
  // An operator's tool that was killed while it read keeps every page from reuse.
  if (auto cleared = parts_.tables.clear_dead_readers(); !cleared) return cleared;
  const std::uint64_t target = map_pages - free_pages_min_ - map_pages / 32;
  for (bool enough = false; !enough;) {
    auto txn = lmdb::Txn::begin(parts_.tables.env(), lmdb::Txn::Mode::Write);
    if (!txn) return std::unexpected(txn.error());
    const auto room = reclaimer_.reclaim(*txn, target);
    auto done = room ? commit(*txn) : std::unexpected(room.error());
    if (!done) {
      reclaimer_.aborted();
      return done;
    }
    enough = *room != Reclaimer::Room::More;
  }
  // Pages freed by a transaction can be taken by the second one after it.
  for (int i = 0; i < 2; ++i) {
    auto txn = lmdb::Txn::begin(parts_.tables.env(), lmdb::Txn::Mode::Write);
    if (!txn) return std::unexpected(txn.error());
    if (auto written = parts_.tables.write_layout(*txn, layout_); !written) return written;
    if (auto done = commit(*txn); !done) return done;
  }
  parts_.gate.wait_for_readers(0, kReadersWait);
  return {};
}

void Writer::note_failure(const base::Error& error, std::size_t operations) {
  if (error.code == base::Errc::Corrupt && !std::exchange(condemned_, true)) parts_.tables.condemn();
  if (error.code == base::Errc::System || error.code == base::Errc::Corrupt) {
    if (++failures_in_a_row_ >= kFailuresMax) parts_.queue->suspend(kSuspension);
  }
  const auto now = std::chrono::steady_clock::now();
  if (now < quiet_until_) return;
  quiet_until_ = now + kQuiet;
  logs::error(
      "disk cache cannot write",
      {{"reason", error.text}, {"operations", operations}, {"failures_in_a_row", failures_in_a_row_}});
}

void Writer::update_counts() {
  const lmdb::CrashMark mark = parts_.tables.crash_mark();
  const auto txn = lmdb::Txn::begin(parts_.tables.env(), lmdb::Txn::Mode::Read);
  if (!txn) return;
  if (const auto used = parts_.tables.used_pages(*txn))
    parts_.counts.used_bytes = *used * parts_.tables.page_bytes();
  parts_.counts.usable_bytes = (parts_.tables.map_pages() - free_pages_min_) * parts_.tables.page_bytes();
  parts_.counts.file_bytes = (parts_.tables.env().last_page() + 1) * parts_.tables.page_bytes();
}

}  // namespace store
