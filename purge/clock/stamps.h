// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <functional>
#include <mutex>
#include <shared_mutex>
#include <vector>

#include "edge/base/hash.h"
#include "purge/clock/purge.h"

namespace purge {

/// The newest hard and soft entries that name something; 0: none.
struct Stamps {
  Stamp hard = 0;
  Stamp soft = 0;

  Stamp newest() const { return std::max(hard, soft); }
  void raise(const Stamps& other) {
    hard = std::max(hard, other.hard);
    soft = std::max(soft, other.soft);
  }
  static Stamps at(Stamp stamp, bool soft) { return soft ? Stamps{0, stamp} : Stamps{stamp, 0}; }
};

/// From a name's fingerprint to its stamps. A look-up for what is newer than some stamp first asks a small
/// array, without a lock: while few entries are newer it ends there. One thread changes it, any thread asks.
class StampTable {
 public:
  using Name = base::Hash128;

  /// What is known of `name`; nothing is said (zeros) if none of it is above `since`.
  Stamps find(const Name& name, Stamp since = 0) const;
  /// Raises what is known of `name`.
  void raise(const Name& name, const Stamps& stamps);
  void clear();
  /// Removes what `unwanted` says; answers how many.
  std::size_t erase_if(const std::function<bool(const Name&, const Stamps&)>& unwanted);
  /// Of all, in no order.
  void collect_newest(std::vector<Stamp>& out) const;
  std::size_t size() const { return size_.load(std::memory_order_relaxed); }

 private:
  static constexpr std::size_t kShards = 64;
  static constexpr std::size_t kGroups = 16'384;
  struct Shard {
    mutable std::shared_mutex mutex;
    boost::unordered_flat_map<Name, Stamps, std::hash<Name>> stamps;
  };

  std::array<Shard, kShards> shards_{};
  /// By a part of the fingerprint: no name of the group has a newer stamp. Never lowered, so it may be too
  /// high.
  std::array<std::atomic<Stamp>, kGroups> newest_{};
  std::atomic<std::size_t> size_{0};
};

}  // namespace purge
