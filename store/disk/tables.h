// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "store/disk/mapped_file.h"
#include "store/disk/record.h"
#include "store/lmdb/crash_mark.h"
#include "store/lmdb/database.h"

namespace store {

/// One shard's LMDB environment and what lies in it:
/// - `index`: key -> id, size (record::IndexValue); an object exists if and only if it is here;
/// - `data`: (id, index) -> record: heads and chunks;
/// - `orphans`: every id that has records in `data` but no entry in `index`: unfinished, replaced, erased,
/// half removed. Kept in
///   the same transactions, so what a crash leaves behind is found without a scan;
/// - a layout record in `index`.
/// All that writes takes the shard's one write transaction, on its writer thread. Everything may block on the
/// disk.
class Tables {
 public:
  struct Options {
    std::string folder{};
    std::uint64_t map_bytes = 0;
    unsigned readers = 16;
    unsigned shard = 0;
    unsigned shards = 1;
  };
  struct StoredObject {
    Key key{};
    ObjectId id = 0;
    bool multi = false;
    std::uint64_t body_bytes = 0;
  };
  struct Contents {
    std::vector<StoredObject> objects{};  ///< by id, oldest first
    std::vector<ObjectId> orphans{};
  };
  /// The layout record. `generation` counts openings, `id_max` is the highest id ever written.
  struct Layout {
    std::uint32_t version = 1;
    std::uint32_t shard = 0;
    std::uint32_t shards = 0;
    std::uint32_t reserved = 0;
    std::uint64_t generation = 0;
    ObjectId id_max = 0;
  };

  /// Opens or makes the files. What cannot be used (corrupt, of another layout, larger than the map) is
  /// deleted and made anew, with a line in the log; what cannot be opened or made is an error.
  static base::Result<std::unique_ptr<Tables>> open(const Options& options);
  ~Tables();
  Tables(const Tables&) = delete;
  Tables& operator=(const Tables&) = delete;

  const lmdb::Env& env() const { return env_; }
  MappedFile& file() { return *file_; }
  const Layout& layout() const { return layout_; }
  Contents take_contents() { return std::move(contents_); }
  std::uint64_t map_pages() const { return map_pages_; }
  std::uint64_t page_bytes() const { return page_bytes_; }
  base::Status clear_dead_readers() { return env_.clear_dead_readers(); }
  /// All that is committed survives the machine's crash too.
  base::Status sync() { return env_.sync(); }
  /// Makes the next open delete everything: called when LMDB finds its own pages broken.
  void condemn() const;
  /// For a thread that uses LMDB: its crash condemns the shard too.
  lmdb::CrashMark crash_mark() const { return lmdb::CrashMark(condemned_file_); }

  // In any transaction.
  base::Result<std::optional<record::IndexValue>> find(const lmdb::Txn& txn, const Key& key) const;
  base::Result<std::optional<std::string_view>> find_record(const lmdb::Txn& txn, ObjectId id,
                                                            std::uint32_t index) const;
  /// Up to `max` keys behind `after`, in their order, with the ids that the index gives them.
  base::Result<std::vector<std::pair<Key, ObjectId>>> scan_index(const lmdb::Txn& txn,
                                                                 const std::optional<Key>& after,
                                                                 std::size_t max) const;
  /// Whether records of `id` are there to be removed, or of an unfinished write.
  base::Result<bool> is_orphan(const lmdb::Txn& txn, ObjectId id) const;
  /// Pages in use, exactly: records, B-trees, LMDB's own list of free pages.
  base::Result<std::uint64_t> used_pages(const lmdb::Txn& txn) const;
  /// Pages that a record of `bytes` takes, its share of the B-tree included, rounded up.
  std::uint64_t pages_for(std::size_t bytes) const {
    return (bytes + 16 + page_bytes_ - 1) / page_bytes_ + 1;
  }

  // In the write transaction.
  /// Writes the head and lets the index name it; the records of the object that it replaces become orphans.
  base::Status write_object(lmdb::Txn& txn, const Object& object);
  base::Status write_chunk(lmdb::Txn& txn, ObjectId id, std::uint32_t index, std::string_view payload);
  /// Takes `key` out of the index (if its id is `id`, or `id` is 0); the records become orphans.
  base::Status unlink(lmdb::Txn& txn, const Key& key, ObjectId id);
  /// Removes up to `records_max` records of orphan `id`. True if none is left. `removed` counts up.
  base::Result<bool> remove_records(lmdb::Txn& txn, ObjectId id, std::uint64_t records_max,
                                    std::uint64_t& removed);
  base::Status write_layout(lmdb::Txn& txn, const Layout& layout);

 private:
  /// A place for the record `name` of `data`.
  base::Result<char*> make_room(lmdb::Txn& txn, const record::Name& name, std::size_t bytes);
  explicit Tables(lmdb::Env env) : env_(std::move(env)) {}
  static base::Result<std::unique_ptr<Tables>> open_once(const Options& options);
  base::Status prepare_layout(const Options& options);
  base::Status load();

  lmdb::Env env_;
  std::string folder_{};
  std::string condemned_file_{};
  MDB_dbi index_ = 0;
  MDB_dbi data_ = 0;
  MDB_dbi orphans_ = 0;
  std::uint64_t page_bytes_ = 4096;
  std::uint64_t map_pages_ = 0;
  Layout layout_{};
  Contents contents_{};
  record::Name newest_name_{};  ///< above all that are in `data`
  std::unique_ptr<MappedFile> file_{};
};

}  // namespace store
