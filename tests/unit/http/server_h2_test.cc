// SPDX-License-Identifier: Apache-2.0
// HTTP/2 as clients see it: real sockets, a real server, prior knowledge.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/h2_client.h"
#include "tests/support/test_server.h"

namespace http {
namespace {

using support::FieldList;
using support::H2Client;
using support::pattern;
using support::TestServer;
using namespace std::chrono_literals;

TEST(H2Server, BodyComesWholeWithItsLength) {
  TestServer server;
  H2Client client(server.port());
  const auto& stream = client.wait(client.request("GET", "/fixed/1000000"));
  EXPECT_EQ(stream.field(":status"), "200");
  EXPECT_EQ(stream.field("content-length"), "1000000");
  EXPECT_EQ(stream.body, pattern(1'000'000));
  EXPECT_TRUE(stream.ended);
  ASSERT_TRUE(server.maker().wait_finished(1));
  const auto life = server.maker().lives()[0];
  EXPECT_TRUE(life.delivery.complete);
  EXPECT_EQ(life.delivery.status, 200);
  EXPECT_EQ(life.delivery.body_bytes, 1'000'000U);
  EXPECT_EQ(life.head.authority, "a.test");
  EXPECT_EQ(life.head.scheme, "http");
  EXPECT_EQ(life.head.version, Version::Http2);
}

TEST(H2Server, ManyStreamsAreServedAtOnce) {
  TestServer server;
  H2Client client(server.port());
  std::vector<std::int32_t> ids;
  for (int i = 0; i < 100; ++i)
    ids.push_back(client.request("GET", i % 2 == 0 ? "/slow/5000" : "/chunked/70000"));
  for (std::size_t i = 0; i < ids.size(); ++i) {
    EXPECT_EQ(client.wait(ids[i]).body, pattern(i % 2 == 0 ? 5000 : 70'000)) << i;
  }
  EXPECT_TRUE(server.maker().wait_finished(100));
}

TEST(H2Server, SmallResponseOvertakesALargeOne) {
  TestServer server;
  H2Client client(server.port());
  const auto large = client.request("GET", "/fixed/30000000");
  const auto small = client.request("GET", "/fixed/100");
  client.wait(small);
  EXPECT_FALSE(client.stream(large).closed);
  EXPECT_EQ(client.wait(large).body.size(), 30'000'000U);
}

TEST(H2Server, HeadAndBodilessResponsesHaveNoBody) {
  TestServer server;
  H2Client client(server.port());
  const auto& head = client.wait(client.request("HEAD", "/fixed/4000"));
  EXPECT_EQ(head.field("content-length"), "4000");
  EXPECT_EQ(head.body, "");
  const auto& hinted = client.wait(client.request("GET", "/hints"));
  ASSERT_EQ(hinted.interim.size(), 2U);
  EXPECT_EQ(hinted.interim[0].second, "103");
  EXPECT_EQ(hinted.interim[1].first, "link");
  EXPECT_EQ(hinted.field(":status"), "204");
  ASSERT_TRUE(server.maker().wait_finished(2));
  EXPECT_EQ(server.maker().lives()[1].delivery.status, 204);
}

TEST(H2Server, TrailersEndTheStream) {
  TestServer server;
  H2Client client(server.port());
  const auto& stream = client.wait(client.request("GET", "/trailers"));
  EXPECT_EQ(stream.body, pattern(10));
  EXPECT_EQ(stream.trailers, (FieldList{{"x-checksum", "42"}}));
  EXPECT_TRUE(stream.ended);
  EXPECT_EQ(stream.error, 0U);
}

TEST(H2Server, BodiesComeBack) {
  TestServer server;
  H2Client client(server.port());
  const std::string body = pattern(500'000);
  EXPECT_EQ(client.wait(client.request("POST", "/echo", body)).body, body);
  const auto& counted =
      client.wait(client.request("PUT", "/count", body, false, {{"content-length", "500000"}}));
  EXPECT_EQ(counted.body, body);
  ASSERT_TRUE(server.maker().wait_finished(2));
  EXPECT_EQ(server.maker().lives()[1].head.body_bytes, 500'000U);
}

TEST(H2Server, UnconsumedBodyStopsAtTheWindowAndStopsNobodyElse) {
  TestServer server({.request_window = 70'000});
  H2Client client(server.port());
  // Together more than the connection's window.
  for (int i = 0; i < 20; ++i) client.request("PUT", "/hold", pattern(300'000));
  const auto held = [](const auto& lives) {
    std::size_t full = 0;
    for (const auto& life : lives) full += life.body_bytes == 70'000 ? 1 : 0;
    return full == 20;
  };
  const auto other = client.request("POST", "/echo", pattern(400'000));
  EXPECT_EQ(client.wait(other).body, pattern(400'000));
  EXPECT_TRUE(server.maker().wait(held));
}

TEST(H2Server, WrongLengthsAndFailuresResetTheStream) {
  TestServer server;
  H2Client client(server.port());
  for (const std::string path : {"/short/100000", "/surplus/100000", "/broken/100000", "/abort"}) {
    const auto& stream = client.wait(client.request("GET", path));
    EXPECT_FALSE(stream.ended) << path;
    EXPECT_EQ(stream.error, static_cast<std::uint32_t>(NGHTTP2_INTERNAL_ERROR)) << path;
  }
  ASSERT_TRUE(server.maker().wait_finished(4));
  for (const auto& life : server.maker().lives()) EXPECT_FALSE(life.delivery.complete) << life.head.target;
  EXPECT_EQ(client.wait(client.request("GET", "/fixed/5")).body, pattern(5));
}

TEST(H2Server, EarlyResponseIsFollowedByTheRestOfTheRequestIfItComesSoon) {
  TestServer server({.linger = 60s});
  H2Client client(server.port());
  const auto id = client.request("PUT", "/early", pattern(10), true);
  ASSERT_TRUE(client.read_until([&] { return client.stream(id).ended; }));
  // The handler is done; what comes now is for nobody.
  ASSERT_TRUE(server.maker().wait_finished(1));
  EXPECT_TRUE(server.maker().lives()[0].delivery.complete);
  client.send_body(id, pattern(20), false);
  EXPECT_EQ(client.wait(id).error, static_cast<std::uint32_t>(NGHTTP2_NO_ERROR));
  EXPECT_TRUE(client.stream(id).closed);
  EXPECT_EQ(client.wait(client.request("GET", "/fixed/5")).body, pattern(5));
}

TEST(H2Server, EarlyResponseEndsAnUploadThatGoesOn) {
  TestServer server({.linger = 20ms});
  H2Client client(server.port());
  const auto& stream = client.wait(client.request("PUT", "/early", pattern(10), true));
  EXPECT_EQ(stream.field(":status"), "403");
  EXPECT_TRUE(stream.ended);
  EXPECT_EQ(stream.error, static_cast<std::uint32_t>(NGHTTP2_NO_ERROR));
  ASSERT_TRUE(server.maker().wait_finished(1));
  EXPECT_TRUE(server.maker().lives()[0].delivery.complete);
}

TEST(H2Server, ResetEndsTheHandler) {
  TestServer server;
  H2Client client(server.port());
  const auto id = client.request("GET", "/never");
  ASSERT_TRUE(server.maker().wait([](const auto& lives) { return lives.size() == 1; }));
  client.reset(id);
  ASSERT_TRUE(server.maker().wait_finished(1));
  EXPECT_EQ(server.maker().lives()[0].delivery.status, 0);
}

TEST(H2Server, ResponseCannotSmuggleFields) {
  TestServer server;
  H2Client client(server.port());
  const auto& stream = client.wait(client.request("GET", "/inject"));
  EXPECT_EQ(stream.field("x-good"), "b");
  EXPECT_EQ(stream.field("x-bad"), "");
  EXPECT_EQ(stream.field("connection"), "");
}

TEST(H2Server, ExpectationIsMet) {
  TestServer server;
  H2Client client(server.port());
  const auto id = client.request("PUT", "/count", "", true, {{"expect", "100-continue"}});
  ASSERT_TRUE(client.read_until([&] { return !client.stream(id).interim.empty(); }));
  EXPECT_EQ(client.stream(id).interim[0].second, "100");
  client.send_body(id, "abc", false);
  EXPECT_EQ(client.wait(id).body, pattern(3));
}

TEST(H2Server, EveryHandlerEndsWithTheConnection) {
  TestServer server;
  {
    H2Client client(server.port());
    for (int i = 0; i < 10; ++i) client.request("GET", i % 2 == 0 ? "/never" : "/fixed/9000000");
    ASSERT_TRUE(server.maker().wait([](const auto& lives) { return lives.size() == 10; }));
  }
  EXPECT_TRUE(server.maker().wait_finished(10));
}

}  // namespace
}  // namespace http
