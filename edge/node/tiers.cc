// SPDX-License-Identifier: Apache-2.0
#include "edge/node/tiers.h"

#include <algorithm>

namespace node {

std::uint64_t whole_max(const Config& config, const Shared& shared) {
  // A fill never waits for the disk to take what it keeps in one piece: it must fit into its window.
  const std::uint64_t tier = shared.memory.entry_bytes_max();
  const std::uint64_t most =
      std::min({config.whole_bytes, config.fetch.fill_window_bytes, config.fetch.fill_total_bytes / 2,
                shared.disk.max_put_bytes(), tier - tier / 16});
  return std::max<std::uint64_t>(most, base::kChunkBytes);
}

bool keep_new(Shared& shared, const store::ObjectRef& object, bool wanted_again, base::Steady now) {
  const bool admitted = shared.admission.on_miss(object->key, object->body_bytes, wanted_again, now);
  const bool put = admitted && shared.disk.put(object);
  const bool is_to_be_written = admitted && !put && !object->single();
  object->on_disk.set(put || is_to_be_written);
  shared.memory.insert(object);
  if (put || is_to_be_written) return put;
  if (admitted) shared.admission.give_back(object->body_bytes);
  // An older version would be found there when this one has left memory.
  if (wanted_again || shared.disk.may_have(object->key)) shared.disk.erase(object->key, object->id - 1);
  return !admitted;
}

void keep_signpost(Shared& shared, const store::ObjectRef& object) {
  object->on_disk.set(shared.disk.put(object));
  shared.memory.insert(object);
}

void keep_refreshed(Shared& shared, const store::ObjectRef& object, base::Steady now) {
  shared.memory.insert(object);
  if (!object->on_disk.is_set()) return note_use(shared, object, now);
  object->on_disk.set(shared.disk.put(object) || !object->whole());
}

void note_use(Shared& shared, const store::ObjectRef& object, base::Steady now) {
  if (!object->whole() || !object->on_disk.take()) return;
  const bool admitted = shared.admission.on_hit(object->body_bytes, now);
  if (!admitted || !shared.disk.put(object)) {
    if (admitted) shared.admission.give_back(object->body_bytes);
    return object->on_disk.set(false);
  }
  if (!shared.memory.holds(object->key, object->id)) shared.disk.erase(object->key, object->id);
}

void promote(Shared& shared, const store::ObjectRef& object) {
  shared.memory.insert(object);
  if (!shared.disk.holds(object->key, object->id)) shared.memory.erase(object->key, object->id);
}

void drop(Shared& shared, const store::Key& key, store::ObjectId id) {
  shared.disk.erase(key, id);
  if (shared.memory.erase(key, id == store::kAnyId ? 0 : id)) shared.disk.erase(key, id);
}

}  // namespace node
