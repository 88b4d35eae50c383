// SPDX-License-Identifier: Apache-2.0
#include "edge/http/h2_session.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/support/h2_client.h"
#include "tests/support/session_bench.h"

namespace http {
namespace {

namespace h2 = support::h2;

TEST(H2Session, WhoDoesNotReadAnswersIsNotRead) {
  support::SessionBench bench({.streams = 2, .resets_per_second = 1'000'000});
  H2Session session(bench);
  session.receive(h2::greeting());
  EXPECT_TRUE(session.wants_input());
  // The first two streams are taken, each of the others asks for a RST_STREAM.
  std::string flood;
  for (std::int32_t id = 1; id < 10'000; id += 2) flood += h2::headers(id, h2::get("/never"), true);
  session.receive(flood);
  EXPECT_FALSE(session.wants_input());
  EXPECT_FALSE(session.finished());
  bench.read_all(session);
  EXPECT_TRUE(session.wants_input());
}

// nghttp2 reads the heads of responses when it writes them. What becomes of them shows in given_up(); that none is read after its
// end, AddressSanitizer sees.
class H2Heads : public testing::Test {
 protected:
  H2Heads() { session_.receive(h2::greeting()); }
  static std::string reset(std::int32_t id) { return h2::frame(3, 0, id, std::string("\0\0\0\x8", 4)); }

  support::SessionBench bench_{{.streams = 200, .resets_per_second = 1'000'000}};
  H2Session session_{bench_};
};

TEST_F(H2Heads, OfAStreamThatTheClientHasResetAreKeptUntilTheyAreDropped) {
  for (std::int32_t id = 1; id < 200; id += 2)
    session_.receive(h2::headers(id, h2::get("/fixed/10"), true) + reset(id));
  EXPECT_EQ(session_.given_up(), 100U);
  bench_.read_all(session_);
  EXPECT_EQ(session_.given_up(), 0U);
}

TEST_F(H2Heads, OfAStreamThatNghttp2ResetsAreNotKeptAfterIt) {
  const std::string overflow("\x7f\xff\xff\xff", 4);  // of its window
  for (std::int32_t id = 1; id < 200; id += 2)
    session_.receive(h2::headers(id, h2::get("/fixed/10"), true) + h2::frame(8, 0, id, overflow));
  bench_.read_all(session_);
  EXPECT_EQ(session_.given_up(), 0U);
}

TEST_F(H2Heads, OfAnExchangeThatIsAbortedAreNotKept) {
  for (std::int32_t id = 1; id < 200; id += 2) session_.receive(h2::headers(id, h2::get("/abort-late"), true));
  bench_.read_all(session_);
  EXPECT_EQ(session_.given_up(), 0U);
}

TEST_F(H2Heads, ThatTakeSeveralFramesAreKeptUntilTheLast) {
  for (std::int32_t id = 1; id < 20; id += 2) {
    session_.receive(h2::headers(id, h2::get("/large-head"), true));
    bench_.produce_once(session_, 1000);
    session_.receive(reset(id));
    bench_.read_all(session_);
    EXPECT_EQ(session_.given_up(), 0U);
  }
}

TEST_F(H2Heads, AreGivenBackWithTheSession) {
  session_.receive(h2::headers(1, h2::get("/fixed/10"), true) + reset(1));
  EXPECT_EQ(session_.given_up(), 1U);
}

}  // namespace
}  // namespace http
