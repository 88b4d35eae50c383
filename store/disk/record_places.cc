// SPDX-License-Identifier: Apache-2.0
#include "store/disk/record_places.h"

#include <algorithm>
#include <type_traits>

#include "edge/base/check.h"

namespace store {

RecordPlaces::RecordPlaces(std::size_t slots)
    : count_(slots), slots_(static_cast<Slot*>(std::calloc(slots, sizeof(Slot)))) {
  static_assert(std::is_trivially_copyable_v<Slot>, "zeros are a slot");
  CHECK(slots_);
}

// Ids are given out in order: the lowest bits spread them best.
std::size_t RecordPlaces::index_of(ObjectId id) const { return id & (count_ - 1); }

std::optional<RecordPlaces::Place> RecordPlaces::find(ObjectId id) const {
  const std::size_t index = index_of(id);
  const std::scoped_lock lock(locks_[index % kLocks]);
  const Place& place = slots_[index].place;
  if (place.id != id) return std::nullopt;
  return place;
}

void RecordPlaces::note(const Place& place, std::uint64_t epoch) {
  const std::size_t index = index_of(place.id);
  const std::scoped_lock lock(locks_[index % kLocks]);
  if (epoch >= slots_[index].since) slots_[index].place = place;
}

void RecordPlaces::forget(ObjectId id, std::uint64_t epoch) {
  const std::size_t index = index_of(id);
  const std::scoped_lock lock(locks_[index % kLocks]);
  Slot& slot = slots_[index];
  slot.since = std::max(slot.since, epoch);
  if (slot.place.id == id) slot.place = {};
}

}  // namespace store
