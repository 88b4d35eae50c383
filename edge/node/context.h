// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <memory>

#include "edge/base/executor.h"
#include "edge/base/log.h"
#include "edge/coding/coder.h"
#include "edge/http/exchange.h"
#include "edge/node/config.h"
#include "edge/node/counters.h"
#include "edge/node/variant_lists.h"
#include "edge/node/group_clock.h"
#include "origin/fetch/fetch_table.h"
#include "origin/fetch/pass_marks.h"
#include "purge/clock/ledger.h"
#include "store/disk/admission.h"
#include "store/disk/disk.h"
#include "store/memory/memory_tier.h"

namespace node {

class Fills;
class PurgeClock;
class PurgeGate;

/// What all loops share. Each part is safe for any thread; node::Node owns them.
struct Shared {
  store::MemoryTier& memory;
  store::Disk& disk;
  store::Admission& admission;
  fetch::FetchTable& fetches;
  fetch::PassMarks& pass_marks;
  VariantLists& variants;
  fetch::PassMarks& retry_pauses;  ///< keys whose revalidation in the background or whose coding failed
  const purge::Ledger& ledger;
  GroupClock& groups;
  std::atomic<std::uint64_t>& fill_bytes;       ///< in the windows of all fetches
  std::function<bool()> distrust{};             ///< the purge log has not yet been applied in full
  std::function<std::chrono::milliseconds()> silence{};  ///< of the purge log; empty: it is never silent
  logs::LineFile* access_log = nullptr;         ///< may be null
  coding::Coder* coder = nullptr;               ///< null: nothing is coded
  PurgeClock* clock = nullptr;                  ///< null: no purge log is followed
  PurgeGate* purges = nullptr;                  ///< null: clients purge nothing
};

/// What a request or a fill can reach: one for each loop, on which it lives.
struct Context {
  Shared& shared;
  base::Executor& executor;
  http::ExchangeMaker& client;
  Fills& fills;
  LoopCounters& counters;
  std::shared_ptr<const Config> config;  ///< replaced at a reload; requests keep the one they began with
};

/// What the purge log lets us do with a site's copies.
enum class Trust : std::uint8_t { Full, Validate, Refuse };
Trust trust_of(const Context& context, const Site& site);

/// What the invalidation of its groups says of a response now.
inline GroupVerdict group_verdict(const Context& context, const policy::StoredResponse& response) {
  return context.shared.groups.verdict(response, context.executor.clock().wall());
}

}  // namespace node
