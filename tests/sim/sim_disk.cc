// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/sim_disk.h"

namespace sim {

using base::Errc;
using store::ObjectId;

namespace {

class SimPin final : public store::Pin {
 public:
  SimPin(std::shared_ptr<std::multiset<ObjectId>> pins, ObjectId id) : pins_(std::move(pins)), id_(id) {
    pins_->insert(id_);
  }
  ~SimPin() override { pins_->erase(pins_->find(id_)); }

 private:
  std::shared_ptr<std::multiset<ObjectId>> pins_;
  ObjectId id_;
};

}  // namespace

class SimWrite final : public store::DiskWrite {
 public:
  SimWrite(SimDisk& disk, store::Key key, ObjectId id) : disk_(disk), key_(key), id_(id) {}
  ~SimWrite() override {
    if (!committed_) disk_.drop_chunks(id_);
  }
  void put(std::uint32_t index, base::ChunkRef chunk, base::Executor& home,
           store::Answer<void> stored) override {
    const bool fails = disk_.fault(disk_.faults_.write_one_in);
    if (!fails) disk_.platter_.chunks[{id_, index}] = std::string(chunk->view());
    home.post([stored = std::move(stored), fails]() mutable {
      fails ? stored(base::fail(Errc::System, "simulated write error")) : stored({});
    });
  }
  void commit(store::ObjectRef object, base::Executor& home, store::Answer<store::PinRef> stored) override {
    if (disk_.fault(disk_.faults_.write_one_in)) {
      home.post([stored = std::move(stored)]() mutable {
        stored(base::fail(Errc::System, "simulated write error"));
      });
      return;
    }
    committed_ = true;
    disk_.erase(key_);
    disk_.platter_.erased.erase(key_);
    disk_.platter_.objects[key_] = {object->key_text, object->id, object->body_bytes, {}, false, false,
                                    object->meta};
    home.post([stored = std::move(stored), pin = disk_.make_pin(id_)]() mutable { stored(std::move(pin)); });
    if (disk_.fault(disk_.faults_.evict_one_in)) disk_.evict_one();
  }

