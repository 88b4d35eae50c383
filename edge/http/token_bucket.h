// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "edge/base/clock.h"

namespace http {

/// Allows `per_second` events on average and `burst` at once. Starts full.
class TokenBucket {
 public:
  TokenBucket(std::uint32_t per_second, std::uint32_t burst)
      : per_second_(per_second), burst_(burst), tokens_(static_cast<double>(burst)) {}

  /// Whether one more event at `now` is within the rate.
  bool take(base::Steady now) {
    if (last_ != base::Steady{}) {
      const double seconds = std::chrono::duration<double>(now - last_).count();
      tokens_ = std::min(burst_, tokens_ + seconds * per_second_);
    }
    last_ = now;
    if (tokens_ < 1) return false;
    tokens_ -= 1;
    return true;
  }

 private:
  double per_second_;
  double burst_;
  double tokens_;
  base::Steady last_{};
};

}  // namespace http
