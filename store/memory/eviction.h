// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace store {

/// What an eviction policy knows of one thing that is kept. Owned by the tier's map, at a fixed address while
/// linked.
struct EvictionEntry {
  EvictionEntry* newer = nullptr;
  EvictionEntry* older = nullptr;
  std::size_t bytes = 0;
  bool visited = false;
};

/// Chooses what leaves when room is needed. The seam at which policies are exchanged after measurement; each
/// shard of a tier has one, always called under that shard's lock.
class Eviction {
 public:
  virtual ~Eviction() = default;
  virtual void added(EvictionEntry& entry) = 0;
  virtual void hit(EvictionEntry& entry) = 0;
  /// Must come before `entry` ends.
  virtual void removed(EvictionEntry& entry) = 0;
  /// Who should leave now; null if there is nobody. The caller removes it.
  virtual EvictionEntry* victim() = 0;
};

/// SIEVE (Zhang et al., NSDI 2024): a queue in order of arrival, a mark on hit, and a hand that goes from the
/// oldest to the newest, clears marks and evicts the first entry without one. Survivors stay in place, so a
/// hit moves nothing.
class Sieve final : public Eviction {
 public:
  void added(EvictionEntry& entry) override;
  void hit(EvictionEntry& entry) override {
    if (!entry.visited)
      entry.visited = true;  // a write only when needed: hot entries stay shared between caches
  }
  void removed(EvictionEntry& entry) override;
  EvictionEntry* victim() override;

 private:
  EvictionEntry* newest_ = nullptr;
  EvictionEntry* oldest_ = nullptr;
  EvictionEntry* hand_ = nullptr;  ///< null: at the oldest
};

}  // namespace store