 private:
  SimDisk& disk_;
  store::Key key_;
  ObjectId id_;
  bool committed_ = false;
};

void SimDisk::sync(base::Executor& home, store::Answer<void> answer) {
  base::Result<void> result;
  if (fault(faults_.write_one_in)) {
    result = base::fail(Errc::System, "simulated write error");
  } else {
    platter_.erased.clear();
  }
  home.post([answer = std::move(answer), result]() mutable { answer(std::move(result)); });
}

void SimDisk::scan(store::ScanPlace from, std::size_t objects_max, base::Executor& home,
                   store::Answer<store::ScanPage> answer) {
  store::ScanPage page;
  auto at = from.after ? platter_.objects.upper_bound(*from.after) : platter_.objects.begin();
  for (; at != platter_.objects.end() && page.objects.size() < objects_max; ++at) {
    auto object = std::make_shared<store::Object>();
    object->key = at->first;
    object->key_text = at->second.key_text;
    object->id = at->second.id;
    object->body_bytes = at->second.body_bytes;
    object->meta = at->second.meta;
    object->decoded = decoder_(object->meta);
    page.next = store::ScanPlace{.after = at->first};
    page.objects.push_back(std::move(object));
  }
  if (at == platter_.objects.end()) page.next.reset();
  base::Result<store::ScanPage> result = std::move(page);
  if (fault(faults_.read_one_in)) result = base::fail(Errc::System, "simulated read error");
  home.post(
      [answer = std::move(answer), result = std::move(result)]() mutable { answer(std::move(result)); });
}

void SimDisk::find(const store::Key& key, std::string text, base::Executor& home,
                   store::Answer<store::ObjectRef> answer) {
  base::Result<store::ObjectRef> result = base::fail(Errc::NotFound, "not stored");
  const auto found = platter_.objects.find(key);
  if (fault(faults_.read_one_in)) {
    result = base::fail(Errc::System, "simulated read error");
  } else if (found != platter_.objects.end() && (text.empty() || found->second.key_text == text)) {
    const Platter::Stored& stored = found->second;
    auto object = std::make_shared<store::Object>();
    object->key = key;
    object->key_text = found->second.key_text;
    object->id = stored.id;
    object->body_bytes = stored.body_bytes;
    object->meta = stored.meta;
    object->decoded = decoder_(stored.meta);
    if (stored.has_single) object->body = base::Chunk::copy_of(stored.single);
    object->on_disk.set(true);
    if (stored.whole) object->set_body(whole_body(*object));
    result = std::move(object);
  }
  home.post(
      [answer = std::move(answer), result = std::move(result)]() mutable { answer(std::move(result)); });
}

store::PinRef SimDisk::make_pin(ObjectId id) { return std::make_shared<SimPin>(pins_, id); }

store::PinRef SimDisk::pin(const store::Key& key, ObjectId id) {
  const auto found = platter_.objects.find(key);
  if (found == platter_.objects.end() || found->second.id != id) return nullptr;
  return make_pin(id);
}

void SimDisk::read_chunk(const store::Key&, ObjectId id, std::uint32_t index, base::Executor& home,
                         store::Answer<base::ChunkRef> answer) {
  base::Result<base::ChunkRef> result = base::fail(Errc::NotFound, "chunk not stored");
  if (fault(faults_.read_one_in)) {
    result = base::fail(Errc::System, "simulated read error");
  } else if (const auto found = platter_.chunks.find({id, index}); found != platter_.chunks.end()) {
    result = base::Chunk::copy_of(found->second);
  }
  home.post(
      [answer = std::move(answer), result = std::move(result)]() mutable { answer(std::move(result)); });
}

std::vector<base::ChunkRef> SimDisk::whole_body(const store::Object& object) const {
  std::vector<base::ChunkRef> chunks;
  for (std::uint32_t index = 0; index < object.chunk_count(); ++index) {
    chunks.push_back(base::Chunk::copy_of(platter_.chunks.at({object.id, index})));
  }
  return chunks;
}

bool SimDisk::put(store::ObjectRef object) {
  if (fault(faults_.write_one_in)) return random_.one_in(2);
  if (const auto there = platter_.objects.find(object->key); there != platter_.objects.end()) {
    if (there->second.id > object->id) return true;
  }
  Platter::Stored stored{object->key_text, object->id, object->body_bytes, {}, false, false, object->meta};
  if (object->single()) {
    erase(object->key);
    platter_.erased.erase(object->key);
    if (object->body) stored.single = std::string(object->body->view());
    stored.has_single = static_cast<bool>(object->body);
    platter_.objects[object->key] = std::move(stored);
    return true;
  }
  const auto found = platter_.objects.find(object->key);
  const bool refreshes = found != platter_.objects.end() && found->second.id == object->id;
  stored.whole = refreshes ? found->second.whole : object->whole();
  if (refreshes) {
    found->second = std::move(stored);
  } else if (object->whole()) {
    erase(object->key);
    platter_.erased.erase(object->key);
    for (std::uint32_t index = 0; index < object->chunk_count(); ++index) {
      platter_.chunks[{object->id, index}] = std::string(object->chunk(index)->view());
    }
    platter_.objects[object->key] = std::move(stored);
  }
  return true;
}

std::unique_ptr<store::DiskWrite> SimDisk::begin(const store::Key& key, ObjectId id, std::uint64_t) {
  return std::make_unique<SimWrite>(*this, key, id);
}

void SimDisk::erase(const store::Key& key, ObjectId id) {
  const auto found = platter_.objects.find(key);
  if (found == platter_.objects.end() || found->second.id > id) return;
  const ObjectId erased = found->second.id;
  if (!platter_.chunks.contains({erased, 0})) platter_.erased[key] = std::move(found->second);
  platter_.objects.erase(found);
  if (!pins_->contains(erased)) drop_chunks(erased);
}

void SimDisk::drop_chunks(ObjectId id) {
  platter_.chunks.erase(platter_.chunks.lower_bound({id, 0}), platter_.chunks.lower_bound({id + 1, 0}));
}

void SimDisk::evict_one() {
  if (platter_.objects.empty()) return;
  auto victim = platter_.objects.begin();
  std::advance(victim, random_.below(platter_.objects.size()));
  const ObjectId id = victim->second.id;
  const store::Key key = victim->first;
  if (pins_->contains(id)) return;
  platter_.objects.erase(victim);
  drop_chunks(id);
  if (removed_) removed_(key, id);
}

}  // namespace sim
