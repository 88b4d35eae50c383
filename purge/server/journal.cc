// SPDX-License-Identifier: Apache-2.0
#include "purge/server/journal.h"

#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <span>
#include <utility>
#include <variant>

#include "edge/base/log.h"
#include "edge/base/text.h"
#include "purge/server/job_thread.h"
#include "store/lmdb/database.h"

namespace purgeapi {
namespace {

using base::Errc;

constexpr std::string_view kIdKey = "log_id 1";  // with the form's version
constexpr std::size_t kReadsQueuedMax = 100'000;
constexpr std::uint64_t kForgottenMin = 1'000;  // entries that a commit may forget beyond what it adds
constexpr std::uint64_t kBatchBytesMax = 16ULL << 20;
constexpr unsigned kForgetRounds = 3;  // when the file is full all the same
constexpr std::size_t kValueOverhead = 16;

// Big-endian: LMDB's order of keys is then the order of numbers.
std::string key_of(Sequence sequence) {
  std::string key(8, '\0');
  for (int i = 7; i >= 0; --i, sequence >>= 8)
    key[static_cast<std::size_t>(i)] = static_cast<char>(sequence & 0xff);
  return key;
}

Sequence sequence_of(std::string_view key) {
  Sequence sequence = 0;
  for (char byte : key) sequence = sequence << 8 | static_cast<unsigned char>(byte);
  return sequence;
}

std::string value_of(std::int64_t at_ms, std::string_view purge) {
  std::string value(reinterpret_cast<const char*>(&at_ms), sizeof at_ms);
  return value.append(purge);
}

base::Result<JournalEntry> entry_of(const lmdb::Cursor::Entry& stored) {
  JournalEntry entry{.sequence = sequence_of(stored.key)};
  if (stored.key.size() != 8 || stored.value.size() <= sizeof entry.at_ms) {
    return base::fail(Errc::Corrupt, "an entry of the purge log is damaged");
  }
  std::memcpy(&entry.at_ms, stored.value.data(), sizeof entry.at_ms);
  entry.purge = stored.value.substr(sizeof entry.at_ms);
  return entry;
}

base::Result<std::string> random_id() {
  std::string bytes(16, '\0');
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    return base::fail_system("cannot get random bytes", errno);
  }
  return base::hex(bytes);
}

// Of a node: what it applied, when it was heard.
std::string value_of(const KnownNode& node) {
  std::string value(reinterpret_cast<const char*>(&node.applied), sizeof node.applied);
  return value.append(reinterpret_cast<const char*>(&node.heard_ms), sizeof node.heard_ms);
}

base::Result<KnownNode> node_of(const lmdb::Cursor::Entry& stored) {
  KnownNode node{.name = std::string(stored.key)};
  if (stored.value.size() != sizeof node.applied + sizeof node.heard_ms) {
    return base::fail(Errc::Corrupt, "a node's entry is damaged");
  }
  std::memcpy(&node.applied, stored.value.data(), sizeof node.applied);
  std::memcpy(&node.heard_ms, stored.value.data() + sizeof node.applied, sizeof node.heard_ms);
  return node;
}

struct Appending {
  std::int64_t at_ms = 0;
  std::string purge{};
  base::Executor* home = nullptr;
  Journal::Appended appended{};
};

struct NodeNote {
  KnownNode node{};
  bool forget = false;
};

using Job = std::variant<Appending, NodeNote>;

std::uint64_t bytes_of(const Job& job) {
  const auto* appending = std::get_if<Appending>(&job);
  return kValueOverhead + (appending != nullptr ? appending->purge.size() : sizeof(KnownNode));
}

// The file may have been larger than it should be now. With room to spare, since forgetting writes pages too.
std::uint64_t map_bytes_for(const Journal::Options& options) {
  std::error_code none;
  const std::uint64_t had = std::filesystem::file_size(options.folder + "/data.mdb", none);
  const std::uint64_t most = std::max(options.map_bytes, none ? 0 : had);
  return most + std::max<std::uint64_t>(most / 8, 1U << 20);
}

struct Reading {
  Sequence from = 0;
  std::size_t max_bytes = 0;
  base::Executor* home = nullptr;
  Journal::Read done{};
};

}  // namespace

struct Journal::Impl {
  Impl(const Options& chosen, lmdb::Env opened) : options(chosen), env(std::move(opened)) {}

