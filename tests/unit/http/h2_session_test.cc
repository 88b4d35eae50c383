// SPDX-License-Identifier: Apache-2.0
#include "edge/http/h2_session.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <memory>
#include <stdexcept>
#include <string>

#include "edge/loop/transport.h"
#include "tests/support/h2_client.h"
#include "tests/support/test_handler.h"

namespace http {
namespace {

namespace h2 = support::h2;

/// A session whose output goes to a socket pair that takes all of it.
class Bench final : public SessionHost {
 public:
  explicit Bench(const Limits& limits) : limits_(limits) {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) != 0) throw std::runtime_error("socketpair");
    transport_ = loop::make_plain_transport(loop_, ends[0], {});
    other_end_ = loop::make_plain_transport(loop_, ends[1], {});
    session_ = std::make_unique<H2Session>(*this);
  }

  void wake() override {}
  const ConnectionInfo& info() const override { return info_; }
  const Limits& limits() const override { return limits_; }
  HandlerMaker& maker() override { return maker_; }
  const base::Clock& clock() const override { return loop_.clock(); }
  LiveCounters& counters() override { return counters_; }

  H2Session& session() { return *session_; }
  /// The client reads all that the session has to say.
  void read_all() {
    for (std::uint64_t before = ~std::uint64_t{0}; before != transport_->bytes_out();) {
      before = transport_->bytes_out();
      Output output(*transport_, buffer_, 64 * 1024);
      session_->produce(output);
      output.commit();
      transport_->flush();
      std::array<char, 64 * 1024> room{};
      while (other_end_->read(room.data(), room.size()).io == loop::Transport::Io::Ok) {
      }
    }
  }

 private:
  loop::Loop loop_{};
  support::TestMaker maker_{loop_};
  Limits limits_;
  ConnectionInfo info_{};
  LiveCounters counters_{};
  Output::Buffer buffer_{};
  std::unique_ptr<loop::Transport> transport_{};
  std::unique_ptr<loop::Transport> other_end_{};
  std::unique_ptr<H2Session> session_{};
};

TEST(H2Session, WhoDoesNotReadAnswersIsNotRead) {
  Bench bench({.streams = 2, .resets_per_second = 1'000'000});
  bench.session().receive(h2::greeting());
  EXPECT_TRUE(bench.session().wants_input());
  // The first two streams are taken, each of the others asks for a RST_STREAM.
  std::string flood;
  for (std::int32_t id = 1; id < 10'000; id += 2) flood += h2::headers(id, h2::get("/never"), true);
  bench.session().receive(flood);
  EXPECT_FALSE(bench.session().wants_input());
  EXPECT_FALSE(bench.session().finished());
  bench.read_all();
  EXPECT_TRUE(bench.session().wants_input());
}

}  // namespace
}  // namespace http
