// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/bodies/segment_store.h"

#include <algorithm>
#include <array>
#include <utility>

#include "store/disk/answer.h"
#include "store/disk/chunked_write.h"
#include "store/disk/record.h"

namespace bodies {
namespace {

constexpr std::uint64_t kMiB = 1ULL << 20;
constexpr std::size_t kReadsMax = 65'536;

base::Error too_busy() { return {base::Errc::Busy, "the store has too many reads waiting or is closing"}; }
base::Error not_stored() { return {base::Errc::NotFound, "not in the disk cache"}; }

}  // namespace

/// How the budget is used. Two segments hold nothing (the spare one, and on average half of the one that is
/// written and half of the one emptied last), so they are small beside it.
struct SegmentStore::Sizes {
  explicit Sizes(const Options& options)
      : index(std::max(options.budget_bytes / 32, 8 * kMiB) / Segments::kBlock * Segments::kBlock),
        segment(
            std::clamp(options.budget_bytes / 32 / Segments::kBlock * Segments::kBlock, 4 * kMiB, 64 * kMiB)),
        count(static_cast<std::uint32_t>((options.budget_bytes - index) / segment)),
        group(std::min(options.commit_bytes, segment / 2)) {}

  std::uint64_t index;
  std::uint64_t segment;
  std::uint32_t count;
  std::uint64_t group;  ///< at most half a segment: a group goes to two at most
};

base::Result<std::unique_ptr<SegmentStore>> SegmentStore::open(const Options& options,
                                                               store::Decoder decoder) {
  if (options.budget_bytes < 64 * kMiB) return base::fail(base::Errc::Invalid, "a budget of at least 64 MiB");
  const Sizes sizes(options);
  auto segments = Segments::open(
      {.folder = options.folder, .count = sizes.count, .bytes = sizes.segment, .direct = options.direct});
  if (!segments) return std::unexpected(segments.error());
  auto table = IndexTable::open(options.folder + "/index", sizes.index);
  if (!table) return std::unexpected(table.error());
  return std::unique_ptr<SegmentStore>(
      new SegmentStore(options, std::move(decoder), *std::move(segments), *std::move(table)));
}

SegmentStore::SegmentStore(const Options& options, store::Decoder decoder, std::unique_ptr<Segments> segments,
                           std::unique_ptr<IndexTable> table)
    : options_(options),
      decoder_(std::move(decoder)),
      segments_(std::move(segments)),
      table_(std::move(table)),
      queue_(std::make_shared<store::WriteQueue>(
          store::WriteQueue::Options{.batch_bytes = Sizes(options).group})),
      writer_(std::make_unique<SegmentWriter>(
          SegmentWriter::Parts{*segments_, index_, *table_, *queue_, counts_,
                               [this](const store::Key& key, store::ObjectId id) {
                                 if (removed_) removed_(key, id);
                               }})),
      readers_(std::make_unique<store::ReaderPool>(options.reader_threads, kReadsMax)) {}

SegmentStore::~SegmentStore() { readers_->stop(); }

void SegmentStore::find(const store::Key& key, std::string text, base::Executor& home,
                        store::Answer<store::ObjectRef> answer) {
  if (!may_have(key)) {
    store::post_answer<store::ObjectRef>(home, std::move(answer), std::unexpected(not_stored()));
    return;
  }
  readers_->submit([this, key, text = std::move(text), &home, answer = std::move(answer)](bool run) mutable {
    store::post_answer<store::ObjectRef>(home, std::move(answer),
                                         run ? find_now(key, text) : std::unexpected(too_busy()));
  });
}

void SegmentStore::read_chunk(const store::Key& key, store::ObjectId id, std::uint32_t index,
                              base::Executor& home, store::Answer<base::ChunkRef> answer) {
  readers_->submit([this, key, id, index, &home, answer = std::move(answer)](bool run) mutable {
    store::post_answer<base::ChunkRef>(home, std::move(answer),
                                       run ? read_now(key, id, index) : std::unexpected(too_busy()));
  });
}

// Copies as LmdbDisk's reader does, so that the difference is the storage's.
base::Result<store::ObjectRef> SegmentStore::find_now(const store::Key& key, const std::string& text) {
  const auto located = index_.find(key);
  if (!located) return std::unexpected(not_stored());
  std::string bytes(located->head.bytes, '\0');
  if (auto copied = segments_->read(located->head, bytes); !copied) return std::unexpected(copied.error());
  auto object = store::record::read_head(bytes, located->id);
  if (!object) return std::unexpected(judge(key, located->id, object.error()));
  if ((*object)->key_text != text) return std::unexpected(not_stored());
  (*object)->decoded = decoder_((*object)->meta);
  if ((*object)->key != key || !(*object)->decoded) {
    return std::unexpected(judge(key, located->id, {base::Errc::Corrupt, "stored head of another key"}));
  }
  return *std::move(object);
}

base::Result<base::ChunkRef> SegmentStore::read_now(const store::Key& key, store::ObjectId id,
                                                    std::uint32_t index) {
  const auto place = index_.chunk(key, id, index);
  if (!place) return std::unexpected(not_stored());
  std::array<char, store::record::kHeaderBytes> header{};
  base::ChunkRef chunk = base::Chunk::make(place->bytes - header.size());
  if (auto copied = segments_->read(*place, header, chunk->room()); !copied) {
    return std::unexpected(copied.error());
  }
  chunk->grow(chunk->capacity());
  const auto intact = store::record::check_chunk(id, index, store::record::view(header), chunk->view());
  if (!intact) return std::unexpected(judge(key, id, intact.error()));
  return chunk;
}

base::Error SegmentStore::judge(const store::Key& key, store::ObjectId id, base::Error error) {
  if (!index_.holds(key, id)) return not_stored();
  ++counts_.read_errors;
  erase(key, id);
  return error;
}

store::PinRef SegmentStore::pin(const store::Key& key, store::ObjectId id) {
  auto located = index_.find(key);
  if (!located || located->id != id) return nullptr;
  auto pin = std::make_shared<SegmentPin>(*segments_, *std::move(located));
  return index_.holds(key, id) ? pin : nullptr;  // it may have been evicted meanwhile
}

bool SegmentStore::put(store::ObjectRef object) {
  const bool single = object->single();
  store::WriteOp op = store::PutOp{std::move(object)};
  if (single && queue_->push(op, /*droppable=*/true)) return true;
  ++counts_.dropped_writes;
  return false;
}

std::unique_ptr<store::DiskWrite> SegmentStore::begin(const store::Key&, store::ObjectId id,
                                                      std::uint64_t expected_bytes) {
  return std::make_unique<store::ChunkedWrite>(queue_, id, expected_bytes, max_object_bytes());
}

void SegmentStore::erase(const store::Key& key, store::ObjectId id) {
  store::WriteOp op = store::EraseOp{key, id};
  static_cast<void>(queue_->push(op));
}

store::Disk::Use SegmentStore::use() const {
  return {.budget_bytes = options_.budget_bytes,
          .objects = index_.objects(),
          .evictions = counts_.evictions,
          .dropped_writes = counts_.dropped_writes,
          .queued_bytes = queue_->bytes(),
          .read_errors = counts_.read_errors,
          .index_bytes = index_.memory_bytes() + counts_.name_bytes};
}

}  // namespace bodies
