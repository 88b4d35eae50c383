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
#include <mutex>
#include <utility>

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

struct Appending {
  std::int64_t at_ms = 0;
  std::string purge{};
  base::Executor* home = nullptr;
  Journal::Appended appended{};
};

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
  void start();
  void write(std::vector<Appending> jobs);
  base::Result<Bounds> commit(const std::vector<Appending>& jobs);
  base::Result<Sequence> forget(lmdb::Txn& txn, Bounds bounds, std::uint64_t most);
  base::Result<std::vector<JournalEntry>> read(Sequence from, std::size_t max_bytes);
  Bounds bounds_now() const {
    const std::scoped_lock lock(mutex);
    return bounds;
  }

  const Options options;
  lmdb::Env env;
  MDB_dbi entries = 0;
  MDB_dbi about = 0;
  std::string log_id;
  mutable std::mutex mutex;
  Bounds bounds{};  ///< under mutex; changed by the writer only
  std::unique_ptr<JobThread<Reading>> reader{};
  std::unique_ptr<JobThread<Appending>> writer{};
};

base::Status Journal::Impl::load() {
  for (auto [name, dbi] : {std::pair("entries", &entries), std::pair("about", &about)}) {
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
  {
    auto cursor = lmdb::Cursor::open(*txn, entries);
    if (!cursor) return std::unexpected(cursor.error());
    const auto first = cursor->first();
    if (!first) return std::unexpected(first.error());
    if (*first) bounds.oldest = sequence_of((*first)->key);
    const auto last = cursor->last();
    if (!last) return std::unexpected(last.error());
    if (*last) bounds.head = sequence_of((*last)->key);
  }
  return txn->commit();
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
  writer = std::make_unique<JobThread<Appending>>(
      "log-writer", options.queued_max, [this](std::vector<Appending> jobs) { write(std::move(jobs)); });
}

void Journal::Impl::write(std::vector<Appending> jobs) {
  const Sequence before = bounds_now().head;
  const auto committed = commit(jobs);
  if (committed) {
    const std::scoped_lock lock(mutex);
    bounds = *committed;
  } else {
    logs::error("purges could not be written to the log",
                {{"purges", jobs.size()}, {"reason", committed.error().text}});
  }
  Sequence sequence = before;
  for (Appending& job : jobs) {
    base::Result<Sequence> answer = ++sequence;
    if (!committed) answer = std::unexpected(committed.error());
    job.home->post([appended = std::move(job.appended), answer = std::move(answer)]() mutable {
      appended(std::move(answer));
    });
  }
}

base::Result<Journal::Bounds> Journal::Impl::commit(const std::vector<Appending>& jobs) {
  Bounds next = bounds_now();
  auto txn = lmdb::Txn::begin(env, lmdb::Txn::Mode::Write);
  if (!txn) return std::unexpected(txn.error());
  for (const Appending& job : jobs) {
    // Append, not overwrite: a number is never given twice.
    auto put = txn->put(entries, key_of(++next.head), value_of(job.at_ms, job.purge), MDB_APPEND);
    if (!put) return std::unexpected(put.error());
  }
  auto oldest = forget(*txn, next, 2 * jobs.size() + kForgottenMin);
  if (!oldest) return std::unexpected(oldest.error());
  next.oldest = *oldest;
  if (auto done = txn->commit(); !done) return std::unexpected(done.error());
  return next;
}

// Forgets at most `most` of the entries that are too old; answers which is the oldest then.
base::Result<Sequence> Journal::Impl::forget(lmdb::Txn& txn, Bounds held, std::uint64_t most) {
  if (held.head - held.oldest + 1 <= options.keep_entries) return held.oldest;
  const Sequence wanted = std::min(held.head + 1 - options.keep_entries, held.oldest + most);
  for (Sequence sequence = held.oldest; sequence < wanted; ++sequence) {
    if (auto erased = txn.erase(entries, key_of(sequence)); !erased) return std::unexpected(erased.error());
  }
  return wanted;
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
  auto env = lmdb::Env::open({.folder = options.folder, .map_bytes = options.map_bytes, .databases = 2});
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
Journal::Bounds Journal::bounds() const { return impl_->bounds_now(); }

void Journal::append(std::int64_t at_ms, std::string purge, base::Executor& home, Appended appended) {
  Appending job{.at_ms = at_ms, .purge = std::move(purge), .home = &home, .appended = std::move(appended)};
  if (impl_->writer->push(job)) return;
  home.post([refused = std::move(job.appended)]() mutable {
    refused(base::fail(Errc::Busy, "too many purges wait to be written; try again"));
  });
}

void Journal::read(Sequence from, std::size_t max_bytes, base::Executor& home, Read done) {
  Reading job{.from = from, .max_bytes = max_bytes, .home = &home, .done = std::move(done)};
  if (impl_->reader->push(job)) return;
  home.post([refused = std::move(job.done)]() mutable {
    refused(base::fail(Errc::Busy, "too many readers of the purge log; try again"));
  });
}

}  // namespace purgeapi
