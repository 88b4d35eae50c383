// SPDX-License-Identifier: Apache-2.0
#include "store/disk/lmdb_disk.h"

#include <algorithm>
#include <bit>
#include <filesystem>
#include <mutex>
#include <string_view>
#include <utility>

#include "store/disk/answer.h"
#include "store/disk/chunked_write.h"
#include "store/disk/direct_reads.h"
#include "store/disk/folder_lock.h"
#include "store/disk/reader_pool.h"
#include "store/disk/shard_reader.h"
#include "store/disk/space.h"
#include "store/disk/writer.h"

namespace store {
namespace {

constexpr std::string_view kShardName = "shard-";

base::Status check(const DiskOptions& options) {
  const auto between = [](const char* name, std::uint64_t value, std::uint64_t least,
                          std::uint64_t most) -> base::Status {
    if (value >= least && value <= most) return {};
    return base::fail(base::Errc::Invalid, std::string("disk cache: ") + name + " is " +
                                               std::to_string(value) + ", allowed are " +
                                               std::to_string(least) + " to " + std::to_string(most));
  };
  if (options.folder.empty()) return base::fail(base::Errc::Invalid, "disk cache: no folder given");
  if (auto sound = between("shards", options.shards, 1, 64); !sound) return sound;
  for (const base::Status& result :
       {between("reader_threads", options.reader_threads, 1, 64),
        between("budget_bytes", options.budget_bytes, options.shards * space::kShardBytesMin, 1ULL << 46),
        between("commit_bytes", options.commit_bytes, 1, 1ULL << 30),
        between("max_object_bytes", options.max_object_bytes, 0,
                options.budget_bytes / options.shards / 2)}) {
    if (!result) return result;
  }
  return {};
}

/// Removes all shards, also those beyond the present number, and nothing else that lies there.
base::Status empty_folder(const std::string& folder) {
  std::error_code failed;
  std::vector<std::filesystem::path> shards;
  for (std::filesystem::directory_iterator at(folder, failed), end; !failed && at != end;
       at.increment(failed)) {
    if (at->path().filename().string().starts_with(kShardName)) shards.push_back(at->path());
  }
  for (const auto& shard : shards) {
    if (!failed) std::filesystem::remove_all(shard, failed);
  }
  if (!failed) return {};
  return base::fail(base::Errc::System,
                    "cannot empty the disk cache folder '" + folder + "': " + failed.message());
}

std::uint64_t max_object_bytes(const DiskOptions& options) {
  if (options.max_object_bytes != 0) return options.max_object_bytes;
  return std::min(options.budget_bytes / 4, options.budget_bytes / options.shards / 2);
}

constexpr std::uint64_t kPageBytes = 4096;

std::uint64_t shard_bytes(const DiskOptions& options) {
  return options.budget_bytes / options.shards / kPageBytes * kPageBytes;
}

std::uint64_t shard_objects(const DiskOptions& options) {
  if (options.max_objects == 0) return 0;
  return std::max<std::uint64_t>(1, options.max_objects / options.shards);
}

WriteQueue::Options queue_options(const DiskOptions& options) {
  const std::uint64_t pages = space::transaction_pages(shard_bytes(options) / kPageBytes);
  // A small object changes four B-tree pages. With a bound on objects each that comes makes one go, which
  // costs more.
  const std::uint64_t pages_for_each = options.max_objects == 0 ? 4 : 8;
  return {.queue_bytes = options.queue_bytes / options.shards,
          .batch_bytes = std::min(options.commit_bytes / options.shards, pages * kPageBytes),
          .batch_ops = pages / pages_for_each,
          .interval = options.commit_interval};
}

/// A slot of 64 bytes for each 32 KiB that a shard may hold: up to 2 MiB of memory for all shards.
std::size_t places_of(const DiskOptions& options) {
  constexpr std::uint64_t kBytesForEach = 32 << 10;
  constexpr std::uint64_t kLeast = 256;
  constexpr std::uint64_t kMost = 32 << 10;
  return std::bit_floor(std::clamp(shard_bytes(options) / kBytesForEach, kLeast, kMost / options.shards));
}

/// With others in its transaction it must not be more than that may write, nor more than may wait.
std::uint64_t max_put_bytes(const DiskOptions& options) {
  const WriteQueue::Options queue = queue_options(options);
  return std::max<std::uint64_t>(base::kChunkBytes, std::min(queue.batch_bytes, queue.queue_bytes) / 2);
}

}  // namespace

/// One environment with all that works on it. Built and ended by the store; members in the order in which
/// they need each other.
struct LmdbDisk::Shard {
  Shard(std::unique_ptr<Tables> opened, Parts& parts, unsigned number);

  std::unique_ptr<Tables> tables;
  std::shared_ptr<DiskIndex> index = std::make_shared<DiskIndex>();
  std::shared_ptr<WriteQueue> queue;
  SnapshotGate gate;
  ShardCounts counts;
  RecordPlaces places;
  ShardReader reader;
  std::unique_ptr<Writer> writer;
};

struct LmdbDisk::Parts {
  Parts(const DiskOptions& chosen, Decoder made, FolderLock taken)
      : options(chosen), decoder(std::move(made)), lock(std::move(taken)) {}
  void tell_removed(const Tables::StoredObject& object);

