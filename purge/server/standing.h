// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "edge/base/executor.h"
#include "edge/http/client.h"
#include "edge/loop/loop.h"
#include "purge/server/answer.h"
#include "purge/server/journal.h"
#include "purge/server/peer.h"
#include "purge/server/standby_follower.h"

namespace purgeapi {

class LogStream;

/// Whether this process leads its embedded log. A primary serves its standby and, if it is to, answers a
/// purge only once the standby has it; a standby follows and can be promoted; a primary that hears of a newer
/// term takes no more purges, for ever. Owned by the service; lives on its loop.
class Standing {
 public:
  struct Options {
    std::string of{};    ///< a standby's: the primary
    std::string peer{};  ///< a primary's: its standby, which may have been promoted meanwhile
    std::string token{};
    std::string ca_file{};
    bool required = false;                       ///< purges wait for the standby
    std::chrono::milliseconds wait{5'000};       ///< for so long
    std::chrono::milliseconds peer_wait{5'000};  ///< at the start, for the peer's word on who leads
    std::chrono::milliseconds silence{15'000};
    std::chrono::milliseconds alone{60'000};  ///< required, but there is no standby: it may lead by now
    bool operator==(const Options&) const = default;
  };
  using Done = std::move_only_function<void(base::Status)>;

  Standing(loop::Loop& loop, Journal& journal, Options options);
  ~Standing();
  /// Begins to follow, or to ask the peer.
  void start(StandbyFollower::Noted noted);

  Leadership leadership() const { return journal_.leadership(); }
  Meeting meeting() const { return {.log_id = journal_.log_id(), .leadership = leadership()}; }
  /// Why purges, logs and acknowledgements are refused, if they are: 503.
  std::optional<Refusal> refusal() const;
  /// The same of a purge: also while a standby is required and there is none.
  std::optional<Refusal> purge_refusal() const;
  /// Why the edges should not trust this log's head, if so: a standby is required and there has been none
  /// for so long that it may have been promoted.
  std::optional<Refusal> out_of_touch() const;
  /// Somebody knows this log in a newer term.
  void meets(const Meeting& other);
  /// `done` once the standby has all up to `sequence`, if it must.
  void await(Sequence sequence, Done done);
  /// A standby leads from now on. Answers the term.
  void promote(std::int64_t at_ms, std::move_only_function<void(base::Result<std::uint64_t>)> done);

  // What a standby reads of this primary.
  void attached(LogStream& stream, Sequence has);
  void detached(LogStream& stream);
  void acknowledged(Sequence sequence);
  bool has_standby() const { return stream_ != nullptr && clock_.steady() - heard_ < options_.silence; }
  Sequence standby_has() const { return acknowledged_; }

 private:
  struct Waiting {
    Done done{};
    base::Steady deadline{};
  };
  void on_peer(const std::optional<Meeting>& meeting);
  void follow();
  void ask(const std::string& url);
  void look_for_late();

  loop::Loop& loop_;
  const base::Clock& clock_;
  Journal& journal_;
  const Options options_;
  const base::Steady began_;
  std::shared_ptr<http::ServerOptions> server_;
  http::Client client_;
  bool asked_ = true;  ///< the peer has answered who leads, or its time is over
  base::Steady asking_since_{};
  LogStream* stream_ = nullptr;
  Sequence acknowledged_ = 0;
  base::Steady heard_{};
  std::multimap<Sequence, Waiting> waiting_{};
  base::Timer timer_;
  StandbyFollower::Noted noted_{};
  std::unique_ptr<Peer> peer_{};
  std::unique_ptr<StandbyFollower> follower_{};
  base::Anchor anchor_{};
};

}  // namespace purgeapi