  base::Status load();
  base::Result<Bounds> load_bounds(const lmdb::Txn& txn) const;
  base::Result<std::vector<KnownNode>> load_nodes(const lmdb::Txn& txn) const;
  void start();
  void write(std::span<Job> jobs);
  void write_batch(std::span<Job> jobs);
  base::Result<Bounds> commit(std::span<const Job> jobs);
  base::Status put_note(lmdb::Txn& txn, const NodeNote& note);
  base::Result<Sequence> forget(lmdb::Txn& txn, std::span<const Job> jobs, Bounds next);
  base::Status forget_a_quarter();
  base::Result<std::uint64_t> entry_pages(const lmdb::Txn& txn) const;
  base::Result<std::vector<JournalEntry>> read(Sequence from, std::size_t max_bytes);
  Bounds bounds_now() const {
    const std::scoped_lock lock(mutex);
    return bounds;
  }
  // LMDB cannot take at once, nor always in one piece, what became free: a part of the file stays free.
  std::uint64_t entry_bytes_max() const { return options.map_bytes / 4 * 3; }

  const Options options;
  lmdb::Env env;
  MDB_dbi entries = 0;
  MDB_dbi about = 0;
  MDB_dbi followers = 0;
  std::string log_id;
  std::vector<KnownNode> nodes{};  ///< as found
  mutable std::mutex mutex;
  Bounds bounds{};  ///< under mutex; changed by the writer only
  std::unique_ptr<JobThread<Reading>> reader{};
  std::unique_ptr<JobThread<Job>> writer{};
};

base::Status Journal::Impl::load() {
  for (auto [name, dbi] :
       {std::pair("entries", &entries), std::pair("about", &about), std::pair("nodes", &followers)}) {
    auto opened = env.database(name);
    if (!opened) return std::unexpected(opened.error());
    *dbi = *opened;
  }
  auto txn = lmdb::Txn::begin(env, lmdb::Txn::Mode::Write);
  if (!txn) return std::unexpected(txn.error());
  const auto stored = txn->find(about, kIdKey);
  if (!stored) return std::unexpected(stored.error());
  if (*stored) {
    log_id = **stored;
  } else {
    auto made = random_id();
    if (!made) return std::unexpected(made.error());
    log_id = std::move(*made);
    if (auto put = txn->put(about, kIdKey, log_id); !put) return put;
  }
  const auto found = load_bounds(*txn);
  if (!found) return std::unexpected(found.error());
  bounds = *found;
  auto known = load_nodes(*txn);
  if (!known) return std::unexpected(known.error());
  nodes = std::move(*known);
  return txn->commit();
}

base::Result<Journal::Bounds> Journal::Impl::load_bounds(const lmdb::Txn& txn) const {
  Bounds found;
  auto cursor = lmdb::Cursor::open(txn, entries);
  if (!cursor) return std::unexpected(cursor.error());
  const auto first = cursor->first();
  if (!first) return std::unexpected(first.error());
  if (*first) found.oldest = sequence_of((*first)->key);
  const auto last = cursor->last();
  if (!last) return std::unexpected(last.error());
  if (*last) found.head = sequence_of((*last)->key);
  return found;
}

base::Result<std::vector<KnownNode>> Journal::Impl::load_nodes(const lmdb::Txn& txn) const {
  std::vector<KnownNode> found;
  auto cursor = lmdb::Cursor::open(txn, followers);
  if (!cursor) return std::unexpected(cursor.error());
  for (auto at = cursor->first();; at = cursor->next()) {
    if (!at) return std::unexpected(at.error());
    if (!*at) return found;
    auto node = node_of(**at);
    if (!node) return std::unexpected(node.error());
    found.push_back(std::move(*node));
  }
}

void Journal::Impl::start() {
  reader =
      std::make_unique<JobThread<Reading>>("log-reader", kReadsQueuedMax, [this](std::vector<Reading> jobs) {
        for (Reading& job : jobs) {
          job.home->post([done = std::move(job.done), got = read(job.from, job.max_bytes)]() mutable {
            done(std::move(got));
          });
        }
      });
  writer = std::make_unique<JobThread<Job>>("log-writer", options.queued_max,
                                            [this](std::vector<Job> jobs) { write(jobs); });
}

