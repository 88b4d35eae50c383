// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "edge/base/error.h"
#include "edge/base/program.h"
#include "edge/coding/coder.h"
#include "edge/http/client.h"
#include "edge/http/server.h"
#include "edge/loop/loop.h"
#include "edge/loop/signals.h"
#include "edge/loop/worker.h"
#include "edge/node/admin.h"
#include "edge/node/config.h"
#include "edge/node/context.h"
#include "edge/node/group_clock.h"
#include "edge/node/node_loop.h"
#include "edge/node/purge_clock.h"
#include "edge/node/purge_gate.h"
#include "edge/node/sweeper.h"
#include "edge/node/verification.h"
#include "purge/follow/follower.h"
#include "purge/follow/ledger_disk.h"
#include "store/disk/lmdb_disk.h"

namespace node {

/// The edge: owns and wires the tiers, the fetch table, the ledger and one NodeLoop for each worker thread.
/// The thread that calls run() is the control thread: signals, the admin listener and the purge log's
/// follower live on its loop.
class Node {
 public:
  struct Options {
    std::string config_path{};
    std::string ready_file{};
  };
  Node(Options options, std::shared_ptr<const Config> config);
  ~Node();

  /// Opens stores and listeners. On an error nothing runs.
  base::Status start();
  /// Until SIGTERM or SIGINT has been obeyed.
  void run();

  // For the admin listener; control thread.
  std::string readiness() const;  ///< empty: ready; otherwise what is missing
  const Config& config() const { return *config_; }
  Shared& shared() { return *shared_; }
  base::Executor& executor() { return control_; }
  void collect(metrics::Samples& samples) const;

 private:
  std::uint64_t tier_bytes() const;
  base::Status open_ledger();
  base::Status open_disk();
  base::Status start_workers();
  base::Status start_worker(std::size_t index, std::vector<std::string>& addresses);
  void start_follower();
  void start_sweeper();
  void ask_oldest_fill(std::move_only_function<void(purge::Stamp)> answer);
  void on_signal(int number);
  void reload();
  void drain();
  void stop();
  bool distrust() const;
  std::chrono::milliseconds silence() const;

  Options options_;
  std::shared_ptr<const Config> config_;            ///< control thread's; loops have their own reference
  const std::chrono::milliseconds distrust_after_;  ///< [purge] distrust_after; any thread
  const std::uint64_t queue_bytes_;                 ///< of the disk's writers
  std::shared_ptr<loop::TlsContext> tls_{};

  // Executors outlive the disk store, whose threads post to them.
  loop::Loop control_{};
  std::vector<std::unique_ptr<loop::Worker>> workers_{};
  std::vector<std::unique_ptr<LoopCounters>> counters_{};
  coding::Coder coder_;                             ///< its threads take the disk's answers too
  std::vector<std::unique_ptr<NodeLoop>> loops_{};  ///< each made and ended on its worker's thread

  purge::Ledger ledger_;
  std::unique_ptr<purge::LedgerDisk> ledger_disk_{};
  PurgeClock clock_{ledger_};
  std::unique_ptr<PurgeGate> purges_{};  ///< with a purge API
  std::string log_id_{};
  std::optional<std::uint64_t> log_digest_{};
  bool empty_disk_ = false;  ///< the ledger does not know what was purged before
  store::MemoryTier memory_;
  std::unique_ptr<store::LmdbDisk> disk_{};
  std::optional<store::Admission> admission_{};  ///< with the disk
  std::atomic<std::uint64_t> fill_bytes_{0};
  fetch::FetchTable fetches_{};
  fetch::PassMarks pass_marks_;
  VariantLists variants_;
  fetch::PassMarks retry_pauses_;
  GroupClock groups_;
  std::unique_ptr<logs::LineFile> access_log_{};
  std::unique_ptr<Shared> shared_{};  ///< once the disk is open

  std::unique_ptr<http::Client> control_client_{};
  std::unique_ptr<Verifier> verifier_{};
  std::unique_ptr<purge::Follower> follower_{};
  std::unique_ptr<Sweeper> sweeper_{};
  std::unique_ptr<loop::Signals> signals_{};
  std::unique_ptr<Admin> admin_{};
  std::size_t draining_ = 0;
  bool stopping_ = false;
  base::Steady started_{};
};

}  // namespace node
