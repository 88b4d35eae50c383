// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "edge/base/executor.h"
#include "edge/http/handler.h"
#include "purge/clock/purge.h"
#include "purge/server/audit.h"
#include "purge/server/auth.h"
#include "purge/server/compat.h"
#include "purge/server/nodes.h"
#include "purge/server/purge_log.h"
#include "purge/server/questions.h"
#include "purge/server/rate_gates.h"

namespace purgeapi {

class LogStream;
class Standing;

/// Bounds of the API; all are settings.
struct ApiLimits {
  std::size_t body_bytes = 1U << 20;           ///< of a purge
  std::size_t batch = 100;                     ///< purges of one request
  std::chrono::milliseconds wait{60'000};      ///< the longest ?wait=
  std::chrono::milliseconds heartbeat{3'000};  ///< of the log
  std::size_t stream_bytes = 256U << 10;       ///< of the log, read but not yet sent, of one follower
  std::chrono::milliseconds verify{5'000};     ///< for the nodes' answers to GET /v1/verify
  std::size_t verifications = 32;              ///< questions under way at once
  Nodes::Limits nodes{};
  bool operator==(const ApiLimits&) const = default;
};

/// The HTTP API: turns requests into handlers (routes.h says which there are) and holds what they share.
/// Owned by the service; lives on its loop. The journal must outlive it.
class Api final : public http::HandlerMaker, private PurgeLog::Listener, private Questions::Carrier {
 public:
  Api(base::Executor& home, PurgeLog& journal, const ApiLimits& limits);
  ~Api() override;

  std::unique_ptr<http::Handler> make(const http::ConnectionInfo& connection, http::RequestHead head,
                                      http::ResponseWriter& writer) override;

  /// Of an embedded log; before the first request. Must outlive this.
  void set_standing(Standing& standing) { standing_ = &standing; }
  Standing* standing() { return standing_; }  ///< null: any API of this log takes purges
  const Standing* standing() const { return standing_; }

  /// From now on these; logs that are read with a token that is gone are ended.
  void set_tokens(std::shared_ptr<const Tokens> tokens);
  /// From now on these zones and services; if anything of them has changed, all rates begin anew.
  void set_compat(std::shared_ptr<const Compat> compat);
  /// No new purges and logs; ends the logs, answers who waits.
  void drain();
  bool draining() const { return draining_; }
  /// Why the log's head is not to be trusted, if so: no edge may follow here, 503.
  std::optional<Refusal> out_of_touch() const;

  // For the handlers.
  base::Executor& home() { return home_; }
  PurgeLog& journal() { return journal_; }
  Nodes& nodes() { return nodes_; }
  const Nodes& nodes() const { return nodes_; }
  Questions& questions() { return questions_; }
  const ApiLimits& limits() const { return limits_; }
  std::int64_t wall_ms() const;
  using Accepted = PurgeLog::Appended;
  /// What else the log keeps of a request.
  struct Origin {
    Asker asker{};
    std::string request_key{};  ///< as PurgeLog::Append
    std::string digest{};
  };
  /// Writes the purges (at least one) to the log; answers their numbers on the loop. The nodes hear of them
  /// whether or not the caller is still there.
  void accept(const std::vector<purge::Purge>& purges, Origin origin, Accepted done);
  const Compat& compat() const { return *compat_; }
  RateGates& gates() { return gates_; }

  /// Looked at after each change of the nodes while it lives; on drain, `look(true)`: answer now.
  class Waiter {
   public:
    explicit Waiter(Api& api) : api_(api) { api_.waiters_.insert(this); }
    virtual ~Waiter() { api_.waiters_.erase(this); }
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;
    virtual void look(bool last) = 0;

   private:
    Api& api_;
  };
  void add(LogStream& stream) { streams_.insert(&stream); }
  void remove(LogStream& stream) { streams_.erase(&stream); }
  std::size_t streams() const { return streams_.size(); }
  /// One answer: through which API, and its status.
  using Answered = std::pair<std::string_view, int>;
  void count(const Answered& answered) { ++answered_[answered]; }
  const std::map<Answered, std::uint64_t>& answered() const { return answered_; }
  /// Null: none is kept. Must outlive this.
  void set_audit(Audit* audit) { audit_ = audit; }
  Audit* audit() const { return audit_; }

 private:
  void on_head_moved(Sequence head) override;
  void on_log_changed() override;
  void on_word(const NodeWord& word) override;
  void on_question(const std::string& question) override;
  void on_answer(const std::string& node, std::string json) override;
  void look(bool last);
  void look_soon();
  void forget_absent();
  void look_for_touch();
  void carry(const std::string& line) override;
  void say(const std::string& line);
  void end_streams();
  bool keep(const std::string& name, const Node* node);

  base::Executor& home_;
  PurgeLog& journal_;
  Standing* standing_ = nullptr;
  const ApiLimits limits_;
  Nodes nodes_;
  Questions questions_{*this, limits_.verifications};
  Sequence head_ = 0;  ///< newest that the nodes were told of
  std::shared_ptr<const Tokens> tokens_{};
  std::shared_ptr<const Compat> compat_;
  RateGates gates_{};
  std::set<LogStream*> streams_{};
  std::set<Waiter*> waiters_{};
  std::map<Answered, std::uint64_t> answered_{};
  Audit* audit_ = nullptr;
  bool draining_ = false;
  bool look_due_ = false;
  bool led_ = true;
  base::Timer forget_timer_;
  base::Timer touch_timer_;
  base::Anchor anchor_{};
};

}  // namespace purgeapi
