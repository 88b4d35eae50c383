// SPDX-License-Identifier: Apache-2.0
#include "purge/server/rate_gates.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace purgeapi {
namespace {

std::uint64_t whole_seconds(std::chrono::duration<double> time) {
  return static_cast<std::uint64_t>(std::ceil(time.count()));
}

}  // namespace

RateGates::Passage RateGates::pass(std::span<const Fee> fees, base::Steady now) {
  Passage passage{.allowed = true, .left = std::numeric_limits<std::uint64_t>::max()};
  for (const Fee& fee : fees) {
    const auto made = Gate{.bucket = http::TokenBucket(fee.rate.per_second, fee.rate.burst)};
    const auto wait = gates_.try_emplace(fee.bucket, made).first->second.bucket.until(now, fee.cost);
    passage.allowed = passage.allowed && wait.count() <= 0;
    passage.retry_s = std::max(passage.retry_s, whole_seconds(wait));
  }
  for (const Fee& fee : fees) {
    Gate& gate = gates_.find(fee.bucket)->second;
    if (passage.allowed) {
      gate.bucket.take(now, fee.cost);
      if (now - gate.second >= std::chrono::seconds(1)) gate.given = 0, gate.second = now;
      gate.given += fee.cost;
    }
    if (&fee == &fees.front()) passage.this_second = static_cast<std::uint64_t>(gate.given);
    const auto left = static_cast<std::uint64_t>(gate.bucket.left(now));
    if (left >= passage.left) continue;
    passage.left = left;
    passage.full_s = whole_seconds(gate.bucket.until(now, fee.rate.burst));
  }
  return passage;
}

}  // namespace purgeapi
