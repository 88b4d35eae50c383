// SPDX-License-Identifier: Apache-2.0
#include "edge/node/sweeper.h"

#include <algorithm>
#include <utility>

#include "edge/base/log.h"
#include "edge/node/decoded.h"
#include "edge/node/tiers.h"

namespace node {
namespace {

using namespace std::chrono_literals;

constexpr auto kLook = 1s;                     // so often it looks whether a walk is due
constexpr std::size_t kMemoryBatch = 32;       // objects looked at in one turn of the loop
constexpr std::size_t kDiskBatch = 32;         // and read in one transaction
constexpr std::uint64_t kRemovedBatch = 4096;  // objects removed before the disk's writers get time
constexpr auto kPause = 20ms;
constexpr auto kRetry = 1s;  // after a read of the disk that failed

// Of slices, and of what only leads to others, it is asked only whether they are dead.
bool matters_when_stale(const policy::StoredResponse& response) {
  using Kind = policy::StoredResponse::Kind;
  return response.kind == Kind::Response || response.kind == Kind::Sliced || !response.range.empty();
}

}  // namespace

Sweeper::Sweeper(base::Executor& home, Shared& shared, purge::Ledger& ledger, purge::LedgerStore& store,
                 OldestFill oldest_fill, const Options& options)
    : home_(home),
      shared_(shared),
      ledger_(ledger),
      store_(store),
      oldest_fill_(std::move(oldest_fill)),
      options_(options),
      timer_(home),
      ended_(home.clock().steady()) {}

void Sweeper::wait() {
  if (options_.interval == 0ms) return;
  timer_.start(std::min<base::Duration>(options_.interval, kLook), [this] { look_whether_due(); });
}

void Sweeper::look_whether_due() {
  const purge::Stamp now = ledger_.now();
  const bool nothing_new = dropped_upto_ == now || (ledger_.entries() == 0 && upto_before_ == now);
  const bool due =
      home_.clock().steady() - ended_ >= options_.interval || ledger_.entries() > options_.entries_max / 2;
  if (nothing_new || !due) return wait();
  // The clock is read first: a fill that begins from here on has no older stamp.
  oldest_fill_(anchor_.wrap([this, now](purge::Stamp oldest) { begin(now, oldest); }));
}

void Sweeper::begin(purge::Stamp now, purge::Stamp oldest_fill) {
  upto_ = std::min(now, oldest_fill);
  whole_ = true;
  spared_ = std::make_unique<purge::Ledger::Names>();
  place_ = {};
  walk_memory();
}

void Sweeper::walk_memory() {
  batch_.clear();
  const bool more = shared_.memory.scan(place_, kMemoryBatch, batch_);
  for (const store::ObjectRef& object : batch_) look(*object);
  batch_.clear();
  home_.post(anchor_.wrap([this, more] { more ? walk_memory() : settle([this] { walk_disk({}); }); }));
}

// Goes on once all that waited for the disk's writers is there to be seen, and what was removed stays removed
// whatever happens.
void Sweeper::settle(std::function<void()> next) {
  shared_.disk.sync(home_, anchor_.wrap([this, next = std::move(next)](base::Result<void> synced) {
    if (!synced) whole_ = false;
    next();
  }));
}

void Sweeper::walk_disk(store::ScanPlace place) {
  shared_.disk.scan(place, kDiskBatch, home_, anchor_.wrap([this, place](base::Result<store::ScanPage> page) {
    if (page) return take_page(std::move(page));
    logs::warn("the disk cache cannot be swept, trying again", {{"reason", page.error().text}});
    timer_.start(kRetry, [this, place] { walk_disk(place); });
  }));
}

void Sweeper::take_page(base::Result<store::ScanPage> page) {
  for (const store::ObjectRef& object : page->objects) look(*object);
  if (!page->complete) whole_ = false;
  if (!page->next) return settle([this] { finish(); });
  if (counts_.removed - removed_at_pause_ < kRemovedBatch) return walk_disk(*page->next);
  removed_at_pause_ = counts_.removed;
  timer_.start(kPause, [this, next = *page->next] { walk_disk(next); });
}

void Sweeper::look(const store::Object& object) {
  ++counts_.objects;
  const auto& decoded = static_cast<const Decoded&>(*object.decoded);
  switch (decoded.verdict(ledger_)) {
    case purge::Verdict::Live: return;
    case purge::Verdict::Stale:
      if (matters_when_stale(decoded.response())) {
        ledger_.names_above(decoded.subject(), decoded.response().fill_stamp, *spared_);
      }
      return;
    case purge::Verdict::Dead: break;
  }
  ++counts_.removed;
  drop(shared_, object.key, object.id);
}

void Sweeper::finish() {
  ++counts_.walks;
  ended_ = home_.clock().steady();
  auto spared = std::make_shared<purge::Ledger::Names>(*spared_);
  spared->insert(spared_before_->begin(), spared_before_->end());
  // Nothing is forgotten by a walk that could not see, or not remove, everything.
  const purge::Stamp upto = whole_ ? std::min(upto_before_, upto_) : dropped_upto_;
  if (const std::size_t dropped = ledger_.drop(upto, *spared); dropped != 0) {
    counts_.dropped += dropped;
    store_.forget(upto, std::move(spared));
  }
  dropped_upto_ = upto;
  upto_before_ = whole_ ? upto_ : 0;
  spared_before_ = std::move(spared_);
  wait();
}

}  // namespace node
