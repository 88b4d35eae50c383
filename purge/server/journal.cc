// SPDX-License-Identifier: Apache-2.0
#include "purge/server/journal.h"

#include <utility>

#include "edge/base/job_thread.h"
#include "purge/server/journal_writer.h"

namespace purgeapi {
namespace {

using base::Errc;
using Job = JournalWriter::Job;

constexpr std::size_t kReadsQueuedMax = 100'000;

struct Reading {
  Sequence from = 0;
  std::size_t max_bytes = 0;
  base::Executor* home = nullptr;
  PurgeLog::Read done{};
};

base::Error too_many() { return {Errc::Busy, "too many purges wait to be written; try again"}; }

}  // namespace

struct Journal::Impl {
  Impl(const Options& chosen, JournalTables opened)
      : options(chosen), tables(std::move(opened)), writing(tables, options) {}

  void start();
  base::Result<std::vector<JournalEntry>> read(Sequence from, std::size_t max_bytes);

  const Options options;
  JournalTables tables;
  JournalWriter writing;
  std::vector<KnownNode> nodes{};  ///< as found
  std::unique_ptr<base::JobThread<Reading>> reader{};
  std::unique_ptr<base::JobThread<Job>> writer{};
};

void Journal::Impl::start() {
  using Reader = base::JobThread<Reading>;
  using Writer = base::JobThread<Job>;
  reader = std::make_unique<Reader>(
      Reader::Options{.name = "log-reader", .queued_max = kReadsQueuedMax},
      [this](std::vector<Reading> jobs) {
        for (Reading& job : jobs) {
          job.home->post([done = std::move(job.done), got = read(job.from, job.max_bytes)]() mutable {
            done(std::move(got));
          });
        }
      });
  writer = std::make_unique<Writer>(
      Writer::Options{.name = "log-writer", .queued_max = options.queued_max, .gather = options.commit_delay},
      [this](std::vector<Job> jobs) { writing.write(jobs); });
}

base::Result<std::vector<JournalEntry>> Journal::Impl::read(Sequence from, std::size_t max_bytes) {
  const Bounds held = writing.bounds();
  if (from < held.oldest) {
    return base::fail(Errc::NotFound, "the log begins at entry " + std::to_string(held.oldest) + " now");
  }
  auto txn = tables.begin(lmdb::Txn::Mode::Read);
  if (!txn) return std::unexpected(txn.error());
  return tables.read(*txn, from, held.head, max_bytes);
}

Journal::Journal(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Journal::~Journal() = default;

base::Result<std::unique_ptr<Journal>> Journal::open(const Options& options) {
  const auto refuse = [&](const base::Error& error) {
    return base::fail(error.code, "the purge log in '" + options.folder + "': " + error.text);
  };
  auto tables = JournalTables::open({.folder = options.folder, .map_bytes = options.map_bytes});
  if (!tables) return std::unexpected(tables.error());
  auto impl = std::make_unique<Impl>(options, std::move(*tables));
  auto nodes = impl->writing.load();
  if (!nodes) return refuse(nodes.error());
  impl->nodes = std::move(*nodes);
  impl->start();
  return std::unique_ptr<Journal>(new Journal(std::move(impl)));
}

void Journal::listen(base::Executor& home, Listener* listener) { impl_->writing.listen(home, listener); }
std::string Journal::log_id() const { return impl_->writing.state().log_id; }
std::vector<KnownNode> Journal::nodes() const { return impl_->nodes; }
PurgeLog::Bounds Journal::bounds() const { return impl_->writing.bounds(); }
Leadership Journal::leadership() const { return impl_->writing.state().leadership; }

void Journal::append(Append request, base::Executor& home, Appended appended) {
  Job job =
      JournalWriter::Appending{.request = std::move(request), .home = &home, .done = std::move(appended)};
  if (impl_->writer->push(job)) return;
  home.post([refused = std::move(std::get<JournalWriter::Appending>(job).done)]() mutable {
    refused(std::unexpected(too_many()));
  });
}

bool Journal::keep_node(KnownNode node) {
  Job job = JournalWriter::NodeNote{.node = std::move(node)};
  return impl_->writer->push(job);
}

bool Journal::forget_node(std::string name) {
  Job job = JournalWriter::NodeNote{.node = {.name = std::move(name)}, .forget = true};
  return impl_->writer->push(job);
}

void Journal::read(Sequence from, std::size_t max_bytes, base::Executor& home, Read done) {
  Reading job{.from = from, .max_bytes = max_bytes, .home = &home, .done = std::move(done)};
  if (impl_->reader->push(job)) return;
  home.post([refused = std::move(job.done)]() mutable {
    refused(base::fail(Errc::Busy, "too many readers of the purge log; try again"));
  });
}

void Journal::adopt(std::string log_id, Sequence whole_at, base::Executor& home, Done done) {
  Job job = JournalWriter::Adopting{
      .log_id = std::move(log_id), .whole_at = whole_at, .home = &home, .done = std::move(done)};
  if (impl_->writer->push(job)) return;
  home.post([refused = std::move(std::get<JournalWriter::Adopting>(job).done)]() mutable {
    refused(std::unexpected(too_many()));
  });
}

void Journal::replicate(std::vector<JournalEntry> entries, base::Executor& home, Done done) {
  Job job = JournalWriter::Replicating{.entries = std::move(entries), .home = &home, .done = std::move(done)};
  if (impl_->writer->push(job)) return;
  home.post([refused = std::move(std::get<JournalWriter::Replicating>(job).done)]() mutable {
    refused(std::unexpected(too_many()));
  });
}

void Journal::promote(std::int64_t at_ms, base::Executor& home,
                      std::move_only_function<void(base::Result<std::uint64_t>)> done) {
  Job job = JournalWriter::Leading{.at_ms = at_ms, .home = &home, .done = std::move(done)};
  if (impl_->writer->push(job)) return;
  home.post([refused = std::move(std::get<JournalWriter::Leading>(job).done)]() mutable {
    refused(std::unexpected(too_many()));
  });
}

void Journal::supersede(std::uint64_t term, base::Executor& home, Done done) {
  auto told = [done = std::move(done)](base::Result<std::uint64_t> answer) mutable {
    if (!answer) return done(std::unexpected(answer.error()));
    done({});
  };
  Job job = JournalWriter::Leading{.superseded_by = term, .home = &home, .done = std::move(told)};
  if (impl_->writer->push(job)) return;
  home.post([refused = std::move(std::get<JournalWriter::Leading>(job).done)]() mutable {
    refused(std::unexpected(too_many()));
  });
}

}  // namespace purgeapi
