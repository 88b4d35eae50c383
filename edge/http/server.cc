// SPDX-License-Identifier: Apache-2.0
#include "edge/http/server.h"

#include <atomic>
#include <utility>
#include <vector>

#include "edge/http/connection_set.h"
#include "edge/loop/listener.h"

namespace http {
namespace {

std::uint64_t next_connection_id() {
  static std::atomic<std::uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

}  // namespace

struct Server::Impl {
  Impl(loop::Loop& loop, const Limits& limits, HandlerMaker& maker)
      : connections(loop, limits, maker), drain_limit(loop) {}

  struct Entrance {
    ListenOptions options{};
    std::unique_ptr<loop::Listener> listener{};
  };

  void accepted(const Entrance& entrance, loop::Accepted socket) {
    Connection::Accepted accepted;
    accepted.fd = socket.fd;
    accepted.info.client_address = std::move(socket.client_address);
    accepted.info.client_port = socket.client_port;
    accepted.info.server_address = std::move(socket.server_address);
    accepted.info.server_port = socket.server_port;
    accepted.info.trust_forwarded = entrance.options.trust_forwarded;
    accepted.info.id = next_connection_id();
    accepted.tls = entrance.options.tls;
    accepted.proxy_protocol = entrance.options.proxy_protocol;
    connections.add(std::move(accepted));
  }

  ConnectionSet connections;
  std::vector<std::unique_ptr<Entrance>> entrances{};
  base::Timer drain_limit;
};

Server::Server(loop::Loop& loop, const Limits& limits, HandlerMaker& maker)
    : impl_(std::make_unique<Impl>(loop, limits, maker)) {}

Server::~Server() = default;

base::Status Server::listen(const ListenOptions& options) {
  auto entrance = std::make_unique<Impl::Entrance>();
  entrance->options = options;
  auto listener = loop::Listener::open(
      impl_->connections.loop(), options.address, options.backlog,
      [this, at = entrance.get()](loop::Accepted socket) { impl_->accepted(*at, std::move(socket)); });
  if (!listener) return std::unexpected(std::move(listener.error()));
  entrance->listener = std::move(*listener);
  impl_->entrances.push_back(std::move(entrance));
  return {};
}

std::uint16_t Server::port(std::size_t index) const { return impl_->entrances.at(index)->listener->port(); }

void Server::set_tls(std::size_t index, std::shared_ptr<loop::TlsContext> tls) {
  impl_->entrances.at(index)->options.tls = std::move(tls);
}

void Server::set_limits(const Limits& limits) { impl_->connections.set_limits(limits); }

void Server::drain(std::chrono::milliseconds limit, base::Task done) {
  for (const auto& entrance : impl_->entrances) {
    if (!entrance->listener) continue;
    entrance->listener->accept_waiting();
    entrance->listener.reset();
  }
  impl_->drain_limit.start(limit, [this] { impl_->connections.cut(); });
  impl_->connections.drain([this, done = std::move(done)]() mutable {
    impl_->drain_limit.stop();
    done();
  });
}

ServerCounters Server::counters() const { return impl_->connections.counters().snapshot(); }

}  // namespace http
