// SPDX-License-Identifier: Apache-2.0
#include "store/memory/eviction.h"

namespace store {

void Sieve::added(EvictionEntry& entry) {
  entry.visited = false;
  entry.newer = nullptr;
  entry.older = newest_;
  (newest_ ? newest_->newer : oldest_) = &entry;
  newest_ = &entry;
}

void Sieve::removed(EvictionEntry& entry) {
  if (hand_ == &entry) hand_ = entry.newer;
  (entry.newer ? entry.newer->older : newest_) = entry.older;
  (entry.older ? entry.older->newer : oldest_) = entry.newer;
  entry.newer = entry.older = nullptr;
}

EvictionEntry* Sieve::victim() {
  if (oldest_ == nullptr) return nullptr;
  // Ends within two rounds: the first clears every mark.
  EvictionEntry* at = hand_ ? hand_ : oldest_;
  while (at->visited) {
    at->visited = false;
    at = at->newer ? at->newer : oldest_;
  }
  hand_ = at;
  return at;
}

}  // namespace store
