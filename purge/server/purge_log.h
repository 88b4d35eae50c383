// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "edge/base/error.h"
#include "edge/base/executor.h"
#include "purge/clock/purge.h"
#include "purge/server/asker.h"

namespace purgeapi {

using purge::Sequence;

/// One purge of the log.
struct JournalEntry {
  Sequence sequence = 0;
  std::int64_t at_ms = 0;     ///< wall clock, Unix milliseconds, when it was accepted
  std::string purge{};        ///< as purge::to_json wrote it; empty: a term begins here
  Asker asker{};              ///< who purged
  std::string request_key{};  ///< of the idempotency key that it came with; of an embedded log only
  std::string digest{};       ///< of that request's body
  Sequence last = 0;          ///< the last number of that request
  Sequence after = 0;         ///< of a term's first entry: the last number of the term before
};

/// What is remembered of a node, so that one that is not back after a restart is known to be missing.
struct KnownNode {
  std::string name{};
  Sequence applied = 0;       ///< newest number acknowledged, or an older one
  std::int64_t heard_ms = 0;  ///< wall clock, Unix milliseconds
};

/// What one process of the API tells the others of a node.
struct NodeWord {
  enum class Kind : std::uint8_t { Applied, Left, Forget };
  Kind kind = Kind::Applied;
  std::string name{};
  Sequence applied = 0;
};

/// The one log: purges under the numbers that it gives them, and beside them who follows it. Engines: Journal
/// (LMDB in this process), NatsLog (a NATS JetStream stream that many processes share). Owned by the service;
/// executors given to it must outlive it.
class PurgeLog {
 public:
  /// The purges of one request: all of them, one after the other, or none.
  struct Append {
    std::int64_t at_ms = 0;
    std::vector<std::string> purges{};  ///< at least one, as purge::to_json wrote them
    Asker asker{};
    /// Not empty: a second request with the same key within the log's window gets the numbers of the first
    /// and adds nothing, or Errc::Exists if its digest is another. At most 64 bytes each.
    std::string request_key{};
    std::string digest{};
  };
  using Appended = std::move_only_function<void(base::Result<std::vector<Sequence>>)>;
  using Read = std::move_only_function<void(base::Result<std::vector<JournalEntry>>)>;
  /// What it holds: [oldest, head]; oldest is head + 1 if nothing.
  struct Bounds {
    Sequence oldest = 1;
    Sequence head = 0;
  };
  /// What the log tells of itself; on the executor given to listen().
  class Listener {
   public:
    virtual ~Listener() = default;
    /// The head is now `head`, through whatever process. Comes before the answers of those purges.
    virtual void on_head_moved(Sequence head) = 0;
    /// It is another log than before, or it cannot go on: who reads it has to begin anew.
    virtual void on_log_changed() = 0;
    /// What another process of the API, or a node itself, tells of a node.
    virtual void on_word(const NodeWord& word) = 0;
    /// What the nodes are asked (JSON), through another process: for those that read the log of this one.
    virtual void on_question(const std::string&) {}
    /// What a node that follows the engine itself has answered.
    virtual void on_answer(const std::string&, std::string) {}
  };

  virtual ~PurgeLog() = default;

  /// Once, before anything is appended. `listener` gets nothing more after the log's end or listen(home,
  /// null).
  virtual void listen(base::Executor& home, Listener* listener) = 0;
  /// Tells this log from all others. Any thread.
  virtual std::string log_id() const = 0;
  /// As kept durably. Any thread.
  virtual Bounds bounds() const = 0;
  /// Whether bounds() are as good as now: false if who keeps the log has not been heard for too long, so that
  /// others may have added to it unseen. Any thread.
  virtual bool in_touch() const = 0;
  /// The nodes that were kept when it was opened.
  virtual std::vector<KnownNode> nodes() const = 0;

  /// Adds purges; answers their numbers on `home` once they are durable. Errc::Busy if too many wait, System,
  /// Limit, Timeout or Unavailable if they could not be kept (or it is not known), Invalid if they are too
  /// large for the log (then they have no number), Exists as Append::request_key says. Any thread.
  virtual void append(Append request, base::Executor& home, Appended appended) = 0;
  /// Remembers or forgets a node. False if too much waits. Any thread.
  virtual bool keep_node(KnownNode node) = 0;
  virtual bool forget_node(std::string name) = 0;
  /// Entries from `from` on, at most `max_bytes` of them but at least one; none past the head. Errc::NotFound
  /// if `from` is older than the oldest. Any thread.
  virtual void read(Sequence from, std::size_t max_bytes, base::Executor& home, Read done) = 0;
  /// Tells the other processes of the API, if the engine has any.
  virtual void tell(const NodeWord&) {}
  /// Brings a question, a line of the log, to the nodes that follow the engine itself and to the other
  /// processes of the API, if there are any.
  virtual void carry(const std::string&) {}
};

}  // namespace purgeapi
