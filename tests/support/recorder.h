// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "edge/http/client.h"
#include "edge/loop/loop.h"

namespace support {

/// Keeps all that an exchange tells; tests hook in where they want to act.
class Recorder final : public http::ExchangeListener {
 public:
  std::vector<http::ResponseHead> informational{};
  std::optional<http::ResponseHead> head{};
  std::string body{};
  std::optional<http::Fields> trailers{};
  std::optional<http::ExchangeError> error{};
  bool ended = false;
  bool after_end = false;  ///< a call came after on_end

  std::function<void()> when_head{};
  std::function<http::Flow(std::string_view)> when_data{};
  std::function<void()> when_trailers{};
  std::function<void()> when_end{};

  void on_informational(http::ResponseHead told) override { informational.push_back(std::move(told)); }
  void on_head(http::ResponseHead told) override {
    after_end |= ended;
    head = std::move(told);
    if (when_head) when_head();
  }
  http::Flow on_data(std::string_view bytes) override {
    after_end |= ended;
    body.append(bytes);
    return when_data ? when_data(bytes) : http::Flow::Continue;
  }
  void on_trailers(http::Fields told) override {
    trailers = std::move(told);
    if (when_trailers) when_trailers();
  }
  void on_end(std::optional<http::ExchangeError> told) override {
    after_end |= ended;
    ended = true;
    error = std::move(told);
    if (when_end) when_end();
  }
};

/// A loop on the test's thread with a client on it.
class ClientRig {
 public:
  explicit ClientRig(const http::ClientLimits& limits = {})
      : client_(std::make_unique<http::Client>(loop_, limits)) {}

  loop::Loop& loop() { return loop_; }
  http::Client& client() { return *client_; }
  void end_client() { client_.reset(); }

  /// Runs the loop until `done` holds, looked at each millisecond; false if it does not in 60 s.
  bool run_until(std::function<bool()> done) {
    base::Timer look(loop_);
    const base::Steady end = loop_.clock().steady() + std::chrono::seconds(60);
    std::function<void()> check = [&] {
      if (done() || loop_.clock().steady() > end) return loop_.stop();
      look.start(std::chrono::milliseconds(1), [&] { check(); });
    };
    look.start(base::Duration::zero(), [&] { check(); });
    loop_.run();
    return done();
  }
  /// One exchange from start to end.
  bool fetch(http::ClientRequest request, Recorder& recorder) {
    const auto exchange = client_->start(std::move(request), recorder);
    return run_until([&] { return recorder.ended; });
  }

 private:
  loop::Loop loop_;
  std::unique_ptr<http::Client> client_;
};

inline http::ClientRequest get(std::string url) {
  http::ClientRequest request;
  request.url = std::move(url);
  return request;
}

/// A body reader over a text, in pieces of at most `step` bytes.
inline http::BodyReader text_body(std::string text, std::size_t step = 65536) {
  return [text = std::move(text), step, at = std::size_t{0}](char* room, std::size_t size) mutable {
    const std::size_t n = std::min({size, step, text.size() - at});
    text.copy(room, n, at);
    at += n;
    return http::BodyPiece{n, at == text.size(), false};
  };
}

}  // namespace support
