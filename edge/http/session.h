// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string_view>

#include "edge/base/clock.h"
#include "edge/http/handler.h"
#include "edge/http/live_counters.h"
#include "edge/http/output.h"
#include "edge/http/server.h"

namespace http {

/// What a session needs of the connection that owns it.
class SessionHost {
 public:
  virtual ~SessionHost() = default;
  /// Asks for produce() at the end of this turn. Cheap, may be called at any time, also from within handlers.
  virtual void wake() = 0;
  virtual const ConnectionInfo& info() const = 0;
  virtual const Limits& limits() const = 0;
  virtual HandlerMaker& maker() = 0;
  virtual const base::Clock& clock() const = 0;
  virtual LiveCounters& counters() = 0;
};

/// One protocol spoken on one connection: turns bytes into requests for handlers and their responses into
/// bytes. Owned by its connection, home thread only. Never called from within a handler. Handlers end inside
/// produce(), receive() or the destructor, each after its on_finished.
class Session {
 public:
  virtual ~Session() = default;
  /// Bytes from the client; all are taken.
  virtual void receive(std::string_view bytes) = 0;
  /// The client has ended its side: no more receive().
  virtual void input_ended() = 0;
  /// Whether more bytes may be read from the client now (back-pressure of request bodies and pipelined
  /// requests).
  virtual bool wants_input() const = 0;
  /// Writes what there is to say until `output` is full.
  virtual void produce(Output& output) = 0;
  /// Nothing will be produced or wanted any more: the connection may close once its output is with the
  /// kernel.
  virtual bool finished() const = 0;
  /// Whether the client would take an end of the connection now for the end of a response that is not
  /// complete.
  virtual bool ends_too_soon() const = 0;
  /// Finishes the running requests, takes no new ones.
  virtual void drain() = 0;
  /// When to call on_time() at the latest.
  virtual base::Steady deadline() const = 0;
  /// Acts on time limits that have run out at `time`.
  virtual void on_time(base::Steady time) = 0;
};

}  // namespace http
