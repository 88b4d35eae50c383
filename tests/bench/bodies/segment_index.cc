// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/bodies/segment_index.h"

#include <utility>

namespace bodies {

bool SegmentIndex::holds(const store::Key& key, store::ObjectId id) const {
  const Stripe& stripe = stripe_of(key);
  const std::scoped_lock lock(stripe.mutex);
  const auto at = stripe.entries.find(key);
  return at != stripe.entries.end() && at->second.id == id;
}

std::optional<Located> SegmentIndex::find(const store::Key& key) const {
  const Stripe& stripe = stripe_of(key);
  const std::scoped_lock lock(stripe.mutex);
  const auto at = stripe.entries.find(key);
  if (at == stripe.entries.end()) return std::nullopt;
  return at->second;
}

std::optional<Place> SegmentIndex::chunk(const store::Key& key, store::ObjectId id,
                                         std::uint32_t index) const {
  {
    const Stripe& stripe = stripe_of(key);
    const std::scoped_lock lock(stripe.mutex);
    const auto at = stripe.entries.find(key);
    if (at != stripe.entries.end() && at->second.id == id) {
      const auto& chunks = at->second.chunks;
      return chunks && index < chunks->size() ? std::optional((*chunks)[index]) : std::nullopt;
    }
  }
  const std::scoped_lock lock(unfinished_mutex_);
  const auto at = unfinished_.find(id);
  if (at == unfinished_.end() || index >= at->second.size()) return std::nullopt;
  return at->second[index];
}

std::optional<store::ObjectId> SegmentIndex::publish(const store::Key& key, Located located) {
  Stripe& stripe = stripe_of(key);
  const std::scoped_lock lock(stripe.mutex);
  stripe.chunks += located.chunks ? located.chunks->size() : 0;
  const auto [at, added] = stripe.entries.try_emplace(key, located);
  if (added) {
    ++objects_;
    return std::nullopt;
  }
  const Located before = std::exchange(at->second, std::move(located));
  stripe.chunks -= before.chunks ? before.chunks->size() : 0;
  return before.id == at->second.id ? std::nullopt : std::optional(before.id);
}

template <typename Unwanted>
std::optional<Located> SegmentIndex::remove_if(const store::Key& key, Unwanted unwanted) {
  Stripe& stripe = stripe_of(key);
  const std::scoped_lock lock(stripe.mutex);
  const auto at = stripe.entries.find(key);
  if (at == stripe.entries.end() || !unwanted(at->second)) return std::nullopt;
  Located removed = std::move(at->second);
  stripe.chunks -= removed.chunks ? removed.chunks->size() : 0;
  stripe.entries.erase(at);
  --objects_;
  return removed;
}

std::optional<Located> SegmentIndex::remove(const store::Key& key, store::ObjectId id) {
  return remove_if(key, [id](const Located& there) { return there.id <= id; });
}

std::optional<Located> SegmentIndex::evict(const store::Key& key, store::ObjectId id, std::uint32_t segment) {
  return remove_if(key, [&](const Located& there) { return there.id == id && there.lies_in(segment); });
}

void SegmentIndex::add_chunk(store::ObjectId id, const Place& place) {
  const std::scoped_lock lock(unfinished_mutex_);
  unfinished_[id].push_back(place);
}

std::vector<Place> SegmentIndex::take_chunks(store::ObjectId id) {
  const std::scoped_lock lock(unfinished_mutex_);
  const auto at = unfinished_.find(id);
  if (at == unfinished_.end()) return {};
  std::vector<Place> chunks = std::move(at->second);
  unfinished_.erase(at);
  return chunks;
}

std::uint64_t SegmentIndex::memory_bytes() const {
  constexpr std::uint64_t kShared = 56;  // count, vector and its allocation, roughly, for some chunks
  using Slot = decltype(Stripe::entries)::value_type;
  std::uint64_t bytes = 0;
  for (const Stripe& stripe : stripes_) {
    const std::scoped_lock lock(stripe.mutex);
    bytes += stripe.entries.bucket_count() * (sizeof(Slot) + 1) + stripe.chunks * sizeof(Place);
    if (stripe.chunks != 0) bytes += stripe.entries.size() * kShared;
  }
  return bytes;
}

}  // namespace bodies
