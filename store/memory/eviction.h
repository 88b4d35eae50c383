// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

namespace store {

/// What an eviction policy knows of one thing that is kept. Owned by the tier's map, at a fixed address while
/// linked. The tier sets `bytes`, `size` and `fingerprint` before it is added; the rest is the policy's.
struct EvictionEntry {
  EvictionEntry* newer = nullptr;
  EvictionEntry* older = nullptr;
  std::size_t bytes = 0;          ///< of memory
  double rank = 0;                ///< clock and worth, as they were when this was queued
  std::uint32_t size = 0;         ///< bytes by which its worth is judged
  std::uint32_t fingerprint = 0;  ///< a hash by which it is recognised when it returns
  // What a hit writes comes last, beside what the tier reads then.
  double clock = 0;           ///< the policy's, when this was last used
  std::uint8_t uses = 0;      ///< the insertion, the hits, and what history knew: up to a bound
  std::uint8_t queue = 0;     ///< where it is queued
  bool used = false;          ///< hit since it was queued
  bool is_protected = false;  ///< was used again, in this stay or in an earlier one
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

}  // namespace store
