// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "edge/http/server.h"
#include "edge/loop/worker.h"
#include "origin/server/request.h"

namespace origin {

/// One event loop on a thread of its own with its HTTP server. Owned by the Origin and used from its home
/// thread.
class Worker {
 public:
  /// What all workers share; outlives them.
  struct Shared {
    FilePools& files;
    const Root& root;
    Counters& counters;
    logs::LineFile* access_log;
    http::Limits limits;
  };
  /// A listener that cannot be opened.
  struct Failure {
    std::size_t listener = 0;
    std::string text{};
  };

  Worker(unsigned index, const Shared& shared);
  ~Worker();
  /// Ends the server and its handlers, then the thread; the loop still takes what is posted to it.
  void end();

  /// Starts the thread and waits until it listens on all of `listeners`.
  std::optional<Failure> start(std::shared_ptr<const Site> site, std::vector<http::ListenOptions> listeners);
  std::uint16_t port(std::size_t listener) const { return ports_.at(listener); }
  void set_site(std::shared_ptr<const Site> site);
  void set_limits(const http::Limits& limits);
  void set_tls(std::size_t listener, std::shared_ptr<loop::TlsContext> tls);
  /// `done` is called on the worker's thread.
  void drain(std::chrono::milliseconds limit, base::Task done);
  http::ServerCounters counters() const { return server_->counters(); }

 private:
  std::optional<Failure> listen(const std::vector<http::ListenOptions>& listeners);

  Shared shared_;
  std::vector<std::uint16_t> ports_;
  // On the worker's thread from start() on.
  std::unique_ptr<RequestMaker> maker_;
  std::unique_ptr<http::Server> server_;
  loop::Worker thread_;  ///< last: ends first
};

}  // namespace origin
