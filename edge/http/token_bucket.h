// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "edge/base/clock.h"

namespace http {

/// Allows `per_second` events on average and `burst` at once. Starts full. One thread.
class TokenBucket {
 public:
  TokenBucket(double per_second, std::uint32_t burst)
      : per_second_(per_second), burst_(burst), tokens_(static_cast<double>(burst)) {}

  /// Whether one more event at `now` is within the rate.
  bool take(base::Steady now) { return take(now, 1); }
  /// The same for an event that weighs as much as `cost`; one that weighs more than the burst needs a full bucket.
  bool take(base::Steady now, double cost) {
    fill(now);
    cost = std::min(cost, burst_);
    if (tokens_ < cost) return false;
    tokens_ -= cost;
    return true;
  }
  /// Until an event of `cost` is allowed; zero: now.
  std::chrono::duration<double> until(base::Steady now, double cost) {
    fill(now);
    return std::chrono::duration<double>(std::max(0.0, std::min(cost, burst_) - tokens_) / per_second_);
  }
  /// What may come at once.
  double left(base::Steady now) {
    fill(now);
    return tokens_;
  }

 private:
  void fill(base::Steady now) {
    if (last_ != base::Steady{}) {
      const double seconds = std::chrono::duration<double>(now - last_).count();
      tokens_ = std::min(burst_, tokens_ + seconds * per_second_);
    }
    last_ = now;
  }

  double per_second_;
  double burst_;
  double tokens_;
  base::Steady last_{};
};

}  // namespace http
