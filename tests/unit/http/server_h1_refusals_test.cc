// SPDX-License-Identifier: Apache-2.0
// What an HTTP/1.x client may not do: broken heads, smuggling, too much, too slow.
#include <gtest/gtest.h>

#include <string>

#include "tests/support/raw_client.h"
#include "tests/support/test_server.h"

namespace http {
namespace {

using namespace std::chrono_literals;
using support::pattern;
using support::RawClient;
using support::TestServer;

struct Case {
  std::string bytes;
  int status;
};

/// Sends `bytes` and reads to the end of the connection.
std::string say(const TestServer& server, const std::string& bytes) {
  RawClient client(server.port());
  client.send(bytes);
  const std::string all = client.read_all();
  EXPECT_TRUE(client.at_end()) << bytes;
  return all;
}

TEST(H1Refusals, BrokenRequestsAreAnsweredAndClosed) {
  using namespace std::string_literals;
  TestServer server;
  const std::string start = "GET / HTTP/1.1\r\nHost: a\r\n";
  const Case cases[] = {
      {"GET / HTTP/1.1\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400},
      {"GET /\r\nHost: a\r\n\r\n", 400},
      {"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"\x16\x03\x01\x02\r\n\r\n", 400},
      {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505},
      {"GET / HTTP/1.1\nHost: a\n\n", 400},
      {start + "X: a\n\r\n", 400},
      {start + "X: a\r\n folded\r\n\r\n", 400},
      {start + "X : a\r\n\r\n", 400},
      {start + "X: a\0b\r\n\r\n"s, 400},
      {start + "X: a\rb\r\n\r\n", 400},
      {start + "NoColon\r\n\r\n", 400},
      {start + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {start + "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n0\r\n\r\n", 400},
      {start + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400},
      {start + "Content-Length: 1, 1\r\n\r\na", 400},
      {start + "Content-Length: +1\r\n\r\na", 400},
      {start + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501},
      {start + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", 405},
      {"GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400},
  };
  for (const Case& c : cases) {
    const std::string all = say(server, c.bytes);
    EXPECT_TRUE(all.starts_with("HTTP/1.1 " + std::to_string(c.status) + " ")) << c.bytes << "\n-> " << all;
    EXPECT_NE(all.find("connection: close\r\n"), std::string::npos) << all;
  }
  EXPECT_TRUE(server.maker().lives().empty());
  EXPECT_EQ(server.counters().protocol_errors, std::size(cases));
}

TEST(H1Refusals, NothingIsReadBehindABrokenRequest) {
  TestServer server;
  const std::string all =
      say(server,
          "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
          "0\r\n\r\nGET /fixed/1 HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(all.find("HTTP/1.1", 5), std::string::npos) << all;
  EXPECT_TRUE(server.maker().lives().empty());
}

TEST(H1Refusals, BrokenChunksEndTheExchange) {
  TestServer server;
  const std::string head = "POST /count HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  const std::string bodies[] = {
      "x\r\n",          "-1\r\n",           "5\r\nabcdefg\r\n",      "ffffffffffffffff1\r\n",
      "5;a=\"\n\"\r\n", "1\r\naX0\r\n\r\n", "0x1\r\na\r\n0\r\n\r\n", "1\na\n0\n\n\r\n"};
  for (const std::string& body : bodies) {
    const std::string all = say(server, head + body);
    EXPECT_TRUE(all.starts_with("HTTP/1.1 400 ")) << body << "\n-> " << all;
  }
  ASSERT_TRUE(server.maker().wait_finished(std::size(bodies)));
  for (const auto& life : server.maker().lives()) EXPECT_FALSE(life.body_ended);
}

TEST(H1Refusals, EndlessChunkLineIsRefused) {
  TestServer server({.header_bytes = 2000});
  const std::string all =
      say(server, "POST /count HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;x=" +
                      std::string(5000, 'y'));
  EXPECT_TRUE(all.starts_with("HTTP/1.1 431 ")) << all;
}

TEST(H1Refusals, LimitsOfTheHeadHold) {
  TestServer server({.header_bytes = 2000, .header_fields = 10});
  const std::string start = "GET /fixed/1 HTTP/1.1\r\nHost: a\r\n";
  EXPECT_TRUE(say(server, "GET /" + std::string(3000, 'x')).starts_with("HTTP/1.1 414 "));
  EXPECT_TRUE(say(server, start + "X: " + std::string(3000, 'x')).starts_with("HTTP/1.1 431 "));
  std::string many = start;
  for (int i = 0; i < 8; ++i) many += "X: y\r\n";
  EXPECT_TRUE(say(server, many + "Connection: close\r\n\r\n").starts_with("HTTP/1.1 200 "));
  EXPECT_TRUE(say(server, many + "X: y\r\nConnection: close\r\n\r\n").starts_with("HTTP/1.1 431 "));
}

TEST(H1Refusals, SlowHeadTimesOut) {
  TestServer server({.header = 1s, .linger = 1ms});
  const std::string all = say(server, "GET / HTTP/1.1\r\nHo");
  EXPECT_TRUE(all.starts_with("HTTP/1.1 408 ")) << all;
}

TEST(H1Refusals, IdleConnectionIsClosedSilently) {
  TestServer server({.idle = 50ms, .linger = 1ms});
  RawClient client(server.port());
  client.send("GET /fixed/1 HTTP/1.1\r\nHost: a\r\n\r\n");
  client.read_until("\r\n\r\n");
  EXPECT_EQ(client.read_all(), pattern(1));
  EXPECT_TRUE(client.at_end());
}

TEST(H1Refusals, StalledBodyTimesOut) {
  TestServer server({.body_stall = 50ms, .linger = 1ms});
  const std::string all = say(server, "PUT /count HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
  EXPECT_TRUE(all.starts_with("HTTP/1.1 408 ")) << all;
  EXPECT_TRUE(server.maker().wait_finished(1));
}

TEST(H1Refusals, ClientThatTakesNothingIsCut) {
  TestServer server({.write_stall = 100ms});
  RawClient client(server.port(), 4096);
  client.send("GET /fixed/50000000 HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(server.maker().wait_finished(1));
  EXPECT_FALSE(server.maker().lives()[0].delivery.complete);
}

TEST(H1Refusals, ConnectionsBeyondTheLimitAreClosed) {
  TestServer server({.connections = 1});
  RawClient first(server.port());
  first.send("GET /fixed/1 HTTP/1.1\r\nHost: a\r\n\r\n");
  first.read_until("\r\n\r\n");
  RawClient second(server.port());
  EXPECT_EQ(second.read_all(), "");
  EXPECT_TRUE(second.at_end());
  EXPECT_EQ(server.counters().refused, 1U);
  EXPECT_EQ(server.counters().open, 1U);
}

}  // namespace
}  // namespace http
