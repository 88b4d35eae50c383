// SPDX-License-Identifier: Apache-2.0
#include "purge/server/journal_tables.h"

#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

namespace purgeapi {
namespace {

using base::Errc;

constexpr std::string_view kIdKey = "log_id 1";  // with the form's version
constexpr std::string_view kLeadershipKey = "leadership 1";
constexpr unsigned kKeysForgotten = 1'000;  // in one transaction

// The file may have been larger than it should be now. With room to spare, since forgetting writes pages too.
std::uint64_t map_bytes_for(const JournalTables::Options& options) {
  std::error_code none;
  const std::uint64_t had = std::filesystem::file_size(options.folder + "/data.mdb", none);
  const std::uint64_t most = std::max(options.map_bytes, none ? 0 : had);
  return most + std::max<std::uint64_t>(most / 8, 1U << 20);
}

}  // namespace

base::Result<JournalTables> JournalTables::open(const Options& options) {
  auto env = lmdb::Env::open({.folder = options.folder, .map_bytes = map_bytes_for(options), .databases = 5});
  if (!env) return std::unexpected(env.error());
  if (::flock(env->descriptor(), LOCK_EX | LOCK_NB) != 0) {
    return base::fail(Errc::Busy, "the purge log in '" + options.folder + "' is in use by another process");
  }
  struct stat file{};
  const auto wanted = static_cast<off_t>((env->last_page() + 1) * env->page_bytes());
  if (::fstat(env->descriptor(), &file) != 0) return base::fail_system("cannot examine the purge log", errno);
  // Cut short: reading past the end would be SIGBUS; zeros are no pages and LMDB says so.
  if (file.st_size < wanted && ::ftruncate(env->descriptor(), wanted) != 0) {
    return base::fail_system("cannot extend the purge log", errno);
  }
  JournalTables tables(std::move(*env));
  if (auto opened = tables.open_databases(); !opened) return std::unexpected(opened.error());
  return tables;
}

base::Status JournalTables::open_databases() {
  for (auto [name, dbi] :
       {std::pair("entries", &entries_), std::pair("about", &about_), std::pair("nodes", &nodes_),
        std::pair("keys", &keys_), std::pair("key_ages", &key_ages_)}) {
    auto opened = env_.database(name);
    if (!opened) return std::unexpected(opened.error());
    *dbi = *opened;
  }
  return {};
}

base::Result<PurgeLog::Bounds> JournalTables::bounds(const lmdb::Txn& txn) const {
  PurgeLog::Bounds found;
  auto cursor = lmdb::Cursor::open(txn, entries_);
  if (!cursor) return std::unexpected(cursor.error());
  const auto first = cursor->first();
  if (!first) return std::unexpected(first.error());
  if (*first) found.oldest = sequence_of((*first)->key);
  const auto last = cursor->last();
  if (!last) return std::unexpected(last.error());
  if (*last) found.head = sequence_of((*last)->key);
  return found;
}

base::Result<std::vector<KnownNode>> JournalTables::nodes(const lmdb::Txn& txn) const {
  std::vector<KnownNode> found;
  auto cursor = lmdb::Cursor::open(txn, nodes_);
  if (!cursor) return std::unexpected(cursor.error());
  for (auto at = cursor->first();; at = cursor->next()) {
    if (!at) return std::unexpected(at.error());
    if (!*at) return found;
    auto node = node_of(**at);
    if (!node) return std::unexpected(node.error());
    found.push_back(std::move(*node));
  }
}

base::Result<std::string> JournalTables::log_id(const lmdb::Txn& txn) const {
  const auto stored = txn.find(about_, kIdKey);
  if (!stored) return std::unexpected(stored.error());
  return *stored ? std::string(**stored) : std::string();
}

base::Status JournalTables::put_log_id(lmdb::Txn& txn, std::string_view id) const {
  return txn.put(about_, kIdKey, id);
}

base::Result<std::optional<Leadership>> JournalTables::leadership(const lmdb::Txn& txn) const {
  const auto stored = txn.find(about_, kLeadershipKey);
  if (!stored) return std::unexpected(stored.error());
  if (!*stored) return std::nullopt;
  const std::string_view value = **stored;
  Leadership found;
  if (value.size() != 17 || static_cast<unsigned char>(value[0]) > 2) {
    return base::fail(Errc::Corrupt, "what the purge log says of its term is damaged");
  }
  found.role = static_cast<LogRole>(value[0]);
  found.term = sequence_of(value.substr(1, 8));
  found.newer = sequence_of(value.substr(9, 8));
  return found;
}

base::Status JournalTables::put_leadership(lmdb::Txn& txn, const Leadership& leadership) const {
  return txn.put(about_, kLeadershipKey,
                 std::string(1, static_cast<char>(leadership.role)) + key_of(leadership.term) +
                     key_of(leadership.newer));
}

base::Status JournalTables::put(lmdb::Txn& txn, const JournalEntry& entry) const {
  const std::string key = key_of(entry.sequence);
  if (auto put = txn.put(entries_, key, value_of(entry), MDB_APPEND); !put) return put;
  if (entry.request_key.empty()) return {};
  if (auto put = txn.put(keys_, entry.request_key, key); !put) return put;
  return txn.put(
      key_ages_, key,
      std::string(reinterpret_cast<const char*>(&entry.at_ms), sizeof entry.at_ms) + entry.request_key);
}

base::Status JournalTables::put_node(lmdb::Txn& txn, const KnownNode& node) const {
  return txn.put(nodes_, node.name, value_of(node));
}

base::Result<std::optional<JournalEntry>> JournalTables::find(const lmdb::Txn& txn, Sequence sequence) const {
  const std::string key = key_of(sequence);
  const auto stored = txn.find(entries_, key);
  if (!stored) return std::unexpected(stored.error());
  if (!*stored) return std::nullopt;
  auto entry = entry_of({.key = key, .value = **stored});
  if (!entry) return std::unexpected(entry.error());
  return std::optional(std::move(*entry));
}

base::Result<std::optional<JournalEntry>> JournalTables::find_request(const lmdb::Txn& txn,
                                                                      std::string_view key) const {
  const auto first = txn.find(keys_, key);
  if (!first) return std::unexpected(first.error());
  if (!*first) return std::nullopt;
  return find(txn, sequence_of(**first));
}

base::Result<std::vector<JournalEntry>> JournalTables::read(const lmdb::Txn& txn, Sequence from,
                                                            Sequence head, std::size_t max_bytes) const {
  auto cursor = lmdb::Cursor::open(txn, entries_);
  if (!cursor) return std::unexpected(cursor.error());
  std::vector<JournalEntry> found;
  std::size_t bytes = 0;
  Sequence next = from;
  for (auto at = cursor->at_or_after(key_of(from));; at = cursor->next()) {
    if (!at) return std::unexpected(at.error());
    // Past the head: committed, but not yet published. The writer's wake-up will come.
    if (!*at || sequence_of((*at)->key) > head) return found;
    auto entry = entry_of(**at);
    if (!entry) return std::unexpected(entry.error());
    // A term begins above a gap. Who read further in the term before than the log itself has it, goes on
    // here.
    const bool term = entry->purge.empty() && entry->after < next;
    if (entry->sequence != next && !term) {
      return base::fail(found.empty() ? Errc::NotFound : Errc::Corrupt,
                        "entry " + std::to_string(next) + " is not in the log");
    }
    next = entry->sequence + 1;
    bytes += entry->purge.size();
    found.push_back(std::move(*entry));
    if (bytes >= max_bytes) return found;
  }
}

base::Result<Sequence> JournalTables::forget_oldest(lmdb::Txn& txn) const {
  auto cursor = lmdb::Cursor::open(txn, entries_);
  if (!cursor) return std::unexpected(cursor.error());
  auto first = cursor->first();
  if (!first) return std::unexpected(first.error());
  if (!*first) return base::fail(Errc::Corrupt, "the purge log has fewer entries than it says");
  if (auto erased = cursor->erase(); !erased) return std::unexpected(erased.error());
  first = cursor->first();
  if (!first) return std::unexpected(first.error());
  if (!*first) return base::fail(Errc::Corrupt, "the purge log would be left empty");
  return sequence_of((*first)->key);
}

base::Status JournalTables::forget_keys(lmdb::Txn& txn, std::int64_t before_ms, std::uint64_t keep) const {
  const auto stat = txn.stat(key_ages_);
  if (!stat) return std::unexpected(stat.error());
  std::uint64_t held = stat->ms_entries;
  for (unsigned n = 0; n < kKeysForgotten && held != 0; ++n, --held) {
    auto cursor = lmdb::Cursor::open(txn, key_ages_);
    if (!cursor) return std::unexpected(cursor.error());
    const auto first = cursor->first();
    if (!first) return std::unexpected(first.error());
    std::int64_t at_ms = 0;
    if (!*first || (*first)->value.size() <= sizeof at_ms) {
      return base::fail(Errc::Corrupt, "the purge log's idempotency keys are damaged");
    }
    std::memcpy(&at_ms, (*first)->value.data(), sizeof at_ms);
    if (held <= keep && at_ms >= before_ms) return {};
    const std::string age((*first)->key);
    const std::string key((*first)->value.substr(sizeof at_ms));
    // The same key may have come again after its time: then it belongs to the newer entry.
    const auto owner = txn.find(keys_, key);
    if (!owner) return std::unexpected(owner.error());
    const bool own = *owner && **owner == age;
    if (auto erased = cursor->erase(); !erased) return erased;
    if (!own) continue;
    if (auto erased = txn.erase(keys_, key); !erased) return erased;
  }
  return {};
}

base::Status JournalTables::forget_all(lmdb::Txn& txn) const {
  for (MDB_dbi dbi : {entries_, keys_, key_ages_}) {
    if (auto dropped = txn.drop(dbi); !dropped) return dropped;
  }
  return {};
}

base::Result<std::uint64_t> JournalTables::entries(const lmdb::Txn& txn) const {
  const auto stat = txn.stat(entries_);
  if (!stat) return std::unexpected(stat.error());
  return stat->ms_entries;
}

base::Result<std::uint64_t> JournalTables::entry_pages(const lmdb::Txn& txn) const {
  const auto stat = txn.stat(entries_);
  if (!stat) return std::unexpected(stat.error());
  return stat->ms_branch_pages + stat->ms_leaf_pages + stat->ms_overflow_pages;
}

}  // namespace purgeapi