void Journal::Impl::write(std::span<Job> jobs) {
  const std::uint64_t most = std::min(options.map_bytes / 16, kBatchBytesMax);
  while (!jobs.empty()) {
    std::size_t count = 0;
    for (std::uint64_t bytes = 0; count < jobs.size(); ++count) {
      bytes += bytes_of(jobs[count]);
      if (count != 0 && bytes > most) break;
    }
    write_batch(jobs.first(count));
    jobs = jobs.subspan(count);
  }
}

void Journal::Impl::write_batch(std::span<Job> jobs) {
  Sequence sequence = bounds_now().head;
  auto committed = commit(jobs);
  for (unsigned round = 0; !committed && committed.error().code == Errc::Limit && round < kForgetRounds;
       ++round) {
    if (!forget_a_quarter()) break;
    committed = commit(jobs);
  }
  if (committed) {
    const std::scoped_lock lock(mutex);
    bounds = *committed;
  } else {
    logs::error("the purge log could not be written",
                {{"jobs", jobs.size()}, {"reason", committed.error().text}});
  }
  for (Job& job : jobs) {
    auto* appending = std::get_if<Appending>(&job);
    if (appending == nullptr) continue;
    base::Result<Sequence> answer = ++sequence;
    if (!committed) answer = std::unexpected(committed.error());
    appending->home->post([appended = std::move(appending->appended), answer = std::move(answer)]() mutable {
      appended(std::move(answer));
    });
  }
}

base::Result<Journal::Bounds> Journal::Impl::commit(std::span<const Job> jobs) {
  Bounds next = bounds_now();
  Sequence sequence = next.head;
  for (const Job& job : jobs) next.head += std::holds_alternative<Appending>(job) ? 1 : 0;
  auto txn = lmdb::Txn::begin(env, lmdb::Txn::Mode::Write);
  if (!txn) return std::unexpected(txn.error());
  auto oldest = forget(*txn, jobs, next);
  if (!oldest) return std::unexpected(oldest.error());
  next.oldest = *oldest;
  for (const Job& job : jobs) {
    const auto* appending = std::get_if<Appending>(&job);
    // Append, not overwrite: a number is never given twice.
    auto put = appending != nullptr ? txn->put(entries, key_of(++sequence),
                                               value_of(appending->at_ms, appending->purge), MDB_APPEND)
                                    : put_note(*txn, std::get<NodeNote>(job));
    if (!put) return std::unexpected(put.error());
  }
  if (auto done = txn->commit(); !done) return std::unexpected(done.error());
  return next;
}

base::Status Journal::Impl::put_note(lmdb::Txn& txn, const NodeNote& note) {
  if (note.forget) return txn.erase(followers, note.node.name);
  return txn.put(followers, note.node.name, value_of(note.node));
}

base::Result<std::uint64_t> Journal::Impl::entry_pages(const lmdb::Txn& txn) const {
  const auto stat = txn.stat(entries);
  if (!stat) return std::unexpected(stat.error());
  return stat->ms_branch_pages + stat->ms_leaf_pages + stat->ms_overflow_pages;
}

// Forgets some of the entries that are too many or leave too little room for `jobs`, after which the log ends
// at next.head; answers which is the oldest then. The newest always stays: it is what the numbers go on from.
base::Result<Sequence> Journal::Impl::forget(lmdb::Txn& txn, std::span<const Job> jobs, Bounds next) {
  std::uint64_t bytes = 0;
  for (const Job& job : jobs) bytes += bytes_of(job);
  if (bytes > options.map_bytes / 8) {
    return base::fail(Errc::Invalid, "a purge of " + std::to_string(bytes) +
                                         " bytes is too large for a log of so small a max_size");
  }
  const std::uint64_t pages_max = (entry_bytes_max() - bytes) / env.page_bytes();
  const Sequence end =
      std::min({bounds_now().head + 1, next.head, next.oldest + 2 * jobs.size() + kForgottenMin});
  Sequence oldest = next.oldest;
  for (; oldest < end; ++oldest) {
    const auto pages = entry_pages(txn);
    if (!pages) return std::unexpected(pages.error());
    if (next.head - oldest + 1 <= options.keep_entries && *pages <= pages_max) break;
    if (auto erased = txn.erase(entries, key_of(oldest)); !erased) return std::unexpected(erased.error());
  }
  return oldest;
}

