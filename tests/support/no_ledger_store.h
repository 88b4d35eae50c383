// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "purge/follow/follower.h"

namespace support {

/// A ledger's store that keeps everything at once, and nowhere.
class NoLedgerStore final : public purge::LedgerStore {
 public:
  using Kept = std::move_only_function<void(base::Status)>;
  void keep(purge::LedgerPlace, std::vector<purge::Ledger::Row>, base::Executor& home, Kept kept) override {
    if (kept) home.post([kept = std::move(kept)]() mutable { kept({}); });
  }
  void restart(purge::LedgerPlace place, base::Executor& home, Kept kept) override {
    keep(std::move(place), {}, home, std::move(kept));
  }
  void forget(purge::Stamp, std::shared_ptr<const purge::Ledger::Names>) override {}
};

}  // namespace support
