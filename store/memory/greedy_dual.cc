// SPDX-License-Identifier: Apache-2.0
#include "store/memory/greedy_dual.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace store {
namespace {

constexpr std::size_t kProbationShare = 7;  // one part in so many

/// Worth in the lowest queue, as a power of two: of 1 MiB in probation, of 16 MiB in the protected segment.
constexpr int kLowestProbation = -20;
constexpr int kLowestProtected = -12;

/// The quarter octaves from 2^lowest to `worth`, bounded: the exponent and two bits of the mantissa.
std::uint8_t quarter_octaves(double worth, int lowest) {
  const auto bits = static_cast<std::int64_t>(std::bit_cast<std::uint64_t>(worth) >> 50);
  return static_cast<std::uint8_t>(
      std::clamp<std::int64_t>(bits - (std::int64_t{1023 + lowest} << 2), 0, 63));
}

}  // namespace

void GreedyDual::Segment::add(EvictionEntry& entry, double worth, std::uint8_t queue) {
  entry.rank = entry.clock + worth;
  entry.queue = queue;
  Queue& to = queues[queue];
  entry.newer = nullptr;
  entry.older = to.newest;
  (to.newest ? to.newest->newer : to.oldest) = &entry;
  to.newest = &entry;
  if (to.oldest == &entry) to.rank = entry.rank;
  occupied |= std::uint64_t{1} << queue;
  bytes += entry.bytes;
}

void GreedyDual::Segment::remove(EvictionEntry& entry) {
  Queue& from = queues[entry.queue];
  (entry.newer ? entry.newer->older : from.newest) = entry.older;
  (entry.older ? entry.older->newer : from.oldest) = entry.newer;
  entry.newer = entry.older = nullptr;
  if (from.oldest)
    from.rank = from.oldest->rank;
  else
    occupied &= ~(std::uint64_t{1} << entry.queue);
  bytes -= entry.bytes;
}

const GreedyDual::Queue* GreedyDual::Segment::least() const {
  const Queue* least = nullptr;
  for (std::uint64_t left = occupied; left != 0; left &= left - 1) {
    const Queue& queue = queues[static_cast<std::size_t>(std::countr_zero(left))];
    if (least == nullptr || queue.rank < least->rank) least = &queue;
  }
  return least;
}

void GreedyDual::queue(EvictionEntry& entry) {
  const auto bytes = static_cast<double>(std::max(1U, entry.size));
  const double worth = entry.uses / (entry.is_protected ? std::sqrt(bytes) : bytes);
  entry.used = false;
  segment_of(entry).add(entry, worth,
                        quarter_octaves(worth, entry.is_protected ? kLowestProtected : kLowestProbation));
}

void GreedyDual::added(EvictionEntry& entry) {
  const unsigned before = history_.count(entry.fingerprint);
  entry.uses = static_cast<std::uint8_t>(std::min<unsigned>(1 + before, kUsesMax));
  entry.is_protected = before != 0;
  entry.clock = segment_of(entry).clock;
  queue(entry);
  ++entries_;
}

void GreedyDual::removed(EvictionEntry& entry) {
  segment_of(entry).remove(entry);
  // Not only who was evicted: what is replaced or erased may come back as another version, as popular as
  // before.
  if (full_) history_.remember(entry.fingerprint, entry.uses, entries_);
  --entries_;
}

GreedyDual::Segment& GreedyDual::segment_to_shrink() {
  if (protected_.occupied == 0) return probation_;
  const bool over = probation_.bytes * kProbationShare > probation_.bytes + protected_.bytes;
  return over ? probation_ : protected_;
}

EvictionEntry* GreedyDual::victim() {
  full_ = true;
  for (int requeues = 0;; ++requeues) {
    Segment& segment = segment_to_shrink();
    const Queue* least = segment.least();
    if (least == nullptr) return nullptr;
    if (requeues == kRequeuesMax) return least->newest;
    EvictionEntry& entry = *least->oldest;
    if (!entry.used) {
      segment.clock = std::max(segment.clock, entry.rank);
      return &entry;
    }
    segment.remove(entry);
    entry.is_protected = true;
    queue(entry);
  }
}

}  // namespace store
