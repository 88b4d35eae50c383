// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "purge/server/journal.h"
#include "purge/server/journal_tables.h"

namespace purgeapi {

/// What the embedded log's writer thread does: commits jobs, and says how each ended.
class JournalWriter {
 public:
  struct Appending {
    PurgeLog::Append request{};
    base::Executor* home = nullptr;
    PurgeLog::Appended done{};
  };
  struct NodeNote {
    KnownNode node{};
    bool forget = false;
  };
  struct Adopting {
    std::string log_id{};
    base::Executor* home = nullptr;
    Journal::Done done{};
  };
  struct Replicating {
    std::vector<JournalEntry> entries{};
    base::Executor* home = nullptr;
    Journal::Done done{};
  };
  /// A new term: this log's own, or another's that supersedes it.
  struct Leading {
    std::uint64_t superseded_by = 0;  ///< 0: promote
    std::int64_t at_ms = 0;
    base::Executor* home = nullptr;
    std::move_only_function<void(base::Result<std::uint64_t>)> done{};
  };
  using Job = std::variant<Appending, NodeNote, Adopting, Replicating, Leading>;

  /// What has been committed; read by any thread.
  struct State {
    PurgeLog::Bounds bounds{};
    std::string log_id{};
    Leadership leadership{};
  };

  JournalWriter(JournalTables& tables, const Journal::Options& options)
      : tables_(tables), options_(options) {}

  /// Reads what is there, makes what is not. The nodes that it knows.
  base::Result<std::vector<KnownNode>> load();
  State state() const {
    const std::scoped_lock lock(mutex_);
    return state_;
  }
  PurgeLog::Bounds bounds() const {
    const std::scoped_lock lock(mutex_);
    return state_.bounds;
  }
  void listen(base::Executor& home, PurgeLog::Listener* listener);
  /// On the writer's thread.
  void write(std::span<Job> jobs);

 private:
  /// What a job in a transaction came to. Numbers of Appending; the term of Leading.
  using Outcome = base::Result<std::vector<Sequence>>;
  struct Committed {
    State state{};
    std::vector<Outcome> outcomes{};
  };

  void write_batch(std::span<Job> jobs);
  base::Result<Committed> commit(std::span<const Job> jobs);
  base::Result<Outcome> put(lmdb::Txn& txn, const Job& job, State& next);
  base::Result<Outcome> append(lmdb::Txn& txn, const PurgeLog::Append& request, State& next);
  base::Result<Outcome> replicate(lmdb::Txn& txn, const std::vector<JournalEntry>& entries, State& next);
  base::Result<Outcome> adopt(lmdb::Txn& txn, const std::string& log_id, State& next);
  base::Result<Outcome> lead(lmdb::Txn& txn, const Leading& leading, State& next);
  base::Status forget(lmdb::Txn& txn, std::size_t jobs, std::int64_t now_ms, State& next);
  base::Status forget_a_quarter();
  void publish(const State& before, const State& now);
  // LMDB cannot take at once, nor always in one piece, what became free: a part of the file stays free.
  std::uint64_t entry_bytes_max() const { return options_.map_bytes / 4 * 3; }

  JournalTables& tables_;
  const Journal::Options& options_;
  mutable std::mutex mutex_;
  State state_{};                                    ///< under mutex_; changed by the writer only
  base::Executor* home_ = nullptr;                   ///< under mutex_
  std::shared_ptr<PurgeLog::Listener*> listener_{};  ///< under mutex_; what it points to is the home thread's
};

/// How much a job adds to the log, roughly.
std::uint64_t bytes_of(const JournalWriter::Job& job);

}  // namespace purgeapi
