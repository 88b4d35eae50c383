// SPDX-License-Identifier: Apache-2.0
#include "edge/http/h1_session.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/support/session_bench.h"

namespace http {
namespace {

TEST(H1Session, BodyThatNobodyWantsAnyMoreIsNotWaitedForWithoutEnd) {
  support::SessionBench bench({.request_window = 16 * 1024});
  H1Session session(bench);
  // The response is complete while the window is full: from then on it is the client that is waited for.
  session.receive("PUT /late/16384 HTTP/1.1\r\nHost: a\r\nContent-Length: 30000\r\n\r\n" +
                  std::string(16 * 1024, 'x'));
  EXPECT_EQ(session.deadline(), base::Steady::max());
  bench.produce_once(session);
  EXPECT_FALSE(session.finished());
  EXPECT_TRUE(session.wants_input());
  EXPECT_LT(session.deadline(), base::Steady::max());
}

}  // namespace
}  // namespace http
