// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "edge/base/error.h"
#include "purge/clock/purge.h"

namespace purge {

/// Where a follower gets the log from, and whom it tells how far it has come: the API over HTTP (HttpSource)
/// or the stream itself over NATS (NatsSource). Owned by the follower; used on its loop.
class LogSource {
 public:
  /// The follower. It may disconnect in each of these calls.
  class Sink {
   public:
    virtual ~Sink() = default;
    /// A line as GET /v1/log has them (log_line.h), the first of a connection first. After an error the
    /// source says no more of this connection but on_lost with its text.
    virtual base::Status on_line(std::string_view line) = 0;
    /// Something came.
    virtual void on_word() = 0;
    virtual void on_lost(const std::string& reason) = 0;
    /// No more lines for now: until resume().
    virtual bool full() = 0;
  };

  virtual ~LogSource() = default;
  /// Begins a connection for what comes after `after` of log `log_id` (empty: any log). If that log has
  /// another entry under this number than the one with `digest` (digest_of_entry; none: not known), it went
  /// back and gave numbers again: then it cannot go on from there, and its first line says "reset".
  virtual void connect(Sequence after, const std::string& log_id, std::optional<std::uint64_t> digest) = 0;
  /// Ends it. Nothing of it comes any more.
  virtual void disconnect() = 0;
  virtual void resume() = 0;
  /// Tells the API that `applied` is visible and kept: always the newest number only. Nothing is told before
  /// the connection's first line has come: until then nobody knows that the number is one of this log.
  virtual void tell(Sequence applied, const std::string& log_id) = 0;
  /// Brings an answer (JSON) to a question that came as a line to whoever has asked. False: it has no way
  /// there.
  virtual bool answer(const std::string&) { return false; }
};

}  // namespace purge
