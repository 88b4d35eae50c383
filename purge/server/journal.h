// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "edge/base/error.h"
#include "edge/base/executor.h"
#include "purge/clock/purge.h"

namespace purgeapi {

using purge::Sequence;

/// One purge of the log.
struct JournalEntry {
  Sequence sequence = 0;
  std::int64_t at_ms = 0;  ///< wall clock, Unix milliseconds, when it was accepted
  std::string purge{};     ///< as purge::to_json wrote it
};

/// What is remembered of a node, so that one that is not back after a restart is known to be missing.
struct KnownNode {
  std::string name{};
  Sequence applied = 0;       ///< newest number acknowledged, or an older one
  std::int64_t heard_ms = 0;  ///< wall clock, Unix milliseconds
};

/// The one log: purges in LMDB under the numbers that it gives them, without gaps, and beside them who
/// follows it. One thread writes; what comes while it commits goes into the next commit, and each commit is
/// synced before it is answered. When the file is nearly full the oldest entries go. Another thread reads.
/// Owned by the service; executors given to it must outlive it.
class Journal {
 public:
  struct Options {
    std::string folder{};
    std::uint64_t keep_entries =
        1'000'000;                          ///< older ones are forgotten; followers that need them start over
    std::uint64_t map_bytes = 64ULL << 30;  ///< so large the (sparse) file may get; older entries go first
    std::size_t queued_max = 10'000;        ///< purges waiting for a commit
    bool operator==(const Options&) const = default;
  };
  using Appended = std::move_only_function<void(base::Result<Sequence>)>;
  using Read = std::move_only_function<void(base::Result<std::vector<JournalEntry>>)>;
  /// What it holds: [oldest, head]; oldest is head + 1 if nothing.
  struct Bounds {
    Sequence oldest = 1;
    Sequence head = 0;
  };

  /// Blocks. A log that is damaged is an error (Errc::Corrupt): only the operator may decide to lose it.
  static base::Result<std::unique_ptr<Journal>> open(const Options& options);
  /// Writes what is queued. Answers that have not been given by then are not given.
  ~Journal();

  /// Chosen by chance when the log was made: tells it from all other logs.
  const std::string& log_id() const;
  /// As committed. Any thread.
  Bounds bounds() const;

  /// The nodes that were kept when it was opened.
  const std::vector<KnownNode>& nodes() const;

  /// Adds a purge; answers its number on `home` once it is on disk. Errc::Busy if too many wait, Errc::System
  /// or Limit if the disk did not take it, Invalid if it is too large for the file (then it has no number).
  /// Any thread.
  void append(std::int64_t at_ms, std::string purge, base::Executor& home, Appended appended);
  /// Remembers or forgets a node with the next commit. False if too much waits. Any thread.
  bool keep_node(KnownNode node);
  bool forget_node(std::string name);
  /// Entries from `from` on, at most `max_bytes` of them but at least one; none past the head. Errc::NotFound
  /// if `from` is older than the oldest. Any thread.
  void read(Sequence from, std::size_t max_bytes, base::Executor& home, Read done);

 private:
  struct Impl;
  explicit Journal(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace purgeapi
