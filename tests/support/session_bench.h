// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/socket.h>

#include <array>
#include <memory>
#include <stdexcept>

#include "edge/http/session.h"
#include "edge/loop/transport.h"
#include "tests/support/test_handler.h"

namespace support {

/// What a session lives on, without a connection: its requests go to a TestMaker, its output to a socket pair
/// whose other end takes all of it. One thread.
class SessionBench final : public http::SessionHost {
 public:
  explicit SessionBench(const http::Limits& limits) : limits_(limits) {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()) != 0)
      throw std::runtime_error("socketpair");
    transport_ = loop::make_plain_transport(loop_, ends[0], {});
    other_end_ = loop::make_plain_transport(loop_, ends[1], {});
  }

  void wake() override {}
  const http::ConnectionInfo& info() const override { return info_; }
  const http::Limits& limits() const override { return limits_; }
  http::HandlerMaker& maker() override { return maker_; }
  const base::Clock& clock() const override { return loop_.clock(); }
  http::LiveCounters& counters() override { return counters_; }

  /// The client reads all that `session` has to say.
  void read_all(http::Session& session) {
    for (std::uint64_t before = ~std::uint64_t{0}; before != transport_->bytes_out();) {
      before = transport_->bytes_out();
      produce_once(session);
    }
  }
  /// The client reads what `session` says in one turn, which ends when more than `limit` bytes are there.
  void produce_once(http::Session& session, std::size_t limit = 64 * 1024) {
    http::Output output(*transport_, buffer_, limit);
    session.produce(output);
    output.commit();
    transport_->flush();
    std::array<char, 64 * 1024> room{};
    while (other_end_->read(room.data(), room.size()).io == loop::Transport::Io::Ok) {
    }
  }

 private:
  loop::Loop loop_{};
  TestMaker maker_{loop_};
  http::Limits limits_;
  http::ConnectionInfo info_{};
  http::LiveCounters counters_{};
  http::Output::Buffer buffer_{};
  std::unique_ptr<loop::Transport> transport_{};
  std::unique_ptr<loop::Transport> other_end_{};
};

}  // namespace support
