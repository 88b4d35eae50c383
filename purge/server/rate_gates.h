// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>

#include "edge/base/clock.h"
#include "edge/http/token_bucket.h"
#include "purge/server/compat.h"

namespace purgeapi {

/// One bucket of tokens for each zone or service and kind of purge. As many as the configuration names. Lives
/// on the loop.
class RateGates {
 public:
  /// What a call takes from one bucket.
  struct Fee {
    std::string bucket{};  ///< its name
    Rate rate{};
    double cost = 1;
  };
  struct Passage {
    bool allowed = false;
    std::uint64_t left = 0;         ///< of the fullest use: the bucket with the least left
    std::uint64_t full_s = 0;       ///< seconds until that bucket is full again
    std::uint64_t retry_s = 0;      ///< seconds until the call would be allowed
    std::uint64_t this_second = 0;  ///< what the first bucket gave within the second that runs, this included
  };
  /// All fees are taken, or none.
  Passage pass(std::span<const Fee> fees, base::Steady now);

 private:
  struct Gate {
    http::TokenBucket bucket;
    base::Steady second{};  ///< when the count began
    double given = 0;
  };
  std::map<std::string, Gate, std::less<>> gates_{};
};

}  // namespace purgeapi
