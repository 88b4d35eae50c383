// SPDX-License-Identifier: Apache-2.0
#include "edge/http/connection_set.h"

#include <unistd.h>

#include <utility>

#include "edge/loop/turn_clock.h"

namespace http {
namespace {

/// Connections that wake each other (by sharing a fetch) may do so this often in one turn; then the loop
/// looks for events.
constexpr int kRoundsMax = 8;

}  // namespace

ConnectionSet::ConnectionSet(loop::Loop& loop, const Limits& limits, HandlerMaker& maker)
    : loop_(loop),
      limits_(std::make_shared<const Limits>(limits)),
      maker_(maker),
      record_buffer_(std::make_unique<Output::Buffer>()),
      read_buffer_(std::make_unique<std::array<char, kReadBytes>>()) {}

ConnectionSet::~ConnectionSet() { cut(); }

void ConnectionSet::add(Connection::Accepted accepted) {
  counters_.accepted.add(1);
  if (connections_.size() >= limits_->connections || draining_) {
    counters_.refused.add(1);
    ::close(accepted.fd);
    return;
  }
  counters_.open.add(1);
  auto connection = std::make_unique<Connection>(*this, limits_, std::move(accepted));
  connection->index = connections_.size();
  connections_.push_back(std::move(connection));
}

void ConnectionSet::wake(Connection& connection) {
  if (std::exchange(connection.woken, true)) return;
  woken_.push_back(&connection);
  if (std::exchange(turn_end_asked_, true)) return;
  loop_.at_turn_end(anchor_.wrap([this] { run_turn_ends(); }));
}

void ConnectionSet::wake_next_turn(Connection& connection) {
  if (woken_later_.empty()) {
    loop_.post(anchor_.wrap([this] {
      for (Connection* later : std::exchange(woken_later_, {})) wake(*later);
    }));
  }
  woken_later_.push_back(&connection);
}

void ConnectionSet::run_turn_ends() {
  for (int round = 0; round < kRoundsMax && !woken_.empty(); ++round) {
    for (Connection* connection : std::exchange(woken_, {})) {
      connection->woken = false;
      loop_.turn_clock().go_on();
      if (!connection->dead()) connection->turn_end();
      if (connection->dead()) remove(*connection);
    }
  }
  turn_end_asked_ = false;
  for (Connection* connection : std::exchange(woken_, {})) {
    connection->woken = false;
    wake_next_turn(*connection);
  }
  tell_if_empty();
}

void ConnectionSet::remove(Connection& connection) {
  std::erase(woken_, &connection);
  std::erase(woken_later_, &connection);
  const std::size_t at = connection.index;
  std::swap(connections_[at], connections_.back());
  connections_[at]->index = at;
  const std::unique_ptr<Connection> ended = std::move(connections_.back());
  connections_.pop_back();
  counters_.open.subtract(1);
}

void ConnectionSet::drain(base::Task empty) {
  draining_ = true;
  empty_ = std::move(empty);
  for (const auto& connection : connections_) connection->drain();
  tell_if_empty();
}

void ConnectionSet::tell_if_empty() {
  if (!connections_.empty() || !empty_) return;
  loop_.post(anchor_.wrap(std::exchange(empty_, {})));
}

void ConnectionSet::cut() {
  woken_.clear();
  woken_later_.clear();
  for (const auto& connection : std::exchange(connections_, {})) {
    // No wake-up while it ends: it is in no list any more.
    connection->woken = true;
    counters_.open.subtract(1);
  }
  tell_if_empty();
}

}  // namespace http