  const DiskOptions options;
  const Decoder decoder;
  FolderLock lock;
  std::mutex removed_mutex{};
  std::function<void(const Key&, ObjectId)> removed{};
  std::vector<std::unique_ptr<Shard>> shards{};
  std::unique_ptr<ReaderPool> readers{};
  DirectReads direct_reads{};
  ObjectId first_id = 1;
};

LmdbDisk::Shard::Shard(std::unique_ptr<Tables> opened, Parts& parts, unsigned number)
    : tables(std::move(opened)),
      queue(std::make_shared<WriteQueue>(queue_options(parts.options))),
      places(places_of(parts.options)),
      reader({*tables, index, gate, counts, places, parts.decoder,
              [&parts](const auto& object) { parts.tell_removed(object); },
              std::min(parts.options.whole_read_bytes, store::max_put_bytes(parts.options))}) {
  const Tables::Contents contents = tables->take_contents();
  index->load(contents.objects);
  index->on_doomed([waiting = queue] { waiting->wake(); });
  index->ask_wanted(parts.options.wanted);
  writer =
      std::make_unique<Writer>(Writer::Parts{*tables, index, queue, gate, counts, places,
                                             [&parts](const auto& object) { parts.tell_removed(object); },
                                             shard_objects(parts.options)},
                               contents.orphans, "disk-write-" + std::to_string(number));
}

void LmdbDisk::Parts::tell_removed(const Tables::StoredObject& object) {
  if (!object.multi) return;
  std::unique_lock guard(removed_mutex);
  const auto tell = removed;
  guard.unlock();
  if (tell) tell(object.key, object.id);
}

base::Result<std::unique_ptr<LmdbDisk>> LmdbDisk::open(const DiskOptions& options, Decoder decoder) {
  if (auto sound = check(options); !sound) return std::unexpected(sound.error());
  auto lock = FolderLock::take(options.folder);
  if (!lock) return std::unexpected(lock.error());
  if (options.empty) {
    if (auto emptied = empty_folder(options.folder); !emptied) return std::unexpected(emptied.error());
  }
  auto parts = std::make_unique<Parts>(options, std::move(decoder), *std::move(lock));
  std::vector<std::unique_ptr<Tables>> opened;
  std::uint64_t generation = 0;
  for (unsigned i = 0; i < options.shards; ++i) {
    auto tables = Tables::open({.folder = options.folder + "/" + std::string(kShardName) + std::to_string(i),
                                .map_bytes = shard_bytes(options),
                                .readers = options.reader_threads + 8,
                                .shard = i,
                                .shards = options.shards});
    if (!tables) {
      return base::fail(tables.error().code, "disk cache '" + options.folder + "': " + tables.error().text);
    }
    generation = std::max(generation, (*tables)->layout().generation);
    parts->first_id = std::max(parts->first_id, (*tables)->layout().id_max + 1);
    opened.push_back(*std::move(tables));
  }
  // Ids that were given out but never written are not on record: each opening begins a range of its own.
  parts->first_id = std::max(parts->first_id, generation << 32);
  for (unsigned i = 0; i < options.shards; ++i) {
    parts->shards.push_back(std::make_unique<Shard>(std::move(opened[i]), *parts, i));
  }
  parts->readers = std::make_unique<ReaderPool>(options.reader_threads, options.reads_max);
  return std::unique_ptr<LmdbDisk>(new LmdbDisk(std::move(parts)));
}

LmdbDisk::LmdbDisk(std::unique_ptr<Parts> parts)
    : parts_(std::move(parts)),
      max_object_bytes_(store::max_object_bytes(parts_->options)),
      max_put_bytes_(store::max_put_bytes(parts_->options)),
      next_id_(parts_->first_id) {}

LmdbDisk::~LmdbDisk() {
  parts_->readers->stop();
  for (const auto& shard : parts_->shards) shard->queue->close();  // all at once; then each is waited for
}

LmdbDisk::Shard& LmdbDisk::shard_of(const Key& key) const {
  return *parts_->shards[(key.high >> 16) % parts_->shards.size()];
}

bool LmdbDisk::may_have(const Key& key) const { return shard_of(key).index->has(key); }

bool LmdbDisk::holds(const Key& key, ObjectId id) const { return shard_of(key).index->holds(key, id); }

PinRef LmdbDisk::pin(const Key& key, ObjectId id) { return shard_of(key).index->pin(key, id); }

void LmdbDisk::find(const Key& key, std::string text, base::Executor& home, Answer<ObjectRef> answer) {
  Shard& shard = shard_of(key);
  if (!shard.index->has(key)) {
    post_answer<ObjectRef>(home, std::move(answer),
                           base::fail(base::Errc::NotFound, "not in the disk cache"));
    return;
  }
  if (auto direct = shard.reader.find_place(key, parts_->direct_reads)) {
    if (ObjectRef object = shard.reader.read_direct(direct->place, key, text)) {
      home.post([answer = std::move(answer), object = std::move(object),
                 permit = std::move(direct->permit)]() mutable { answer(std::move(object)); });
      return;
    }
  }
  parts_->readers->submit(
      [&shard, key, text = std::move(text), &home, answer = std::move(answer)](bool run) mutable {
        post_answer<ObjectRef>(
            home, std::move(answer),
            run ? shard.reader.find(key, text)
                : base::fail(base::Errc::Busy, "the disk cache has too many reads waiting or is closing"));
      });
}

void LmdbDisk::read_chunk(const Key& key, ObjectId id, std::uint32_t index, base::Executor& home,
                          Answer<base::ChunkRef> answer) {
  Shard& shard = shard_of(key);
  parts_->readers->submit([&shard, key, id, index, &home, answer = std::move(answer)](bool run) mutable {
    post_answer<base::ChunkRef>(
        home, std::move(answer),
        run ? shard.reader.read_chunk(key, id, index)
            : base::fail(base::Errc::Busy, "the disk cache has too many reads waiting or is closing"));
  });
}

bool LmdbDisk::put(ObjectRef object) {
  Shard& shard = shard_of(object->key);
  const bool single = object->single();
  const bool fits = record::head_bytes(*object) <= record::kPayloadMax &&
                    (object->chunks.empty() || object->body_bytes <= max_put_bytes_);
  WriteOp op = PutOp{std::move(object)};
  if (fits && shard.queue->push(op, /*droppable=*/true)) return true;
  if (single) ++shard.counts.dropped_writes;
  return false;
}

bool LmdbDisk::has_room(const Key& key) const {
  const Shard& shard = shard_of(key);
  const auto is_below = [](std::uint64_t use, std::uint64_t bound) { return use < bound - bound / 16; };
  const std::uint64_t objects_max = shard_objects(parts_->options);
  return is_below(shard.counts.used_bytes + shard.queue->bytes(), shard.counts.usable_bytes) &&
         (objects_max == 0 || is_below(shard.index->objects(), objects_max));
}

std::unique_ptr<DiskWrite> LmdbDisk::begin(const Key& key, ObjectId id, std::uint64_t expected_bytes) {
  return std::make_unique<ChunkedWrite>(shard_of(key).queue, id, expected_bytes, max_object_bytes_);
}

void LmdbDisk::erase(const Key& key, ObjectId id) {
  Shard& shard = shard_of(key);
  shard.index->erase(key, id);
  WriteOp op = EraseOp{key, id};
  if (!shard.queue->push(op)) shard.index->erase_done(key, id);
}

void LmdbDisk::scan(ScanPlace from, std::size_t objects_max, base::Executor& home, Answer<ScanPage> answer) {
  const unsigned shard = std::min<unsigned>(from.shard, static_cast<unsigned>(parts_->shards.size()) - 1);
  parts_->readers->submit(
      [this, shard, after = from.after, objects_max, &home, answer = std::move(answer)](bool run) mutable {
        if (!run) {
          post_answer<ScanPage>(
              home, std::move(answer),
              base::fail(base::Errc::Busy, "the disk cache has too many reads waiting or is closing"));
          return;
        }
        auto page = parts_->shards[shard]->reader.scan(after, objects_max);
        if (page && page->next) page->next->shard = shard;
        if (page && !page->next && shard + 1 < parts_->shards.size())
          page->next = ScanPlace{.shard = shard + 1};
        post_answer<ScanPage>(home, std::move(answer), std::move(page));
      });
}

// Each shard answers for itself; the first error counts.
void LmdbDisk::sync(base::Executor& home, Answer<void> answer) {
  struct Asked {
    std::size_t left;
    base::Result<void> result{};
    Answer<void> answer;
  };
  auto asked = std::make_shared<Asked>(Asked{.left = parts_->shards.size(), .answer = std::move(answer)});
  const auto one = [asked](base::Result<void> result) {
    if (asked->result && !result) asked->result = std::move(result);
    if (--asked->left == 0) asked->answer(std::move(asked->result));
  };
  for (const auto& shard : parts_->shards) {
    WriteOp op = SyncOp{&home, one};
    if (const auto pushed = shard->queue->push(op); !pushed)
      post_answer<void>(home, one, std::unexpected(pushed.error()));
  }
}

void LmdbDisk::on_removed(std::function<void(const Key&, ObjectId)> removed) {
  parts_->removed = std::move(removed);
}

Disk::Use LmdbDisk::use() const {
  Use use{.budget_bytes = parts_->options.budget_bytes};
  for (const auto& shard : parts_->shards) {
    use.bytes += shard->counts.used_bytes;
    use.file_bytes += shard->counts.file_bytes;
    use.objects += shard->index->objects();
    use.index_bytes += shard->index->memory_bytes() + shard->places.memory_bytes();
    use.evictions += shard->counts.evictions;
    use.dropped_writes += shard->counts.dropped_writes;
    use.queued_bytes += shard->queue->bytes();
    use.read_errors += shard->counts.read_errors;
    use.direct_reads += shard->counts.direct_reads;
    use.map_full += shard->counts.map_full;
  }
  return use;
}

}  // namespace store
