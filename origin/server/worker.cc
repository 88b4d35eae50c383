// SPDX-License-Identifier: Apache-2.0
#include "origin/server/worker.h"

#include <future>
#include <utility>

namespace origin {

Worker::Worker(unsigned index, const Shared& shared)
    : shared_(shared), thread_("origin-" + std::to_string(index)) {}

Worker::~Worker() { end(); }

void Worker::end() {
  thread_.stop();
  thread_.join();
}

std::optional<Worker::Failure> Worker::start(std::shared_ptr<const Site> site,
                                             std::vector<http::ListenOptions> listeners) {
  std::promise<std::optional<Failure>> started;
  std::future<std::optional<Failure>> outcome = started.get_future();
  thread_.start(
      [this, site = std::move(site), listeners = std::move(listeners),
       started = std::move(started)]() mutable {
        maker_ =
            std::make_unique<RequestMaker>(Context{thread_.loop(), shared_.files, shared_.root,
                                                   shared_.counters, shared_.access_log, std::move(site)});
        server_ = std::make_unique<http::Server>(thread_.loop(), shared_.limits, *maker_);
        started.set_value(listen(listeners));
      },
      [this] {
        server_.reset();
        maker_.reset();
      });
  return outcome.get();
}

std::optional<Worker::Failure> Worker::listen(const std::vector<http::ListenOptions>& listeners) {
  for (std::size_t i = 0; i < listeners.size(); ++i) {
    if (auto listening = server_->listen(listeners[i]); !listening) return Failure{i, listening.error().text};
    ports_.push_back(server_->port(i));
  }
  return {};
}

void Worker::set_site(std::shared_ptr<const Site> site) {
  thread_.loop().post([this, site = std::move(site)]() mutable { maker_->set_site(std::move(site)); });
}

void Worker::set_limits(const http::Limits& limits) {
  thread_.loop().post([this, limits] { server_->set_limits(limits); });
}

void Worker::set_tls(std::size_t listener, std::shared_ptr<loop::TlsContext> tls) {
  thread_.loop().post(
      [this, listener, tls = std::move(tls)]() mutable { server_->set_tls(listener, std::move(tls)); });
}

void Worker::drain(std::chrono::milliseconds limit, base::Task done) {
  thread_.loop().post(
      [this, limit, done = std::move(done)]() mutable { server_->drain(limit, std::move(done)); });
}

}  // namespace origin
