// SPDX-License-Identifier: Apache-2.0
// Threads may overwrite each other's notes in a bucket: then a key is forgotten too early, which does no
// harm.
#include "store/disk/miss_history.h"

#include <algorithm>
#include <bit>
#include <new>

namespace store {
namespace {

constexpr unsigned kPeriodBits = 3;
constexpr std::uint64_t kStamps = 1U << kPeriodBits;
constexpr std::uint64_t kPeriods = kStamps - 1;  // remembered; what has the eighth stamp is being cleared

using Place = std::uint16_t;

Place load(Place& place) { return std::atomic_ref(place).load(std::memory_order_relaxed); }
void keep(Place& place, Place value) { std::atomic_ref(place).store(value, std::memory_order_relaxed); }

/// 1 to 8,191.
Place fingerprint_of(const Key& key) { return static_cast<Place>(1 + key.high % 8191); }
/// Periods since then, up to kPeriods.
std::uint64_t age_of(Place place, std::uint64_t period) { return (period - place) % kStamps; }

}  // namespace

MissHistory::MissHistory(std::uint64_t bytes, std::size_t places)
    : mask_(std::bit_ceil(std::max<std::size_t>(1, places / kWays)) - 1),
      period_bytes_(std::max<std::uint64_t>(1, bytes / kPeriods)),
      places_(static_cast<Place*>(std::calloc((mask_ + 1) * kWays, sizeof(Place)))) {
  if (!places_) throw std::bad_alloc();
}

bool MissHistory::contains(const Key& key) const {
  const Place wanted = fingerprint_of(key);
  return std::ranges::any_of(bucket(key.low),
                             [wanted](Place& place) { return load(place) >> kPeriodBits == wanted; });
}

void MissHistory::note(const Key& key, std::uint64_t bytes) {
  bytes = std::min(bytes, period_bytes_);  // the hand must not miss a period
  const std::uint64_t before = noted_bytes_.fetch_add(bytes, std::memory_order_relaxed);
  sweep(hand_at(before), hand_at(before + bytes));
  const std::uint64_t period = (before + bytes) / period_bytes_;
  const Place wanted = fingerprint_of(key);
  // Its own place before an empty one before the oldest.
  const auto rank = [&](Place& at) {
    const Place place = load(at);
    if (place >> kPeriodBits == wanted) return kStamps + 1;
    return place == 0 ? kStamps : age_of(place, period);
  };
  keep(*std::ranges::max_element(bucket(key.low), {}, rank),
       static_cast<Place>(wanted << kPeriodBits | period % kStamps));
}

std::uint64_t MissHistory::hand_at(std::uint64_t bytes) const {
  return static_cast<std::uint64_t>(static_cast<double>(bytes) / static_cast<double>(period_bytes_) *
                                    static_cast<double>(mask_ + 1));
}

void MissHistory::sweep(std::uint64_t from, std::uint64_t to) {
  for (; from < to; ++from) {
    const std::uint64_t period = from / (mask_ + 1);
    for (Place& place : bucket(from)) {
      const Place there = load(place);
      if (there != 0 && age_of(there, period) == kPeriods) keep(place, 0);
    }
  }
}

}  // namespace store
