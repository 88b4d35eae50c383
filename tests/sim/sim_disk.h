// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "edge/base/random.h"
#include "store/disk/disk.h"

namespace sim {

/// What survives a crash: committed objects with their chunks.
struct Platter {
  struct Stored {
    std::string key_text{};
    store::ObjectId id = 0;
    std::uint64_t body_bytes = 0;
    std::string single{};  ///< the body of a single object
    bool has_single = false;
    bool whole = false;  ///< read with its chunks
    std::string meta{};
  };
  std::map<store::Key, Stored> objects{};
  std::map<store::Key, Stored> erased{};  ///< may be there again after a crash
  std::map<std::pair<store::ObjectId, std::uint32_t>, std::string> chunks{};
  store::ObjectId next_id = 1;
};

/// A disk tier in the simulation: answers later by posts, sometimes with errors, and evicts at random. Keeps
/// the contract of store::Disk.
class SimDisk final : public store::Disk {
 public:
  struct Faults {
    unsigned read_one_in = 0;  ///< 0: never
    unsigned write_one_in = 0;
    unsigned evict_one_in = 0;  ///< at each commit, one unpinned object
    unsigned full_one_in = 0;   ///< has no room when asked
  };
  SimDisk(Platter& platter, base::Random& random, store::Decoder decoder, Faults faults)
      : platter_(platter), random_(random), decoder_(std::move(decoder)), faults_(faults) {}

  store::ObjectId next_id() override { return platter_.next_id++; }
  bool may_have(const store::Key& key) const override { return platter_.objects.contains(key); }
  bool holds(const store::Key& key, store::ObjectId id) const override {
    const auto found = platter_.objects.find(key);
    return found != platter_.objects.end() && found->second.id == id;
  }
  void find(const store::Key& key, std::string text, base::Executor& home,
            store::Answer<store::ObjectRef> answer) override;
  store::PinRef pin(const store::Key& key, store::ObjectId id) override;
  void read_chunk(const store::Key& key, store::ObjectId id, std::uint32_t index, base::Executor& home,
                  store::Answer<base::ChunkRef> answer) override;
  bool put(store::ObjectRef object) override;
  std::uint64_t max_put_bytes() const override { return 256ULL << 10; }
  bool has_room(const store::Key&) const override { return !fault(faults_.full_one_in); }
  std::unique_ptr<store::DiskWrite> begin(const store::Key& key, store::ObjectId id, std::uint64_t) override;
  void erase(const store::Key& key, store::ObjectId id = store::kAnyId) override;
  void sync(base::Executor& home, store::Answer<void> answer) override;
  void scan(store::ScanPlace from, std::size_t objects_max, base::Executor& home,
            store::Answer<store::ScanPage> answer) override;
  void on_removed(std::function<void(const store::Key&, store::ObjectId)> removed) override {
    removed_ = std::move(removed);
  }
  std::uint64_t max_object_bytes() const override { return 4ULL << 20; }
  Use use() const override { return {.objects = platter_.objects.size()}; }

  std::size_t pins() const { return pins_->size(); }

 private:
  friend class SimWrite;
  bool fault(unsigned one_in) const { return one_in != 0 && random_.one_in(one_in); }
  std::vector<base::ChunkRef> whole_body(const store::Object& object) const;
  void drop_chunks(store::ObjectId id);
  void evict_one();
  store::PinRef make_pin(store::ObjectId id);

  Platter& platter_;
  base::Random& random_;
  store::Decoder decoder_;
  Faults faults_;
  std::function<void(const store::Key&, store::ObjectId)> removed_{};
  std::shared_ptr<std::multiset<store::ObjectId>> pins_ = std::make_shared<std::multiset<store::ObjectId>>();
};

}  // namespace sim
