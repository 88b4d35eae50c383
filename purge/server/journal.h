// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "edge/base/error.h"
#include "edge/base/executor.h"
#include "purge/server/journal_tables.h"
#include "purge/server/purge_log.h"

namespace purgeapi {

/// The embedded engine: purges in LMDB under the numbers that it gives them, without gaps within a term, and
/// beside them who follows it. One thread writes; what comes while it commits goes into the next commit, and
/// each commit is synced before it is answered. When the file is nearly full the oldest entries go. Another
/// thread reads. It leads, or follows another as its standby and then takes entries with their numbers only.
class Journal final : public PurgeLog {
 public:
  struct Options {
    std::string folder{};
    std::uint64_t keep_entries =
        1'000'000;                          ///< older ones are forgotten; followers that need them start over
    std::uint64_t map_bytes = 64ULL << 30;  ///< so large the (sparse) file may get; older entries go first
    std::size_t queued_max = 10'000;        ///< requests waiting for a commit
    std::chrono::milliseconds commit_delay{1};      ///< for more purges, once they come faster than commits
    std::chrono::milliseconds key_window{600'000};  ///< idempotency keys are remembered for so long
    std::uint64_t keys_max = 100'000;               ///< and so many of them
    bool standby =
        false;  ///< a log that is made now begins as another's standby; one that was promoted stays so
    bool operator==(const Options&) const = default;
  };
  using Done = std::move_only_function<void(base::Status)>;

  /// Blocks. A log that is damaged is an error (Errc::Corrupt): only the operator may decide to lose it.
  static base::Result<std::unique_ptr<Journal>> open(const Options& options);
  /// Writes what is queued. Answers that have not been given by then are not given.
  ~Journal() override;

  void listen(base::Executor& home, Listener* listener) override;
  /// Chosen by chance when the log was made; a standby takes its primary's, and has none before.
  std::string log_id() const override;
  Bounds bounds() const override;
  bool in_touch() const override { return true; }  ///< it is here
  std::vector<KnownNode> nodes() const override;
  void append(Append request, base::Executor& home, Appended appended) override;
  bool keep_node(KnownNode node) override;
  bool forget_node(std::string name) override;
  void read(Sequence from, std::size_t max_bytes, base::Executor& home, Read done) override;

  // Of a log with a standby. Any thread.
  Leadership leadership() const;
  /// A standby's: begins with `log_id`, forgetting what it had; the next entry may have any number. It cannot
  /// be promoted before it has the entry `whole_at`.
  void adopt(std::string log_id, Sequence whole_at, base::Executor& home, Done done);
  /// A standby's: keeps entries that follow its head, under their numbers. Those it has are passed over.
  void replicate(std::vector<JournalEntry> entries, base::Executor& home, Done done);
  /// A standby's: from now on it leads, in a new term whose numbers no older term gives. Answers the term;
  /// again if it leads already.
  void promote(std::int64_t at_ms, base::Executor& home,
               std::move_only_function<void(base::Result<std::uint64_t>)> done);
  /// A newer term leads: from now on this log takes no purges.
  void supersede(std::uint64_t term, base::Executor& home, Done done);

 private:
  struct Impl;
  explicit Journal(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace purgeapi
