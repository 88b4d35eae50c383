// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "store/disk/disk.h"
#include "store/disk/tables.h"

namespace store {

/// What one shard of the disk holds, in memory: answers "not there" without a read, chooses what is evicted
/// (first in, first out, so that LMDB frees pages in the order in which they were written; what was found gets
/// further turns, and a small object, which takes little, gets more of them: docs/hit-ratio.md), keeps pins. An object is in here
/// only when its transaction is committed; it is out of here before its records are deleted. 60 to 120 bytes
/// for each object. Any thread; each call holds one short lock.
///
/// Owned by the store and by pins, which may outlive it.
class DiskIndex : public std::enable_shared_from_this<DiskIndex> {
 public:
  using StoredObject = Tables::StoredObject;
  /// Whether the object was used elsewhere since this was last asked.
  using Wanted = std::function<bool(const Key&, ObjectId)>;
  /// Records that may be deleted now: those of `id`, and the index entry of `key` if it still names `id`.
  struct Doomed {
    Key key{};
    ObjectId id = 0;
  };

  /// What the files hold, oldest first. Before other threads come.
  void load(const std::vector<StoredObject>& objects);

  bool has(const Key& key) const;
  bool holds(const Key& key, ObjectId id) const;
  /// The id under `key`; marks it as used.
  std::optional<ObjectId> find(const Key& key);
  PinRef pin(const Key& key, ObjectId id);

  /// Writer: `object` is committed. The one it replaces is doomed, or hidden until its last pin goes. If an
  /// erase came meanwhile, that befalls `object` itself.
  PinRef publish(const StoredObject& object, bool pinned);
  /// Hides what is under `key` now and what is published before erase_done, if its id is not above `id`.
  void erase(const Key& key, ObjectId id = kAnyId);
  /// Writer: the erase is committed.
  void erase_done(const Key& key, ObjectId id = kAnyId);
  /// Hides the object under `key` if it is `id` (its records are broken). What it was, if it was there.
  std::optional<StoredObject> remove(const Key& key, ObjectId id);
  /// Writer: takes out the object to evict now. Nothing if all are pinned or there is none. The caller
  /// deletes its records.
  std::optional<StoredObject> evict();

  void doom(const Doomed& doomed);
  /// Writer: what was doomed since the last call.
  std::vector<Doomed> take_doomed();
  /// Called, without locks, after something was doomed. Before other threads come.
  void on_doomed(std::function<void()> notify) { notify_ = std::move(notify); }
  /// Asked, under a lock, of those that evict() would take; may be empty. Before other threads come.
  void ask_wanted(Wanted wanted) { wanted_ = std::move(wanted); }

  std::uint64_t memory_bytes() const;
  std::uint64_t objects() const { return objects_.load(std::memory_order_relaxed); }

 private:
  class StoredPin;
  struct Entry {
    ObjectId id = 0;
    std::uint32_t pins = 0;
    bool multi = false;
    std::uint8_t size = 0;   ///< its SizeClass
    std::uint8_t turns = 0;  ///< that it survives yet
  };
  /// How many turns an object of so many bytes gets.
  struct SizeClass {
    std::uint64_t bytes_max;
    std::uint8_t when_new;
    std::uint8_t when_used;
  };
  static constexpr std::array<SizeClass, 3> kSizeClasses = {{{8'192, 2, 3}, {65'536, 1, 2}, {~0ULL, 0, 1}}};
  static constexpr std::size_t kTurnsMax = 3;
  static Entry entry_of(const StoredObject& object, std::uint32_t pins);
  /// Hidden but pinned.
  struct Ghost {
    Key key{};
    std::uint32_t pins = 0;
  };
  struct Stripe {
    mutable std::mutex mutex;
    boost::unordered_flat_map<Key, Entry, std::hash<Key>> entries;
    std::deque<Doomed> queue;  ///< in order of arrival, with names that are gone
    boost::unordered_flat_map<ObjectId, Ghost> ghosts;
    boost::unordered_flat_map<Key, std::vector<ObjectId>, std::hash<Key>> erasing;
  };
  // Many small tables: growing one moves all its entries under its lock, which loops wait for.
  static constexpr std::size_t kStripes = 64;

  Stripe& stripe_of(const Key& key) { return stripes_[key.high % kStripes]; }
  const Stripe& stripe_of(const Key& key) const { return stripes_[key.high % kStripes]; }
  /// Takes out the entry of `key`; true if its records may go, false if a pin keeps them.
  bool hide(Stripe& stripe, const Key& key);
  /// What its publication makes deletable.
  std::optional<Doomed> publish_in(Stripe& stripe, const StoredObject& object, bool pinned);
  static void shorten(Stripe& stripe);
  static bool is_erasing(const Stripe& stripe, const StoredObject& object);
  static void note_use(Entry& entry);
  /// Gives at most `turns` names their turn; the queue has that many. `ask`: those that are wanted are
  /// spared.
  std::optional<StoredObject> evict_from(Stripe& stripe, std::size_t turns, bool ask);
  void unpin(const Key& key, ObjectId id);

  std::array<Stripe, kStripes> stripes_;
  std::size_t next_stripe_ = 0;  ///< writer only
  std::atomic<std::uint64_t> objects_{0};
  std::mutex doomed_mutex_;
  std::vector<Doomed> doomed_;
  std::function<void()> notify_;
  Wanted wanted_;
};

}  // namespace store
