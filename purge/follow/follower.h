// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "edge/base/executor.h"
#include "edge/http/exchange.h"
#include "purge/clock/ledger.h"
#include "purge/nats/link.h"

namespace purge {

/// Where on the log a ledger stands.
struct LedgerPlace {
  std::uint16_t epoch = 1;
  Sequence sequence = 0;
  Stamp floor = 0;  ///< Ledger::floor
  std::string log_id{};
  std::optional<std::uint64_t> digest{};  ///< of the entry `sequence` (digest_of_entry), if it is known
};

/// The ledger's persistence (purge/follow/ledger_disk.h): one LMDB transaction keeps an entry's effect and
/// applied_seq together.
class LedgerStore {
 public:
  virtual ~LedgerStore() = default;
  /// Keeps `rows` and the place, and forgets the rows that a risen floor makes superfluous; answers on `home`
  /// once it is durable. Calls are kept in order and grouped. Any thread.
  virtual void keep(LedgerPlace place, std::vector<Ledger::Row> rows, base::Executor& home,
                    std::move_only_function<void(base::Status)> kept) = 0;
  /// Forgets all rows and begins at `place`, as one transaction.
  virtual void restart(LedgerPlace place, base::Executor& home,
                       std::move_only_function<void(base::Status)> kept) = 0;
  /// Forgets the rows with nothing above `upto`, but for `spared` (Ledger::drop). In order with the others.
  virtual void forget(Stamp upto, std::shared_ptr<const Ledger::Names> spared) = 0;
};

/// An edge's side of the log: takes its lines from a source (an API over HTTP, or the stream over NATS),
/// applies each entry to the ledger, keeps it, acknowledges it, reconnects with backoff and jitter, and
/// starts a new epoch when the log cannot go back far enough, went back itself, or is another log. Lives on
/// one loop.
class Follower {
 public:
  struct Options {
    std::string api_url{};                 ///< "https://purge.example:9443"
    std::vector<std::string> more_urls{};  ///< other APIs of the same log, asked in turn when one fails
    /// The stream, in place of an API.
    struct Nats {
      nats::Access access{};
      std::string stream{};
    };
    std::optional<Nats> nats{};
    std::string token{};
    std::string node{};  ///< this edge's name
    std::shared_ptr<const http::ServerOptions> server{};
    std::chrono::milliseconds backoff_min{100};
    std::chrono::milliseconds backoff_max{10'000};
    std::chrono::milliseconds silence_limit{15'000};  ///< the API sends a heartbeat at least every 5 s
    std::uint64_t seed = 0;                           ///< of the jitter
    std::function<void(std::string_view json)> on_question{};  ///< what the API asks its nodes (Question)
  };
  /// What is known about the log; read by any thread.
  struct State {
    std::atomic<bool> connected{false};
    std::atomic<bool> caught_up{
        false};  ///< has applied all that the log held when it connected, at least once since start
    std::atomic<std::int64_t> heard_ms{0};  ///< steady clock, milliseconds, of the last byte from the log
    std::atomic<std::uint64_t> applied{0};
    std::atomic<std::uint64_t> log_head{0};
    std::atomic<std::uint64_t> reconnects{0};
    std::atomic<std::uint64_t> resets{0};
  };

  /// `log_id` and `digest` are what the ledger's persistence remembers; empty on a first start.
  Follower(base::Executor& home, http::ExchangeMaker& client, Ledger& ledger, LedgerStore& store,
           Options options, std::string log_id, std::optional<std::uint64_t> digest = {});
  ~Follower();
  void start();
  const State& state() const;
  /// An answer to on_question's, the way that the log comes. False: that leads only here (LogSource::answer).
  bool answer(const std::string& json);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace purge
