// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

#include "edge/base/clock.h"
#include "edge/base/metrics.h"
#include "edge/http/live_counters.h"
#include "edge/policy/cache_status.h"

namespace node {

using Count = http::LiveCount;

/// Bounds of the time histograms, in seconds.
inline constexpr std::array kTimeBounds = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                           0.1,    0.25,  0.5,    1.0,   2.5,  5.0,   10.0};

/// Counts times for a histogram. Counted by one thread.
class TimeCounts {
 public:
  void add(base::Duration time);
  std::array<std::uint64_t, kTimeBounds.size() + 1> counts() const;
  double sum_seconds() const { return static_cast<double>(sum_ns_.get()) / 1e9; }

 private:
  std::array<Count, kTimeBounds.size() + 1> counts_{};
  Count sum_ns_{};
};

/// What one loop counts. Written by its loop, read by whoever scrapes.
struct LoopCounters {
  static constexpr std::size_t kOutcomes = 8;
  std::array<Count, kOutcomes> requests{};    ///< by policy::Outcome
  std::array<Count, 6> statuses{};            ///< by hundreds; 0: none sent
  Count body_bytes{};
  Count aborted{};                            ///< responses that did not reach their end
  Count origin_requests{};
  Count origin_failures{};
  Count origin_bytes{};
  Count origin_not_modified{};
  Count fills_abandoned{};                    ///< ended because nobody wanted them
  Count purged_misses{};                      ///< objects found dead by a purge
  std::array<Count, 3> silence{};             ///< met by a site's rule for a silent log; by SilenceRule::What
  Count peer_waits{};                         ///< requests of other edges that waited for the purge log
  Count peer_passes{};                        ///< those that the log came too late for
  Count peer_strangers{};                     ///< requests with a clock from addresses that are no peers
  Count parents_behind{};                     ///< answers of edges that had applied less than this one
  TimeCounts first_byte{};
  TimeCounts origin_first_byte{};
};

}  // namespace node
