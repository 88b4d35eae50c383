// SPDX-License-Identifier: Apache-2.0
#include "edge/node/counters.h"

#include <algorithm>
#include <chrono>

namespace node {

void TimeCounts::add(base::Duration time) {
  const double seconds = std::chrono::duration<double>(time).count();
  const auto bound = std::ranges::lower_bound(kTimeBounds, seconds);
  counts_[static_cast<std::size_t>(bound - kTimeBounds.begin())].add();
  sum_ns_.add(static_cast<std::uint64_t>(std::max<base::Duration::rep>(time.count(), 0)));
}

std::array<std::uint64_t, kTimeBounds.size() + 1> TimeCounts::counts() const {
  std::array<std::uint64_t, kTimeBounds.size() + 1> out{};
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < out.size(); ++i) {
    sum += counts_[i].get();
    out[i] = sum;
  }
  return out;
}

}  // namespace node
