// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "edge/base/executor.h"
#include "edge/node/context.h"
#include "purge/clock/ledger.h"
#include "purge/follow/follower.h"

namespace node {

/// Walks over all that both tiers hold: removes what purges have killed, and forgets the purges that nothing
/// held can match any more. An entry of the ledger goes once two whole walks have been made since it was
/// applied and since every fill older than it has ended: what was on its way from one tier to the other
/// during the first is where it belongs in the second. Entries by which something is stale stay. Lives on the
/// control loop, which also applies the purges; destroying it cancels.
class Sweeper {
 public:
  /// Gives, later and on the control loop, the oldest stamp of all fills under way; kNone if there is none.
  using OldestFill = std::function<void(std::move_only_function<void(purge::Stamp)>)>;
  static constexpr purge::Stamp kNone = ~purge::Stamp{0};
  struct Options {
    std::chrono::milliseconds interval{300'000};  ///< between the end of a walk and the next; 0: never
    std::size_t entries_max = 1'000'000;          ///< of the ledger; once half full it is swept at once
  };
  struct Counts {
    std::uint64_t walks = 0;
    std::uint64_t objects = 0;  ///< looked at
    std::uint64_t removed = 0;  ///< of them, dead
    std::uint64_t dropped = 0;  ///< entries
  };

  Sweeper(base::Executor& home, Shared& shared, purge::Ledger& ledger, purge::LedgerStore& store,
          OldestFill oldest_fill, const Options& options);
  void start() { wait(); }
  const Counts& counts() const { return counts_; }

 private:
  void wait();
  void look_whether_due();
  void begin(purge::Stamp now, purge::Stamp oldest_fill);
  void walk_memory();
  void settle(std::function<void()> next);
  void walk_disk(store::ScanPlace place);
  void take_page(base::Result<store::ScanPage> page);
  void look(const store::Object& object);
  void finish();

  base::Executor& home_;
  Shared& shared_;
  purge::Ledger& ledger_;
  purge::LedgerStore& store_;
  const OldestFill oldest_fill_;
  const Options options_;
  Counts counts_{};

  base::Timer timer_;
  base::Steady ended_{};   ///< the last walk
  bool whole_ = true;      ///< this walk has seen everything, and what it removed is removed for good
  purge::Stamp upto_ = 0;  ///< entries up to it are held against all that is held by this walk
  std::unique_ptr<purge::Ledger::Names> spared_{};  ///< of this walk: somebody is stale by them
  purge::Stamp upto_before_ = 0;                    ///< the same of the walk before
  std::unique_ptr<purge::Ledger::Names> spared_before_ = std::make_unique<purge::Ledger::Names>();
  purge::Stamp dropped_upto_ = 0;
  store::MemoryTier::Place place_{};
  std::vector<store::ObjectRef> batch_{};
  std::uint64_t removed_at_pause_ = 0;
  base::Anchor anchor_{};
};

}  // namespace node
