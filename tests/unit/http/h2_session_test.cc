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

}  // namespace
}  // namespace http
