// SPDX-License-Identifier: Apache-2.0
// Effort: LMDB copies each B-tree page that a transaction changes, and pages freed in one transaction can be
// taken again in the second one after it. So deleting takes free pages before it gives any, most of all when
// small objects go, whose index entries lie on pages far apart. One transaction may therefore touch only a
// small part of the map.
#include "store/disk/reclaimer.h"

#include <algorithm>

#include "store/disk/space.h"

namespace store {
namespace {

constexpr std::uint64_t kObjectEffort =
    4;  // pages that unlinking an object may copy: leaves of index, orphans and data

}  // namespace

base::Result<Reclaimer::Room> Reclaimer::reclaim(lmdb::Txn& txn, std::uint64_t used_pages_max) {
  std::uint64_t effort = space::transaction_pages(tables_.map_pages());
  for (;;) {
    const auto used = tables_.used_pages(txn);
    if (!used) return std::unexpected(used.error());
    if (effort == 0) return *used <= used_pages_max ? Room::Enough : Room::More;
    if (finished_ == doomed_.size()) {
      const bool fits = *used <= used_pages_max;
      if (fits && (objects_max_ == 0 || index_.objects() <= objects_max_)) return Room::Enough;
      const auto evicted = index_.evict();
      if (!evicted && fits) return Room::Enough;
      if (!evicted) return finished_ != 0 ? Room::More : Room::None;
      doomed_.push_back({evicted->key, evicted->id});
      evicted_(*evicted);
    }
    if (auto removed = remove_next(txn, effort); !removed) return std::unexpected(removed.error());
  }
}

base::Status Reclaimer::remove_next(lmdb::Txn& txn, std::uint64_t& effort) {
  const DiskIndex::Doomed& doomed = doomed_[finished_];
  if (auto unlinked = tables_.unlink(txn, doomed.key, doomed.id); !unlinked) return unlinked;
  effort -= std::min(effort, kObjectEffort);
  // A few at a time: the caller looks in between whether it is enough.
  constexpr std::uint64_t kAtOnce = 16;
  std::uint64_t removed = 0;
  const auto gone = tables_.remove_records(txn, doomed.id, kAtOnce, removed);
  if (!gone) return std::unexpected(gone.error());
  effort -= std::min(effort, removed);
  // Deleting a large value maps the first of its pages, and with it its neighbours.
  tables_.file().touched(removed + 1);
  if (*gone) ++finished_;
  return {};
}

void Reclaimer::committed() {
  doomed_.erase(doomed_.begin(), doomed_.begin() + static_cast<std::ptrdiff_t>(finished_));
  finished_ = 0;
}

}  // namespace store
