// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "edge/base/executor.h"
#include "edge/http/connection.h"
#include "edge/http/live_counters.h"
#include "edge/http/output.h"
#include "edge/loop/loop.h"

namespace http {

/// The connections of one server. Runs the turn end of those that were woken, together, and ends the dead
/// ones there, where none of their methods is on the stack. Lends them the loop's buffers. Home thread only,
/// counters aside.
class ConnectionSet {
 public:
  static constexpr std::size_t kReadBytes = 64 * 1024;

  ConnectionSet(loop::Loop& loop, const Limits& limits, HandlerMaker& maker);
  ~ConnectionSet();
  ConnectionSet(const ConnectionSet&) = delete;
  ConnectionSet& operator=(const ConnectionSet&) = delete;

  /// Takes over an accepted socket; closes it at once if there are too many.
  void add(Connection::Accepted accepted);
  void set_limits(const Limits& limits) { limits_ = std::make_shared<const Limits>(limits); }

  /// `connection` gets its turn_end() in this turn.
  void wake(Connection& connection);
  /// The same, in the next turn: it has more to do than is fair to do at once.
  void wake_next_turn(Connection& connection);

  /// Lets all connections finish. Calls `empty` when none is left, which may be at once.
  void drain(base::Task empty);
  /// Ends all connections.
  void cut();

  loop::Loop& loop() { return loop_; }
  HandlerMaker& maker() { return maker_; }
  LiveCounters& counters() { return counters_; }
  const LiveCounters& counters() const { return counters_; }
  Output::Buffer& record_buffer() { return *record_buffer_; }
  std::array<char, kReadBytes>& read_buffer() { return *read_buffer_; }

 private:
  void run_turn_ends();
  void remove(Connection& connection);
  void tell_if_empty();

  loop::Loop& loop_;
  std::shared_ptr<const Limits> limits_;
  HandlerMaker& maker_;
  LiveCounters counters_{};
  std::unique_ptr<Output::Buffer> record_buffer_;
  std::unique_ptr<std::array<char, kReadBytes>> read_buffer_;
  std::vector<std::unique_ptr<Connection>> connections_{};
  std::vector<Connection*> woken_{};
  std::vector<Connection*> woken_later_{};
  bool turn_end_asked_ = false;
  bool draining_ = false;
  base::Task empty_{};
  base::Anchor anchor_{};
};

}  // namespace http
