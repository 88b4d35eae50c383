// SPDX-License-Identifier: Apache-2.0
#include "edge/http/client_queue.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "edge/http/client_exchange.h"

namespace http {

struct TransferQueue::Server {
  std::string name{};
  bool multiplexes = false;  ///< its last response came over HTTP/2
  std::size_t passing = 0;   ///< of the running
  std::list<Transfer*> running{};
  std::list<Transfer*> waiting{};  ///< those that may use any connection
  std::list<Transfer*> waiting_passes{};
};

TransferQueue::TransferQueue(const ClientLimits& limits) : limits_(limits) {}

TransferQueue::~TransferQueue() = default;

TransferQueue::Server& TransferQueue::server_named(const std::string& name) {
  for (const auto& server : servers_) {
    if (server->name == name) return *server;
  }
  servers_.push_back(std::make_unique<Server>());
  servers_.back()->name = name;
  return *servers_.back();
}

void TransferQueue::push(Transfer& transfer, const std::string& server, bool pass) {
  Server& s = server_named(server);
  std::list<Transfer*>& line = pass ? s.waiting_passes : s.waiting;
  line.push_back(&transfer);
  transfer.place = {&s, std::prev(line.end()), ++last_ticket_, pass, false};
  ++waiting_;
}

Transfer* TransferQueue::pop() {
  for (std::size_t i = 0; waiting_ > 0 && i < servers_.size(); ++i) {
    turn_ = (turn_ + 1) % servers_.size();
    if (Transfer* next = pop_from(*servers_[turn_])) return next;
  }
  return nullptr;
}

Transfer* TransferQueue::pop_from(Server& server) {
  if (!has_room(server)) return nullptr;
  std::list<Transfer*>* line = server.waiting.empty() ? nullptr : &server.waiting;
  if (!server.waiting_passes.empty() && has_room_for_pass(server)) {
    const std::uint64_t ticket = server.waiting_passes.front()->place.ticket;
    if (line == nullptr || ticket < line->front()->place.ticket) line = &server.waiting_passes;
  }
  if (line == nullptr) return nullptr;
  Transfer* next = line->front();
  if (server.running.size() < limits_.connections_per_host) ++connections_;
  server.running.splice(server.running.end(), *line, line->begin());
  next->place.running = true;
  if (next->place.pass) ++server.passing;
  --waiting_;
  return next;
}

void TransferQueue::erase(Transfer& transfer) {
  const Place place = std::exchange(transfer.place, {});
  if (place.server == nullptr) return;
  Server& server = *place.server;
  if (!place.running) {
    (place.pass ? server.waiting_passes : server.waiting).erase(place.at);
    --waiting_;
    return;
  }
  server.running.erase(place.at);
  if (place.pass) --server.passing;
  if (server.running.size() < limits_.connections_per_host) --connections_;
}

void TransferQueue::set_pass(Transfer& transfer, bool pass) {
  Place& place = transfer.place;
  if (place.server == nullptr || !place.running || place.pass == pass) return;
  place.pass = pass;
  if (pass)
    ++place.server->passing;
  else
    --place.server->passing;
}

void TransferQueue::note_multiplexing(Transfer& transfer, bool multiplexes) {
  if (transfer.place.server != nullptr) transfer.place.server->multiplexes = multiplexes;
}

bool TransferQueue::has_room(const Server& server) const {
  const std::size_t own = limits_.connections_per_host;
  const std::size_t each = server.multiplexes ? limits_.streams_per_connection : 1;
  if (server.running.size() >= own * each) return false;
  return server.running.size() >= own || connections_ < limits_.connections_total;
}

bool TransferQueue::has_room_for_pass(const Server& server) const {
  const std::size_t all = limits_.connections_per_host;
  const std::size_t share = limits_.pass_connections == 0 ? all - all / 4 : limits_.pass_connections;
  const std::size_t each = server.multiplexes ? limits_.streams_per_connection : 1;
  return server.passing < share * each;
}

Transfer* TransferQueue::in_the_way_of(const Transfer& waiting, base::Steady now) {
  const Place& place = waiting.place;
  if (place.server == nullptr || place.running) return nullptr;
  const Server& server = *place.server;
  if ((place.pass ? server.waiting_passes : server.waiting).front() != &waiting) return nullptr;
  if (has_room(server) && (!place.pass || has_room_for_pass(server))) return nullptr;  // its turn comes
  Transfer* slowest = nullptr;
  auto least = static_cast<double>(limits_.minimum_rate);
  for (Transfer* transfer : server.running) {
    if (!transfer->place.pass) continue;
    const auto pace = transfer->pace_of_client(now);
    if (!pace || *pace >= least) continue;
    least = *pace;
    slowest = transfer;
  }
  return slowest;
}

}  // namespace http
