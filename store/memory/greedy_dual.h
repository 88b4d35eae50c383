// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "store/memory/eviction.h"
#include "store/memory/history.h"

namespace store {

/// GreedyDual-Size-Frequency (Cherkasova 1998) without a heap, in two segments, with a memory of what has
/// left.
///
/// Every entry is worth its uses over its size, and ranks by that plus the clock of its segment when it was
/// last used; the least rank leaves, and the clock moves up to it: what is not used any more is overtaken by
/// what comes. A newcomer goes to probation, a seventh of the bytes, out of which the never used leave by
/// uses / size; who was used there moves to the protected segment, and so does at once who returns and is in
/// the history (as in S3-FIFO, Yang et al. 2023), its uses with it. There worth is uses / sqrt(size), so that
/// bytes served count too, and the clock does not move for what a scan brings.
///
/// In place of a heap each segment has a queue, first in first out, for each quarter of an octave of worth.
/// Who is least in rank is at the head of one of them. A hit notes the use and the clock, and moves nothing;
/// an entry that was used is queued again by its new worth when it comes to the head. So every operation
/// costs the same whatever the number of entries.
class GreedyDual final : public Eviction {
 public:
  static constexpr std::uint8_t kUsesMax = History::kCountMax;
  /// So many used entries at most are queued again to find one victim. Then the newest in the queue at hand
  /// leaves: it has had the least time to be of use.
  static constexpr int kRequeuesMax = 64;

  void added(EvictionEntry& entry) override;
  void hit(EvictionEntry& entry) override {
    // Writes only when needed: hot entries stay shared between caches.
    if (entry.uses < kUsesMax) ++entry.uses;
    if (!entry.used) entry.used = true;
    if (entry.clock != protected_.clock) entry.clock = protected_.clock;
  }
  void removed(EvictionEntry& entry) override;
  EvictionEntry* victim() override;

 private:
  struct Queue {
    EvictionEntry* oldest = nullptr;
    EvictionEntry* newest = nullptr;
    double rank = 0;  ///< of the oldest
  };
  struct Segment {
    void add(EvictionEntry& entry, double worth, std::uint8_t queue);
    void remove(EvictionEntry& entry);
    /// The queue whose head is least in rank; null if all are empty.
    const Queue* least() const;

    double clock = 0;  ///< L of the paper
    std::size_t bytes = 0;
    std::uint64_t occupied = 0;                          ///< a bit for each queue that is not empty
    std::vector<Queue> queues = std::vector<Queue>(64);  // apart: what a hit reads of all shards stays close
  };
  Segment& segment_of(const EvictionEntry& entry) { return entry.is_protected ? protected_ : probation_; }
  void queue(EvictionEntry& entry);
  /// The segment that has more than its share.
  Segment& segment_to_shrink();

  Segment protected_{};  // first, for its clock, which every hit reads
  Segment probation_{};
  History history_{};
  std::size_t entries_ = 0;
  bool full_ = false;  ///< something had to leave: from now on there is a history
};

}  // namespace store
