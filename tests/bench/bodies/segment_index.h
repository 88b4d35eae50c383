// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <mutex>
#include <optional>
#include <vector>

#include "tests/bench/bodies/place.h"

namespace bodies {

/// What is stored where, in memory: a read asks nothing else. What is in here is durable in both files; it is
/// out of here before its segment is overwritten. Any thread; each call holds one short lock.
class SegmentIndex {
 public:
  bool holds(const store::Key& key, store::ObjectId id) const;
  std::optional<Located> find(const store::Key& key) const;
  /// A chunk of the stored or unfinished object `id`.
  std::optional<Place> chunk(const store::Key& key, store::ObjectId id, std::uint32_t index) const;

  /// The id of the other object that was there under `key`, if any.
  std::optional<store::ObjectId> publish(const store::Key& key, Located located);
  /// What was under `key` if its id is not above `id`.
  std::optional<Located> remove(const store::Key& key, store::ObjectId id);
  /// Removes object `id` if a part of it lies in `segment`.
  std::optional<Located> evict(const store::Key& key, store::ObjectId id, std::uint32_t segment);

  void add_chunk(store::ObjectId id, const Place& place);
  std::vector<Place> take_chunks(store::ObjectId id);

  std::uint64_t objects() const { return objects_.load(std::memory_order_relaxed); }
  std::uint64_t memory_bytes() const;

 private:
  struct Stripe {
    mutable std::mutex mutex;
    boost::unordered_flat_map<store::Key, Located, std::hash<store::Key>> entries;
    std::uint64_t chunks = 0;
  };
  // As DiskIndex: growing one moves all its entries under its lock.
  static constexpr std::size_t kStripes = 16;

  Stripe& stripe_of(const store::Key& key) { return stripes_[key.high % kStripes]; }
  const Stripe& stripe_of(const store::Key& key) const { return stripes_[key.high % kStripes]; }
  template <typename Unwanted>
  std::optional<Located> remove_if(const store::Key& key, Unwanted unwanted);

  std::array<Stripe, kStripes> stripes_;
  std::atomic<std::uint64_t> objects_{0};
  mutable std::mutex unfinished_mutex_;
  boost::unordered_flat_map<store::ObjectId, std::vector<Place>> unfinished_;
};

}  // namespace bodies
