// SPDX-License-Identifier: Apache-2.0
// An insertion first takes its bytes from the common budget, evicting until they are there, and only then
// locks its shard to put the entry in. One shard's lock is held at a time, and nothing is freed under it.
#include "store/memory/memory_tier.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "edge/base/hash.h"
#include "store/memory/greedy_dual.h"

namespace store {
namespace {

constexpr std::uint64_t kShardBytesMin =
    16ULL << 20;  // each evicts by itself: of few entries it cannot choose well
constexpr std::uint64_t kEntryBytesUsual = 2048;  // at least: tables are made for so many
constexpr std::uint64_t kEntryBytesMin = 128ULL << 10;

/// What an entry is found by: an object's key, or a chunk's id and index.
struct EntryName {
  Key name{};
  bool chunk = false;
  bool operator==(const EntryName&) const = default;
};

EntryName chunk_name(ObjectId id, std::uint32_t index) { return {{id, index}, true}; }

std::uint64_t hash_of(const EntryName& entry) {
  if (!entry.chunk) return entry.name.high ^ (entry.name.low >> 32);
  // Ids and indexes count up: spread them (the finaliser of MurmurHash3).
  std::uint64_t h = entry.name.high * 0x9e3779b97f4a7c15ULL + entry.name.low;
  h = (h ^ (h >> 33)) * 0xff51afd7ed558ccdULL;
  h = (h ^ (h >> 33)) * 0xc4ceb9fe1a85ec53ULL;
  return h ^ (h >> 33);
}

struct NameHash {
  // The low bits chose the shard already.
  std::size_t operator()(const EntryName& entry) const noexcept { return hash_of(entry) >> 12; }
};

struct Entry : EvictionEntry {
  bool served = false;              ///< found since MemoryTier::served was last asked
  ObjectRef object{};               ///< null if this is a chunk
  base::ChunkRef chunk{};           ///< empty if this is an object
  const EntryName* name = nullptr;  ///< in the map
};

/// Parts of a large object are worth what a full chunk is, all of them: they leave together, as they are
/// used.
std::uint32_t judged_size(const Entry& entry) {
  const bool part = !entry.object || !entry.object->whole();
  const std::size_t size = part ? std::max(entry.bytes, base::kChunkBytes) : entry.bytes;
  return static_cast<std::uint32_t>(std::min<std::size_t>(size, std::numeric_limits<std::uint32_t>::max()));
}

/// A map node, its share of the table, what malloc adds to it, and its share of the history at most.
constexpr std::uint64_t kBookkeepingBytes =
    sizeof(EntryName) + sizeof(Entry) + 2 * sizeof(void*) + 2 * sizeof(void*) + 16 + 16;

/// References taken out under a lock, to be dropped after it.
struct Removed {
  ObjectRef object{};
  base::ChunkRef chunk{};
  std::uint64_t bytes = 0;
};

std::size_t shard_count(const MemoryTier::Options& options) {
  const std::uint64_t fitting = std::max<std::uint64_t>(1, options.budget_bytes / kShardBytesMin);
  const std::uint64_t wanted = std::clamp(options.shards, 1U, 1U << 12);
  return std::min(std::bit_floor(fitting), std::bit_ceil(wanted));
}

}  // namespace

struct MemoryTier::Shard {
  std::mutex mutex;
  std::unordered_map<EntryName, Entry, NameHash> entries;
  GreedyDual eviction;
  std::uint64_t objects = 0;
  std::uint64_t chunks = 0;
  std::uint64_t evictions = 0;

