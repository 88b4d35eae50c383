// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "edge/http/h2_session.h"

namespace micro {

/// The time stands still: what reads it costs what it costs within one turn of a loop.
class StillClock final : public base::Clock {
 public:
  base::Steady steady() const override { return steady_; }
  base::Wall wall() const override { return wall_; }

 private:
  base::Steady steady_ = std::chrono::steady_clock::now();
  base::Wall wall_ = std::chrono::system_clock::now();
};

/// Takes all that is written at once, and forgets it.
class Sink final : public loop::Transport {
 public:
  int fd() const override { return -1; }
  Count read(char*, std::size_t) override { return {Io::Again, 0}; }
  Io write(std::string_view bytes) override {
    bytes_ += bytes.size();
    return Io::Ok;
  }
  Io flush() override { return Io::Ok; }
  std::size_t pending() const override { return 0; }
  std::size_t allowance() const override { return 1 << 20; }
  bool wants_write() const override { return false; }
  void finish() override {}
  void reset_at_end() override {}
  bool tls() const override { return false; }
  bool handshake_done() const override { return true; }
  bool resumed() const override { return false; }
  std::string_view alpn() const override { return {}; }
  std::string_view server_name() const override { return {}; }
  const std::string& error_text() const override { return error_; }
  std::uint64_t bytes_in() const override { return 0; }
  std::uint64_t bytes_out() const override { return bytes_; }

 private:
  std::string error_{};
  std::uint64_t bytes_ = 0;
};

/// Answers every request with one head and a body of so many bytes.
class SameAnswer final : public http::HandlerMaker {
 public:
  explicit SameAnswer(std::uint64_t body_bytes);
  std::unique_ptr<http::Handler> make(const http::ConnectionInfo& connection, http::RequestHead head,
                                      http::ResponseWriter& writer) override;
  std::uint64_t finished() const { return finished_; }  ///< responses that went out as a whole

 private:
  class Answering;
  std::uint64_t body_bytes_;
  http::ResponseHead head_;
  std::uint64_t finished_ = 0;
};

/// An HTTP/2 session and its client on one thread, without a socket between them. The client has room for
/// everything.
class SessionRig final : public http::SessionHost {
 public:
  explicit SessionRig(std::uint64_t body_bytes);

  /// So many requests in one turn, and all of their responses. False if one did not come.
  bool exchange(unsigned requests);
  std::uint64_t bytes_out() const { return sink_.bytes_out(); }

  void wake() override {}
  const http::ConnectionInfo& info() const override { return info_; }
  const http::Limits& limits() const override { return limits_; }
  http::HandlerMaker& maker() override { return maker_; }
  const base::Clock& clock() const override { return clock_; }
  http::LiveCounters& counters() override { return counters_; }

 private:
  /// Body bytes that the client has taken: now and then it gives credit for them.
  void widen(std::uint64_t bytes);

  std::uint64_t body_bytes_;
  StillClock clock_{};
  Sink sink_{};
  SameAnswer maker_;
  http::Limits limits_{};
  http::ConnectionInfo info_{};
  http::LiveCounters counters_{};
  http::Output::Buffer buffer_{};
  std::string request_;  ///< one after another on the wire; stream numbers are put in
  std::string input_{};
  std::uint32_t next_stream_ = 1;
  std::uint64_t taken_ = 0;  ///< without credit yet
  http::H2Session session_;
};

}  // namespace micro
