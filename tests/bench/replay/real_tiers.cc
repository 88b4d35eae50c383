// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/replay/real_tiers.h"

#include <atomic>
#include <chrono>
#include <memory>
#include <utility>

#include "edge/base/check.h"
#include "edge/node/decoded.h"
#include "edge/node/tiers.h"
#include "store/disk/lmdb_disk.h"
#include "tests/support/disk_client.h"
#include "tests/support/temp_folder.h"

namespace replay {
namespace {

store::DiskOptions disk_options(const std::string& folder, const TiersOptions& options,
                                store::MemoryTier& memory) {
  return {.folder = folder,
          .budget_bytes = options.disk_bytes,
          .shards = 1,
          .commit_interval = std::chrono::milliseconds(1),
          .max_objects = options.disk_objects,
          .wanted = [&memory](const store::Key& key, store::ObjectId id) { return memory.served(key, id); }};
}

/// The two tiers of an edge, and what belongs to them.
class Tiers {
 public:
  explicit Tiers(const TiersOptions& options) : memory_({.budget_bytes = options.memory_bytes}) {
    auto opened = store::LmdbDisk::open(disk_options(folder_.path(), options, memory_), &node::decode_object);
    CHECK(opened);
    disk_ = *std::move(opened);
    disk_->on_removed([this](const store::Key& key, store::ObjectId id) { memory_.erase_parted(key, id); });
    admission_ = std::make_unique<store::Admission>(
        *disk_, store::Admission::Options{.second_request = options.second_request,
                                          .remembered_bytes = options.disk_bytes});
    shared_ = std::make_unique<node::Shared>(node::Shared{.memory = memory_,
                                                          .disk = *disk_,
                                                          .admission = *admission_,
                                                          .fetches = fetches_,
                                                          .pass_marks = marks_,
                                                          .variants = variants_,
                                                          .retry_pauses = marks_,
                                                          .ledger = ledger_,
                                                          .groups = groups_,
                                                          .fill_bytes = fill_bytes_});
    client_ = std::make_unique<support::DiskClient>(*disk_, home_);
  }

  /// Whether the object was there; it is as if it had been fetched if not.
  bool request(const store::Object& prototype, Objects& objects) {
    if (const store::ObjectRef found = memory_.find(prototype.key, prototype.key_text))
      return use(found, objects);
    if (disk_->may_have(prototype.key)) {
      if (const auto read = client_->find(prototype.key_text)) {
        node::promote(*shared_, *read);
        return use(*read, objects);
      }
    }
    fetch(prototype, objects);
    return false;
  }
  std::uint64_t written_bytes() const { return written_bytes_; }
  store::Disk::Use disk_use() const { return disk_->use(); }

 private:
  static constexpr int kWritesUnderWay = 16;

  bool use(const store::ObjectRef& object, Objects& objects) {
    if (object->whole()) {
      const bool was_on_disk = object->on_disk.is_set();
      node::note_use(*shared_, object, now());
      if (!was_on_disk && object->on_disk.is_set()) wrote(object->body_bytes);
      return true;
    }
    const store::PinRef pin = disk_->pin(object->key, object->id);
    for (std::uint32_t index = 0; pin && index < object->chunk_count(); ++index) {
      if (!memory_.find_chunk(object->id, index))
        memory_.insert_chunk(object->id, index, objects.chunk(object->chunk_size(index)));
    }
    if (!pin) fetch(*object, objects);
    return pin != nullptr;
  }

  void fetch(const store::Object& prototype, Objects& objects) {
    auto object = std::make_shared<store::Object>(prototype);
    object->on_disk.set(false);
    object->id = disk_->next_id();
    if (!object->whole()) return fetch_large(object, objects);
    node::keep_new(*shared_, object, false, now());
    if (object->on_disk.is_set()) wrote(object->body_bytes);
  }
  void fetch_large(const std::shared_ptr<store::Object>& object, Objects& objects) {
    if (object->body_bytes > disk_->max_object_bytes() ||
        !admission_->on_miss(object->key, object->body_bytes, false, now())) {
      return;
    }
    const auto write = disk_->begin(object->key, object->id, object->body_bytes);
    for (std::uint32_t index = 0; index < object->chunk_count(); ++index) {
      const base::ChunkRef& chunk = objects.chunk(object->chunk_size(index));
      memory_.insert_chunk(object->id, index, chunk);
      CHECK(client_->put_chunk(*write, index, chunk->view()));
    }
    CHECK(client_->commit(*write, object));
    object->on_disk.set(true);
    memory_.insert(object);
    wrote(object->body_bytes);
  }

  void wrote(std::uint64_t bytes) {
    written_bytes_ += bytes;
    if (++writes_ % kWritesUnderWay != 0) return;
    CHECK(support::eventually([this] { return disk_->use().queued_bytes == 0; }));
  }
  base::Steady now() const { return home_.clock().steady(); }

  support::TempFolder folder_{};
  support::ThreadExecutor home_{};
  store::MemoryTier memory_;
  std::unique_ptr<store::LmdbDisk> disk_{};
  std::unique_ptr<store::Admission> admission_{};
  std::unique_ptr<support::DiskClient> client_{};
  fetch::FetchTable fetches_{};
  fetch::PassMarks marks_{100};
  node::VariantLists variants_{100};
  purge::Ledger ledger_{[](std::string_view, std::string_view url) { return std::string(url); }};
  node::GroupClock groups_{base::Wall::min()};
  std::atomic<std::uint64_t> fill_bytes_{0};
  std::unique_ptr<node::Shared> shared_{};
  std::uint64_t written_bytes_ = 0;
  int writes_ = 0;
};

}  // namespace

TiersOutcome replay_tiers(const Trace& trace, Objects& objects, const TiersOptions& options) {
  Tiers tiers(options);
  TiersOutcome outcome;
  outcome.requests = trace.requests.size();
  for (const std::uint32_t number : trace.requests) {
    const store::Object& object = *objects.object(number);
    const bool hit = tiers.request(object, objects);
    outcome.hits += hit;
    outcome.bytes += object.body_bytes;
    outcome.hit_bytes += hit ? object.body_bytes : 0;
  }
  outcome.written_bytes = tiers.written_bytes();
  outcome.disk = tiers.disk_use();
  outcome.evictions = outcome.disk.evictions;
  return outcome;
}

TiersOutcome replay_pair(const Trace& trace, Simulated& memory, Simulated& disk) {
  TiersOutcome outcome;
  outcome.requests = trace.requests.size();
  for (const std::uint32_t number : trace.requests) {
    const bool in_memory = memory.request(number);
    const bool on_disk = disk.request(number);
    outcome.hits += in_memory || on_disk;
    outcome.bytes += trace.sizes[number];
    outcome.hit_bytes += in_memory || on_disk ? trace.sizes[number] : 0;
    outcome.written_bytes += on_disk ? 0 : trace.sizes[number];
  }
  return outcome;
}

}  // namespace replay
