// SPDX-License-Identifier: Apache-2.0
#include "store/disk/disk_index.h"

#include <algorithm>
#include <utility>

#include "edge/base/check.h"

namespace store {

class DiskIndex::StoredPin final : public Pin {
 public:
  StoredPin(std::shared_ptr<DiskIndex> index, const Key& key, ObjectId id)
      : index_(std::move(index)), key_(key), id_(id) {}
  ~StoredPin() override { index_->unpin(key_, id_); }
  StoredPin(const StoredPin&) = delete;
  StoredPin& operator=(const StoredPin&) = delete;

 private:
  std::shared_ptr<DiskIndex> index_;
  Key key_;
  ObjectId id_;
};

DiskIndex::Entry DiskIndex::entry_of(const StoredObject& object, std::uint32_t pins) {
  const auto fits = [&object](const SizeClass& size) { return object.body_bytes <= size.bytes_max; };
  const auto size = static_cast<std::uint8_t>(std::ranges::find_if(kSizeClasses, fits) - kSizeClasses.begin());
  return {.id = object.id, .pins = pins, .multi = object.multi, .size = size, .turns = kSizeClasses[size].when_new};
}

void DiskIndex::note_use(Entry& entry) {
  entry.turns = std::max(entry.turns, kSizeClasses[entry.size].when_used);
}

void DiskIndex::load(const std::vector<StoredObject>& objects) {
  for (const StoredObject& object : objects) {
    Stripe& stripe = stripe_of(object.key);
    stripe.entries[object.key] = entry_of(object, 0);
    stripe.queue.push_back({object.key, object.id});
  }
  objects_ = objects.size();
}

bool DiskIndex::has(const Key& key) const {
  const Stripe& stripe = stripe_of(key);
  const std::scoped_lock lock(stripe.mutex);
  return stripe.entries.contains(key);
}

bool DiskIndex::holds(const Key& key, ObjectId id) const {
  const Stripe& stripe = stripe_of(key);
  const std::scoped_lock lock(stripe.mutex);
  const auto at = stripe.entries.find(key);
  return at != stripe.entries.end() && at->second.id == id;
}

std::optional<ObjectId> DiskIndex::find(const Key& key) {
  Stripe& stripe = stripe_of(key);
  const std::scoped_lock lock(stripe.mutex);
  const auto at = stripe.entries.find(key);
  if (at == stripe.entries.end()) return std::nullopt;
  note_use(at->second);
  return at->second.id;
}

PinRef DiskIndex::pin(const Key& key, ObjectId id) {
  Stripe& stripe = stripe_of(key);
  {
    const std::scoped_lock lock(stripe.mutex);
    const auto at = stripe.entries.find(key);
    if (at == stripe.entries.end() || at->second.id != id) return nullptr;
    note_use(at->second);
    ++at->second.pins;
  }
  return std::make_shared<StoredPin>(shared_from_this(), key, id);
}

void DiskIndex::unpin(const Key& key, ObjectId id) {
  Stripe& stripe = stripe_of(key);
  {
    const std::scoped_lock lock(stripe.mutex);
    const auto at = stripe.entries.find(key);
    if (at != stripe.entries.end() && at->second.id == id) {
      --at->second.pins;
      return;
    }
    const auto ghost = stripe.ghosts.find(id);
    CHECK(ghost != stripe.ghosts.end());
    if (--ghost->second.pins != 0) return;
    stripe.ghosts.erase(ghost);
  }
  doom({key, id});
}

bool DiskIndex::hide(Stripe& stripe, const Key& key) {
  const auto at = stripe.entries.find(key);
  const Entry entry = at->second;
  stripe.entries.erase(at);
  --objects_;
  if (entry.pins == 0) return true;
  stripe.ghosts[entry.id] = {key, entry.pins};
  return false;
}

PinRef DiskIndex::publish(const StoredObject& object, bool pinned) {
  Stripe& stripe = stripe_of(object.key);
  std::optional<Doomed> doomed;
  {
    const std::scoped_lock lock(stripe.mutex);
    // Written anew under an id that was hidden while pinned: it stays hidden, and goes with its last pin.
    const auto ghost = stripe.ghosts.find(object.id);
    if (ghost != stripe.ghosts.end()) {
      ghost->second.pins += pinned ? 1 : 0;
    } else {
      doomed = publish_in(stripe, object, pinned);
    }
  }
  if (doomed) doom(*doomed);
  return pinned ? std::make_shared<StoredPin>(shared_from_this(), object.key, object.id) : nullptr;
}

std::optional<DiskIndex::Doomed> DiskIndex::publish_in(Stripe& stripe, const StoredObject& object,
                                                       bool pinned) {
  std::optional<Doomed> doomed;
  const auto at = stripe.entries.find(object.key);
  if (at != stripe.entries.end() && at->second.id == object.id) {
    at->second.pins += pinned ? 1 : 0;
  } else {
    if (at != stripe.entries.end()) {
      const ObjectId replaced = at->second.id;
      if (hide(stripe, object.key)) doomed = {object.key, replaced};
    }
    if (is_erasing(stripe, object)) {
      // What it replaces was hidden by that erase already, so only one can be doomed here.
      if (!pinned) return Doomed{object.key, object.id};
      stripe.ghosts[object.id] = {object.key, 1};
      return doomed;
    }
    stripe.entries[object.key] = entry_of(object, pinned ? 1 : 0);
    ++objects_;
    stripe.queue.push_back({object.key, object.id});
    shorten(stripe);
  }
  return doomed;
}

/// Names that are gone cost memory until their turn comes; with much replacing that may be never.
void DiskIndex::shorten(Stripe& stripe) {
  if (stripe.queue.size() <= 2 * stripe.entries.size() + 64) return;
  std::erase_if(stripe.queue, [&](const Doomed& name) {
    const auto live = stripe.entries.find(name.key);
    return live == stripe.entries.end() || live->second.id != name.id;
  });
}

bool DiskIndex::is_erasing(const Stripe& stripe, const StoredObject& object) {
  const auto at = stripe.erasing.find(object.key);
  return at != stripe.erasing.end() && object.id <= std::ranges::max(at->second);
}

void DiskIndex::erase(const Key& key, ObjectId id) {
  Stripe& stripe = stripe_of(key);
  std::optional<Doomed> doomed;
  {
    const std::scoped_lock lock(stripe.mutex);
    stripe.erasing[key].push_back(id);
    const auto at = stripe.entries.find(key);
    if (at == stripe.entries.end() || at->second.id > id) return;
    const ObjectId erased = at->second.id;
    if (hide(stripe, key)) doomed = {key, erased};
  }
  if (doomed) doom(*doomed);
}

void DiskIndex::erase_done(const Key& key, ObjectId id) {
  Stripe& stripe = stripe_of(key);
  const std::scoped_lock lock(stripe.mutex);
  const auto at = stripe.erasing.find(key);
  CHECK(at != stripe.erasing.end());
  const auto done = std::ranges::find(at->second, id);
  CHECK(done != at->second.end());
  at->second.erase(done);
  if (at->second.empty()) stripe.erasing.erase(at);
}

std::optional<DiskIndex::StoredObject> DiskIndex::remove(const Key& key, ObjectId id) {
  Stripe& stripe = stripe_of(key);
  StoredObject removed{key, id, false};
  bool doomed = false;
  {
    const std::scoped_lock lock(stripe.mutex);
    const auto at = stripe.entries.find(key);
    if (at == stripe.entries.end() || at->second.id != id) return std::nullopt;
    removed.multi = at->second.multi;
    doomed = hide(stripe, key);
  }
  if (doomed) doom({key, id});
  return removed;
}

std::optional<DiskIndex::StoredObject> DiskIndex::evict() {
  // As many rounds through everything as it takes (all but the last may take turns away only), a few turns under each
  // lock: loops wait for it. After the first round nobody is asked: what is used all the time would never leave.
  constexpr std::size_t kTurnsAtOnce = 64;
  std::array<std::size_t, kStripes> turns{};
  std::array<std::size_t, kStripes> first_round{};
  for (std::size_t i = 0; i < kStripes; ++i) {
    const std::scoped_lock lock(stripes_[i].mutex);
    first_round[i] = stripes_[i].queue.size();
    turns[i] = (kTurnsMax + 1) * first_round[i];
  }
  for (std::size_t done = 0; done < kStripes;) {
    const std::size_t i = next_stripe_++ % kStripes;
    const std::scoped_lock lock(stripes_[i].mutex);
    const std::size_t visit = std::min({turns[i], kTurnsAtOnce, stripes_[i].queue.size()});
    if (auto evicted = evict_from(stripes_[i], visit, turns[i] > kTurnsMax * first_round[i])) return evicted;
    turns[i] -= visit;
    done = visit == 0 ? done + 1 : 0;
  }
  return std::nullopt;
}

std::optional<DiskIndex::StoredObject> DiskIndex::evict_from(Stripe& stripe, std::size_t turns, bool ask) {
  for (; turns > 0; --turns) {
    const Doomed name = stripe.queue.front();
    stripe.queue.pop_front();
    const auto at = stripe.entries.find(name.key);
    if (at == stripe.entries.end() || at->second.id != name.id) continue;
    // What memory serves is never read from disk; it must be there after a restart nevertheless.
    if (ask && wanted_ && wanted_(name.key, name.id)) note_use(at->second);
    if (at->second.turns != 0 || at->second.pins != 0) {
      if (at->second.turns != 0) --at->second.turns;
      stripe.queue.push_back(name);
      continue;
    }
    const StoredObject evicted{name.key, name.id, at->second.multi};
    hide(stripe, name.key);
    return evicted;
  }
  return std::nullopt;
}

std::uint64_t DiskIndex::memory_bytes() const {
  using Slot = decltype(Stripe::entries)::value_type;
  std::uint64_t bytes = 0;
  for (const Stripe& stripe : stripes_) {
    const std::scoped_lock lock(stripe.mutex);
    bytes += stripe.entries.bucket_count() * (sizeof(Slot) + 1) + stripe.queue.size() * sizeof(Doomed);
  }
  return bytes;
}

void DiskIndex::doom(const Doomed& doomed) {
  {
    const std::scoped_lock lock(doomed_mutex_);
    doomed_.push_back(doomed);
  }
  if (notify_) notify_();
}

std::vector<DiskIndex::Doomed> DiskIndex::take_doomed() {
  const std::scoped_lock lock(doomed_mutex_);
  return std::exchange(doomed_, {});
}

}  // namespace store
