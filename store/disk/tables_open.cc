// SPDX-License-Identifier: Apache-2.0
// Opening a shard: everything that can be wrong with files from an earlier run is found here, before anything
// is served from them.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <utility>

#include "edge/base/log.h"
#include "store/disk/tables.h"

namespace store {
namespace {

constexpr std::size_t kEntriesOfAPage = 64;
constexpr std::string_view kLayoutKey = "layout";
constexpr const char* kCondemned = "/condemned";

base::Status wipe(const std::string& folder) {
  for (const char* name : {"/data.mdb", "/lock.mdb", kCondemned}) {
    std::error_code failed;
    std::filesystem::remove(folder + name, failed);
    if (failed) {
      return base::fail(base::Errc::System, "cannot delete '" + folder + name + "': " + failed.message());
    }
  }
  return {};
}

/// A file that a crash of the machine cut short would end the process by SIGBUS; with the rest as zeros, its
/// pages are found out by LMDB or by their checksums.
base::Status extend(const lmdb::Env& env, std::uint64_t bytes_max) {
  if (env.last_page() >= bytes_max / env.page_bytes()) {
    return base::fail(base::Errc::Corrupt, "its last page is number " + std::to_string(env.last_page()) +
                                               ", beyond its budget of " + std::to_string(bytes_max) + " bytes");
  }
  struct stat status{};
  const auto wanted = static_cast<off_t>((env.last_page() + 1) * env.page_bytes());
  if (::fstat(env.descriptor(), &status) != 0)
    return base::fail_system("cannot examine the data file", errno);
  if (status.st_size >= wanted || ::ftruncate(env.descriptor(), wanted) == 0) return {};
  return base::fail_system("cannot extend the data file", errno);
}

}  // namespace

base::Result<std::unique_ptr<Tables>> Tables::open(const Options& options) {
  auto tables = open_once(options);
  if (tables) return tables;
  // Not found: what every shard has, and this one should have.
  const base::Errc code = tables.error().code;
  if (code != base::Errc::Corrupt && code != base::Errc::NotFound) return tables;
  logs::warn("disk cache shard cannot be used and starts empty",
             {{"folder", options.folder}, {"reason", tables.error().text}});
  if (auto wiped = wipe(options.folder); !wiped) return std::unexpected(wiped.error());
  return open_once(options);
}

// What broken pages have made LMDB do to the heap may show as late as here.
Tables::~Tables() {
  const lmdb::CrashMark mark(condemned_file_);
  const lmdb::Env closing(std::move(env_));
}

base::Result<std::unique_ptr<Tables>> Tables::open_once(const Options& options) {
  std::error_code ignored;
  if (std::filesystem::exists(options.folder + kCondemned, ignored)) {
    return base::fail(base::Errc::Corrupt, "the earlier run found broken pages in it");
  }
  const std::string condemned_file = options.folder + kCondemned;
  const lmdb::CrashMark mark(condemned_file);
  const std::uintmax_t size = std::filesystem::file_size(options.folder + "/data.mdb", ignored);
  if (!ignored && size > options.map_bytes) {
    return base::fail(base::Errc::Corrupt, "its data file has " + std::to_string(size) +
                                               " bytes, its budget is " + std::to_string(options.map_bytes));
  }
  auto env = lmdb::Env::open({.folder = options.folder,
                              .map_bytes = options.map_bytes,
                              .readers = options.readers,
                              .flags = MDB_NOMETASYNC | MDB_NORDAHEAD});
  if (!env) return std::unexpected(env.error());
  std::unique_ptr<Tables> tables(new Tables(std::move(*env)));
  tables->folder_ = options.folder;
  tables->condemned_file_ = condemned_file;
  tables->page_bytes_ = tables->env_.page_bytes();
  tables->map_pages_ = tables->env_.map_bytes() / tables->page_bytes_;
  if (auto extended = extend(tables->env_, options.map_bytes); !extended) return std::unexpected(extended.error());
  for (auto [name, dbi] : {std::pair("index", &tables->index_), std::pair("data", &tables->data_),
                           std::pair("orphans", &tables->orphans_)}) {
    auto opened = tables->env_.database(name);
    if (!opened) return std::unexpected(opened.error());
    *dbi = *opened;
  }
  if (auto prepared = tables->prepare_layout(options); !prepared) return std::unexpected(prepared.error());
  if (auto loaded = tables->load(); !loaded) return std::unexpected(loaded.error());
  return tables;
}

/// Checks that the files are this shard's, and counts this opening.
base::Status Tables::prepare_layout(const Options& options) {
  auto txn = lmdb::Txn::begin(env_, lmdb::Txn::Mode::Write);
  if (!txn) return std::unexpected(txn.error());
  const auto stored = txn->find(index_, kLayoutKey);
  if (!stored) return std::unexpected(stored.error());
  const Layout expected{.shard = options.shard, .shards = options.shards};
  layout_ = expected;
  if (*stored) {
    if ((*stored)->size() != sizeof(Layout))
      return base::fail(base::Errc::Corrupt, "its layout record is not known");
    std::memcpy(&layout_, (*stored)->data(), sizeof(Layout));
    if (layout_.version != expected.version) {
      return base::fail(base::Errc::Corrupt, "its layout version is " + std::to_string(layout_.version) +
                                                 ", not " + std::to_string(expected.version));
    }
    if (layout_.shard != expected.shard || layout_.shards != expected.shards) {
      return base::fail(base::Errc::Corrupt, "it was made for " + std::to_string(layout_.shards) +
                                                 " shards, not " + std::to_string(expected.shards));
    }
  }
  ++layout_.generation;
  if (auto written = write_layout(*txn, layout_); !written) return written;
  return txn->commit();
}

base::Status Tables::load() {
  auto txn = lmdb::Txn::begin(env_, lmdb::Txn::Mode::Read);
  if (!txn) return std::unexpected(txn.error());
  const auto layout = txn->get(index_, kLayoutKey);
  if (!layout) return std::unexpected(layout.error());
  file_ = std::make_unique<MappedFile>(env_.descriptor(), env_.map_bytes(), *layout);
  if (!file_->found()) logs::warn("memory map of the disk cache not found", {{"folder", folder_}});
  auto cursor = lmdb::Cursor::open(*txn, index_);
  if (!cursor) return std::unexpected(cursor.error());
  auto entry = cursor->first();
  for (; entry && *entry; entry = cursor->next()) {
    if ((*entry)->key == kLayoutKey) continue;
    const auto key = record::decode_key((*entry)->key);
    const auto value = record::decode_index((*entry)->value);
    if (!key || !value) return base::fail(base::Errc::Corrupt, "an index entry has a wrong length");
    contents_.objects.push_back({*key, value->id, value->multi, value->body_bytes});
    if (contents_.objects.size() % kEntriesOfAPage == 0) file_->touched(1);
  }
  if (!entry) return std::unexpected(entry.error());
  auto orphans = lmdb::Cursor::open(*txn, orphans_);
  if (!orphans) return std::unexpected(orphans.error());
  for (entry = orphans->first(); entry && *entry; entry = orphans->next()) {
    const auto id = record::id_of((*entry)->key);
    if (!id) return base::fail(base::Errc::Corrupt, "an orphan entry has a wrong length");
    contents_.orphans.push_back(*id);
  }
  if (!entry) return std::unexpected(entry.error());
  std::ranges::sort(contents_.objects, {}, &StoredObject::id);
  newest_name_ = record::name_of(layout_.id_max, ~std::uint32_t{0});
  return {};
}

void Tables::condemn() const {
  const std::ofstream mark(condemned_file_);
  logs::error("disk cache shard is broken and will be emptied at the next start", {{"folder", folder_}});
}

}  // namespace store