// The file is full though its entries keep to their part of it: its free pages are in pieces too small.
base::Status Journal::Impl::forget_a_quarter() {
  Bounds next = bounds_now();
  const Sequence end = std::min(next.head, next.oldest + (next.head - next.oldest) / 4 + 1);
  if (next.oldest >= end) return base::fail(Errc::Limit, "there is nothing to forget");
  auto txn = lmdb::Txn::begin(env, lmdb::Txn::Mode::Write);
  if (!txn) return std::unexpected(txn.error());
  for (; next.oldest < end; ++next.oldest) {
    if (auto erased = txn->erase(entries, key_of(next.oldest)); !erased) return erased;
  }
  if (auto done = txn->commit(); !done) return done;
  logs::warn("the purge log is full: its oldest quarter is forgotten", {{"oldest", next.oldest}});
  const std::scoped_lock lock(mutex);
  bounds = next;
  return {};
}

base::Result<std::vector<JournalEntry>> Journal::Impl::read(Sequence from, std::size_t max_bytes) {
  const Bounds held = bounds_now();
  if (from < held.oldest) {
    return base::fail(Errc::NotFound, "the log begins at entry " + std::to_string(held.oldest) + " now");
  }
  auto txn = lmdb::Txn::begin(env, lmdb::Txn::Mode::Read);
  if (!txn) return std::unexpected(txn.error());
  auto cursor = lmdb::Cursor::open(*txn, entries);
  if (!cursor) return std::unexpected(cursor.error());
  std::vector<JournalEntry> found;
  std::size_t bytes = 0;
  for (auto at = cursor->at_or_after(key_of(from));; at = cursor->next()) {
    if (!at) return std::unexpected(at.error());
    // Past the head: committed, but not yet published. The writer's wake-up will come.
    if (!*at || sequence_of((*at)->key) > held.head) return found;
    auto entry = entry_of(**at);
    if (!entry) return std::unexpected(entry.error());
    if (entry->sequence != from + found.size()) {
      return base::fail(found.empty() ? Errc::NotFound : Errc::Corrupt,
                        "entry " + std::to_string(from + found.size()) + " is not in the log");
    }
    bytes += entry->purge.size();
    found.push_back(std::move(*entry));
    if (bytes >= max_bytes) return found;
  }
}

Journal::Journal(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Journal::~Journal() = default;

base::Result<std::unique_ptr<Journal>> Journal::open(const Options& options) {
  auto env = lmdb::Env::open({.folder = options.folder, .map_bytes = map_bytes_for(options), .databases = 3});
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
  auto impl = std::make_unique<Impl>(options, std::move(*env));
  if (auto loaded = impl->load(); !loaded) {
    return base::fail(loaded.error().code,
                      "the purge log in '" + options.folder + "': " + loaded.error().text);
  }
  impl->start();
  return std::unique_ptr<Journal>(new Journal(std::move(impl)));
}

const std::string& Journal::log_id() const { return impl_->log_id; }
const std::vector<KnownNode>& Journal::nodes() const { return impl_->nodes; }
Journal::Bounds Journal::bounds() const { return impl_->bounds_now(); }

void Journal::append(std::int64_t at_ms, std::string purge, base::Executor& home, Appended appended) {
  Job job =
      Appending{.at_ms = at_ms, .purge = std::move(purge), .home = &home, .appended = std::move(appended)};
  if (impl_->writer->push(job)) return;
  home.post([refused = std::move(std::get<Appending>(job).appended)]() mutable {
    refused(base::fail(Errc::Busy, "too many purges wait to be written; try again"));
  });
}

bool Journal::keep_node(KnownNode node) {
  Job job = NodeNote{.node = std::move(node)};
  return impl_->writer->push(job);
}

bool Journal::forget_node(std::string name) {
  Job job = NodeNote{.node = {.name = std::move(name)}, .forget = true};
  return impl_->writer->push(job);
}

void Journal::read(Sequence from, std::size_t max_bytes, base::Executor& home, Read done) {
  Reading job{.from = from, .max_bytes = max_bytes, .home = &home, .done = std::move(done)};
  if (impl_->reader->push(job)) return;
  home.post([refused = std::move(job.done)]() mutable {
    refused(base::fail(Errc::Busy, "too many readers of the purge log; try again"));
  });
}

}  // namespace purgeapi
