// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <variant>
#include <vector>

#include "tests/integration/body.h"
#include "tests/integration/client.h"

namespace harness {

/// Holds back an origin's reply until the test opens it. Any thread.
class Gate {
 public:
  void open();
  /// Whether it is open; waits for that until `limit`.
  bool wait(std::chrono::milliseconds limit);

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
};

/// A request as the origin got it.
struct Seen {
  std::string method{};
  std::string target{};
  Headers headers{};  ///< names in lower case
  std::string body{};
  std::string header(std::string_view name) const;
};

/// How the origin answers.
struct Reply {
  int status = 200;
  Headers headers{};
  std::variant<std::string, SeededBody> body{};
  std::string etag{};                   ///< sent, quotes and all; If-None-Match with it is answered by 304
  bool chunked = false;                 ///< no Content-Length
  Headers trailers{};                   ///< after a chunked body
  std::chrono::milliseconds spread{0};  ///< the body in even steps over so long
  Headers early{};                      ///< of a 103 that comes first; empty: none does
  bool break_in_head = false;           ///< closes the connection after half of the head
  std::optional<std::uint64_t> break_at{};  ///< closes the connection after so many body bytes
  std::shared_ptr<Gate> head_gate{};        ///< nothing is sent before it opens
  std::shared_ptr<Gate> body_gate{};        ///< no more than `gate_at` body bytes before it opens
  std::uint64_t gate_at = 0;
};

/// A scriptable HTTP/1.1 server on 127.0.0.1 inside the test's process, a thread for each connection.
/// Members: any thread.
class Origin {
 public:
  using Answer = std::function<Reply(const Seen&)>;

  Origin();
  ~Origin();  ///< Cuts all connections.
  Origin(const Origin&) = delete;
  Origin& operator=(const Origin&) = delete;

  /// What to answer for `target` (path and query as sent); 404 for all others, but see answer_all.
  void answer(const std::string& target, Reply reply);
  void answer(const std::string& target, Answer answer);
  void answer_all(Answer answer);

  std::uint16_t port() const { return port_; }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

  std::size_t requests() const;
  std::size_t requests(const std::string& target) const;
  std::vector<Seen> seen() const;
  std::size_t connections() const;
  /// Waits until every connection made so far was served to its end: of clients that were killed, what they had
  /// sent is still to be read. False if one of them goes on.
  bool outlasted() const;
  /// When the first body byte of the first reply for `target` was handed to the kernel; zero if none was.
  std::chrono::steady_clock::time_point first_byte(const std::string& target) const;
  /// Body bytes handed to the kernel, of all replies.
  std::uint64_t body_bytes_sent() const;

 private:
  class Connection;
  struct State;
  void accept_all();

  std::shared_ptr<State> state_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::thread acceptor_;
};

}  // namespace harness
