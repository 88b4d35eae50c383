// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>

#include "store/object/key.h"

namespace store {

/// Which keys were missed lately and not stored: a ghost list in 2 bytes a key, which unlike a Bloom filter
/// forgets in order. A key has a fingerprint of 13 bits in one of the eight places of its bucket, and three
/// bits for the period in which it was noted. A period is a seventh of the bytes that are to be remembered; a
/// hand goes once round all buckets in each and clears what is seven periods old. In a full bucket the oldest
/// makes room. May take one key for another (1 in 1,000). Pages on which nothing was noted take no memory.
/// Any thread, without locks.
class MissHistory {
 public:
  /// Remembers misses worth `bytes` of objects, in `places` places (rounded up).
  MissHistory(std::uint64_t bytes, std::size_t places);

  bool contains(const Key& key) const;
  /// `key` was missed, an object of `bytes` (which count up to a seventh of all).
  void note(const Key& key, std::uint64_t bytes);
  std::size_t memory_bytes() const { return (mask_ + 1) * kWays * sizeof(Place); }

 private:
  using Place = std::uint16_t;  ///< 0: empty
  static constexpr std::size_t kWays = 8;
  struct Free {
    void operator()(Place* places) const { std::free(places); }
  };

  std::span<Place> bucket(std::uint64_t number) const {
    return {places_.get() + (number & mask_) * kWays, kWays};
  }
  /// Where the hand is after so many bytes, counted in buckets since the beginning.
  std::uint64_t hand_at(std::uint64_t bytes) const;
  void sweep(std::uint64_t from, std::uint64_t to);

  std::size_t mask_;
  std::uint64_t period_bytes_;
  std::unique_ptr<Place[], Free> places_;
  std::atomic<std::uint64_t> noted_bytes_{0};
};

}  // namespace store
