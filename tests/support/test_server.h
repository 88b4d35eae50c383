// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "edge/http/server.h"
#include "edge/loop/worker.h"
#include "tests/support/test_handler.h"

namespace support {

/// An http::Server with a TestMaker on a thread of its own, listening on a loopback port.
class TestServer {
 public:
  explicit TestServer(const http::Limits& limits = {}, http::ListenOptions options = {})
      : worker_("test-server") {
    if (options.address.empty()) options.address = "127.0.0.1:0";
    std::promise<std::string> listening;
    worker_.start(
        [&, this] {
          maker_ = std::make_unique<TestMaker>(worker_.loop());
          server_ = std::make_unique<http::Server>(worker_.loop(), limits, *maker_);
          const base::Status status = server_->listen(options);
          if (status) port_ = server_->port(0);
          listening.set_value(status ? "" : status.error().text);
        },
        [this] { server_.reset(); });
    if (std::string error = listening.get_future().get(); !error.empty()) throw std::runtime_error(error);
  }
  ~TestServer() { stop(); }

  std::uint16_t port() const { return port_; }
  TestMaker& maker() { return *maker_; }
  http::ServerCounters counters() const { return server_->counters(); }

  /// Runs `task` on the server's thread and waits for it.
  void on_loop(base::Task task) {
    std::promise<void> done;
    worker_.loop().post([&] {
      task();
      done.set_value();
    });
    done.get_future().wait();
  }
  void with_server(std::move_only_function<void(http::Server&)> task) {
    on_loop([&] { task(*server_); });
  }
  /// Starts a drain; the future is ready when it is done.
  std::future<void> drain(std::chrono::milliseconds limit) {
    auto done = std::make_shared<std::promise<void>>();
    std::future<void> future = done->get_future();
    on_loop([&] { server_->drain(limit, [done] { done->set_value(); }); });
    return future;
  }
  /// Ends the server and its thread; lives() stay readable.
  void stop() {
    worker_.stop();
    worker_.join();
  }

 private:
  std::unique_ptr<TestMaker> maker_{};
  loop::Worker worker_;
  std::unique_ptr<http::Server> server_{};
  std::uint16_t port_ = 0;
};

}  // namespace support