  Entry* find(const EntryName& name) {
    const auto found = entries.find(name);
    return found == entries.end() ? nullptr : &found->second;
  }
  void add(const EntryName& name, ObjectRef object, base::ChunkRef chunk, std::uint64_t bytes) {
    const auto [at, fresh] = entries.try_emplace(name);
    Entry& entry = at->second;
    ++(name.chunk ? chunks : objects);
    entry.name = &at->first;
    entry.object = std::move(object);
    entry.chunk = std::move(chunk);
    entry.bytes = bytes;
    entry.size = judged_size(entry);
    entry.fingerprint = static_cast<std::uint32_t>(NameHash{}(name));
    eviction.added(entry);
  }
  Removed remove(Entry& entry) {
    Removed removed{std::move(entry.object), std::move(entry.chunk), entry.bytes};
    --(entry.name->chunk ? chunks : objects);
    eviction.removed(entry);
    entries.erase(EntryName(*entry.name));  // a copy: the name must not die with its entry
    return removed;
  }
  Removed evict() {
    const std::scoped_lock lock(mutex);
    EvictionEntry* victim = eviction.victim();
    if (victim == nullptr) return {};
    ++evictions;
    return remove(*static_cast<Entry*>(victim));
  }
};

MemoryTier::MemoryTier(const Options& options)
    : mask_(shard_count(options) - 1),
      shards_(std::make_unique<Shard[]>(mask_ + 1)),
      budget_bytes_(options.budget_bytes) {
  // A table that grows moves all its entries while loops wait.
  for (std::size_t i = 0; i <= mask_; ++i) {
    shards_[i].entries.reserve(
        static_cast<std::size_t>(options.budget_bytes / (mask_ + 1) / kEntryBytesUsual));
  }
}

MemoryTier::~MemoryTier() = default;

MemoryTier::Shard& MemoryTier::shard_of(std::uint64_t hash) const { return shards_[hash & mask_]; }

bool MemoryTier::try_take(std::uint64_t bytes) {
  std::uint64_t used = used_bytes_.load();
  do {
    if (used + bytes > budget_bytes_.load()) return false;
  } while (!used_bytes_.compare_exchange_weak(used, used + bytes));
  // Either this sees a budget that was lowered meanwhile, or set_budget sees these bytes.
  if (used + bytes <= budget_bytes_.load()) return true;
  give_back(bytes);
  return false;
}

std::uint64_t MemoryTier::entry_bytes_max() const {
  const std::uint64_t budget = budget_bytes_.load();
  return std::min(budget, std::max(budget / 8, kEntryBytesMin));
}

bool MemoryTier::reserve(std::uint64_t bytes, std::uint64_t home_hash) {
  if (bytes > entry_bytes_max()) return false;
  std::size_t empty = 0;
  while (!try_take(bytes)) {
    const Removed removed = shard_of(home_hash + empty).evict();
    give_back(removed.bytes);
    // Everything evicted and yet no room: other threads hold it for what they are putting in.
    if (removed.bytes == 0 && ++empty > mask_) return false;
  }
  return true;
}

ObjectRef MemoryTier::find(const Key& key, std::string_view text) {
  const EntryName name{key, false};
  Shard& shard = shard_of(hash_of(name));
  const std::scoped_lock lock(shard.mutex);
  Entry* entry = shard.find(name);
  if (entry == nullptr || entry->object->key_text != text) return nullptr;
  shard.eviction.hit(*entry);
  if (!entry->served) entry->served = true;  // a write only when needed
  return entry->object;
}

bool MemoryTier::holds(const Key& key, ObjectId id) {
  const EntryName name{key, false};
  Shard& shard = shard_of(hash_of(name));
  const std::scoped_lock lock(shard.mutex);
  const Entry* entry = shard.find(name);
  return entry != nullptr && entry->object->id == id;
}

bool MemoryTier::served(const Key& key, ObjectId id) {
  const EntryName name{key, false};
  Shard& shard = shard_of(hash_of(name));
  const std::scoped_lock lock(shard.mutex);
  Entry* entry = shard.find(name);
  return entry != nullptr && entry->object->id == id && std::exchange(entry->served, false);
}

void MemoryTier::insert(ObjectRef object) {
  const EntryName name{object->key, false};
  const std::uint64_t hash = hash_of(name);
  const std::uint64_t bytes = object->footprint() + kBookkeepingBytes;
  const bool fits = reserve(bytes, hash);
  Removed removed{};
  {
    Shard& shard = shard_of(hash);
    const std::scoped_lock lock(shard.mutex);
    Entry* there = shard.find(name);
    if (there != nullptr && there->object->key_text == object->key_text && there->object->id > object->id) {
      removed.bytes = fits ? bytes : 0;
    } else {
      // An older object goes even if its successor does not fit: it would be served in its place.
      if (there != nullptr) removed = shard.remove(*there);
      if (fits) shard.add(name, std::move(object), {}, bytes);
    }
  }
  give_back(removed.bytes);
}

bool MemoryTier::erase(const Key& key, ObjectId id) {
  return erase_if(key, [id](const Object& object) { return id == 0 || object.id == id; });
}

void MemoryTier::erase_parted(const Key& key, ObjectId id) {
  erase_if(key, [id](const Object& object) { return object.id == id && !object.whole(); });
}

bool MemoryTier::erase_if(const Key& key, const std::function<bool(const Object&)>& unwanted) {
  const EntryName name{key, false};
  Removed removed{};
  {
    Shard& shard = shard_of(hash_of(name));
    const std::scoped_lock lock(shard.mutex);
    Entry* there = shard.find(name);
    if (there != nullptr && unwanted(*there->object)) removed = shard.remove(*there);
  }
  give_back(removed.bytes);
  return removed.object != nullptr;
}

base::ChunkRef MemoryTier::find_chunk(ObjectId id, std::uint32_t index) { return chunk_of(id, index, true); }

base::ChunkRef MemoryTier::peek_chunk(ObjectId id, std::uint32_t index) { return chunk_of(id, index, false); }

base::ChunkRef MemoryTier::chunk_of(ObjectId id, std::uint32_t index, bool is_use) {
  const EntryName name = chunk_name(id, index);
  Shard& shard = shard_of(hash_of(name));
  const std::scoped_lock lock(shard.mutex);
  Entry* entry = shard.find(name);
  if (entry == nullptr) return {};
  if (is_use) shard.eviction.hit(*entry);
  return entry->chunk;
}

void MemoryTier::insert_chunk(ObjectId id, std::uint32_t index, base::ChunkRef chunk) {
  const EntryName name = chunk_name(id, index);
  const std::uint64_t hash = hash_of(name);
  const std::uint64_t bytes = chunk->footprint() + kBookkeepingBytes;
  if (!reserve(bytes, hash)) return;
  bool added = false;
  {
    Shard& shard = shard_of(hash);
    const std::scoped_lock lock(shard.mutex);
    // Bytes under a name never change: what is there is as good.
    if (shard.find(name) == nullptr) {
      shard.add(name, {}, std::move(chunk), bytes);
      added = true;
    }
  }
  if (!added) give_back(bytes);
}

bool MemoryTier::scan(Place& place, std::size_t max, std::vector<ObjectRef>& objects) {
  if (place.shard > mask_) return false;
  Shard& shard = shards_[place.shard];
  const std::scoped_lock lock(shard.mutex);
  const std::size_t buckets = shard.entries.bucket_count();
  // A table that has grown since has its entries elsewhere: from its beginning again.
  if (place.bucket != 0 && place.buckets != buckets) place.bucket = 0;
  place.buckets = buckets;
  for (std::size_t seen = 0; place.bucket < buckets && seen < max; ++place.bucket) {
    for (auto at = shard.entries.begin(place.bucket); at != shard.entries.end(place.bucket); ++at, ++seen) {
      if (at->second.object) objects.push_back(at->second.object);
    }
    if (shard.entries.begin(place.bucket) == shard.entries.end(place.bucket)) ++seen;
  }
  if (place.bucket >= buckets) place = {.shard = place.shard + 1};
  return place.shard <= mask_;
}

void MemoryTier::set_budget(std::uint64_t bytes) {
  budget_bytes_.store(bytes);
  std::size_t empty = 0;
  for (std::size_t at = 0; used_bytes_.load() > budget_bytes_.load() && empty <= mask_; ++at) {
    const Removed removed = shard_of(at).evict();
    give_back(removed.bytes);
    empty = removed.bytes == 0 ? empty + 1 : 0;
  }
}

MemoryTier::Use MemoryTier::use() const {
  Use use{.bytes = used_bytes_.load()};
  for (std::size_t i = 0; i <= mask_; ++i) {
    const std::scoped_lock lock(shards_[i].mutex);
    use.objects += shards_[i].objects;
    use.chunks += shards_[i].chunks;
    use.evictions += shards_[i].evictions;
  }
  return use;
}

}  // namespace store
