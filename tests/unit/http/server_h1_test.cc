// SPDX-License-Identifier: Apache-2.0
// HTTP/1.x as clients see it: real sockets, a real server.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "tests/support/raw_client.h"
#include "tests/support/test_server.h"

namespace http {
namespace {

using namespace std::chrono_literals;
using support::pattern;
using support::RawClient;
using support::TestServer;

std::string get(const std::string& target, const std::string& fields = "") {
  return "GET " + target + " HTTP/1.1\r\nHost: a.test\r\n" + fields + "\r\n";
}
std::string closing(const std::string& target) { return get(target, "Connection: close\r\n"); }

/// Takes chunked framing off; "?" if it is broken or does not end.
std::string unchunked(std::string_view text) {
  std::string out;
  for (;;) {
    const std::size_t line = text.find("\r\n");
    if (line == std::string_view::npos) return "?";
    const std::size_t size = std::stoul(std::string(text.substr(0, line)), nullptr, 16);
    text.remove_prefix(line + 2);
    if (size == 0) return text.ends_with("\r\n") ? out : "?";
    if (text.size() < size + 2) return "?";
    out += text.substr(0, size);
    text.remove_prefix(size + 2);
  }
}

TEST(H1Server, KnownLengthIsToldAndKept) {
  TestServer server;
  RawClient client(server.port());
  client.send(get("/fixed/300000"));
  const std::string head = client.read_until("\r\n\r\n");
  EXPECT_TRUE(head.starts_with("HTTP/1.1 200 OK\r\n")) << head;
  EXPECT_NE(head.find("content-length: 300000\r\n"), std::string::npos) << head;
  EXPECT_EQ(head.find("transfer-encoding"), std::string::npos) << head;
  EXPECT_EQ(client.read_bytes(300'000), pattern(300'000));
  ASSERT_TRUE(server.maker().wait_finished(1));
  const auto life = server.maker().lives()[0];
  EXPECT_TRUE(life.delivery.complete);
  EXPECT_EQ(life.delivery.status, 200);
  EXPECT_EQ(life.delivery.body_bytes, 300'000U);
}

TEST(H1Server, UnknownLengthIsChunked) {
  TestServer server;
  RawClient client(server.port());
  client.send(closing("/slow/4500"));
  const std::string head = client.read_until("\r\n\r\n");
  EXPECT_NE(head.find("transfer-encoding: chunked\r\n"), std::string::npos) << head;
  EXPECT_EQ(unchunked(client.read_all()), pattern(4500));
}

TEST(H1Server, Http10GetsTheBodyUntilClose) {
  TestServer server;
  RawClient client(server.port());
  client.send("GET /chunked/5000 HTTP/1.0\r\n\r\n");
  const std::string head = client.read_until("\r\n\r\n");
  EXPECT_EQ(head.find("transfer-encoding"), std::string::npos) << head;
  EXPECT_NE(head.find("connection: close\r\n"), std::string::npos) << head;
  EXPECT_EQ(client.read_all(), pattern(5000));
  EXPECT_TRUE(client.at_end());
}

TEST(H1ServerRfc9112_8, NoIncompleteBodyEndsLikeACompleteOne) {
  struct Case {
    const char* request;
    int receive_buffer;
  };
  // The source fails; the client takes nothing; the client sends no more of its own body.
  for (const auto& [request, receive_buffer] :
       {Case{"GET /broken/100000 HTTP/1.0\r\n\r\n", 0}, Case{"GET /chunked/20000000 HTTP/1.0\r\n\r\n", 4096},
        Case{"PUT /echo HTTP/1.0\r\nContent-Length: 9\r\n\r\nabc", 0}}) {
    TestServer server({.write_stall = 50ms, .body_stall = 50ms});
    RawClient client(server.port(), receive_buffer);
    client.send(request);
    ASSERT_TRUE(server.maker().wait_finished(1));
    EXPECT_NE(client.read_all().find("\r\n\r\n"), std::string::npos);
    EXPECT_TRUE(client.was_reset()) << request;
  }
}

TEST(H1Server, Http10KeepsAliveWhenAsked) {
  TestServer server;
  RawClient client(server.port());
  for (int i = 0; i < 2; ++i) {
    client.send("GET /fixed/3 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    const std::string head = client.read_until("\r\n\r\n");
    EXPECT_NE(head.find("connection: keep-alive\r\n"), std::string::npos) << head;
    EXPECT_EQ(client.read_bytes(3), pattern(3));
  }
}

TEST(H1Server, PipelinedRequestsAreAnsweredInOrder) {
  TestServer server;
  RawClient client(server.port());
  client.send(get("/slow/3000") + "\r\n" + get("/fixed/7") + closing("/hints"));
  EXPECT_NE(client.read_until("\r\n\r\n").find("x-action: /slow\r\n"), std::string::npos);
  EXPECT_EQ(unchunked(client.read_until("\r\n0\r\n\r\n")), pattern(3000));
  EXPECT_NE(client.read_until("\r\n\r\n").find("x-action: /fixed\r\n"), std::string::npos);
  EXPECT_EQ(client.read_bytes(7), pattern(7));
  EXPECT_TRUE(client.read_until("\r\n\r\n").starts_with("HTTP/1.1 103 Early Hints\r\nlink: "));
  EXPECT_TRUE(client.read_until("\r\n\r\n").starts_with("HTTP/1.1 204 No Content\r\n"));
  EXPECT_EQ(client.read_all(), "");
  EXPECT_TRUE(client.at_end());
}

TEST(H1Server, HeadArrivesInAnyPieces) {
  TestServer server;
  RawClient client(server.port());
  for (const char c : closing("/fixed/4")) client.send({&c, 1});
  client.read_until("\r\n\r\n");
  EXPECT_EQ(client.read_all(), pattern(4));
  EXPECT_EQ(server.maker().lives()[0].head.authority, "a.test");
}

TEST(H1Server, HeadRequestsGetTheLengthOnly) {
  TestServer server;
  RawClient client(server.port());
  client.send("HEAD /fixed/70000 HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n");
  EXPECT_NE(client.read_until("\r\n\r\n").find("content-length: 70000\r\n"), std::string::npos);
  EXPECT_EQ(client.read_all(), "");
  ASSERT_TRUE(server.maker().wait_finished(1));
  EXPECT_TRUE(server.maker().lives()[0].delivery.complete);
}

TEST(H1Server, BodiesComeBackWithBothFramings) {
  TestServer server;
  const std::string body = pattern(200'000);
  RawClient client(server.port());
  client.send("POST /echo HTTP/1.1\r\nHost: a.test\r\nContent-Length: 200000\r\n\r\n" + body);
  client.read_until("\r\n\r\n");
  EXPECT_EQ(unchunked(client.read_until("\r\n0\r\n\r\n")), body);
  client.send("POST /echo HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n");
  client.send("5;x=y\r\nhello\r\n");
  client.send("9\r\n, the wor\r\n0002\r\nld\r\n0\r\nX-Trailer: 1\r\n\r\n");
  client.read_until("\r\n\r\n");
  EXPECT_EQ(unchunked(client.read_until("\r\n0\r\n\r\n")), "hello, the world");
}

TEST(H1Server, BodyIsHeldBackAtTheWindow) {
  TestServer server({.request_window = 10'000});
  RawClient client(server.port());
  client.send("PUT /hold HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5000000\r\n\r\n" + pattern(400'000));
  const auto held = [](const auto& lives) { return !lives.empty() && lives[0].body_bytes == 10'000; };
  ASSERT_TRUE(server.maker().wait(held));
  // A whole turn later it is still no more.
  server.on_loop([] {});
  EXPECT_EQ(server.maker().lives()[0].body_bytes, 10'000U);
  client.close();
}

TEST(H1Server, ExpectationIsMetBeforeTheBody) {
  TestServer server;
  RawClient client(server.port());
  client.send("PUT /count HTTP/1.1\r\nHost: a.test\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("abc");
  client.read_until("\r\n\r\n");
  EXPECT_EQ(client.read_bytes(3), pattern(3));
}

TEST(H1Server, RefusedExpectationClosesWithoutContinue) {
  TestServer server;
  RawClient client(server.port());
  client.send("PUT /early HTTP/1.1\r\nHost: a.test\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  const std::string all = client.read_all();
  EXPECT_TRUE(all.starts_with("HTTP/1.1 403 Forbidden\r\n")) << all;
  EXPECT_NE(all.find("connection: close\r\n"), std::string::npos) << all;
  EXPECT_TRUE(client.at_end());
}

TEST(H1Server, RestOfABodyNobodyWantsIsDiscarded) {
  TestServer server;
  RawClient client(server.port());
  client.send("PUT /early HTTP/1.1\r\nHost: a.test\r\nContent-Length: 1000\r\n\r\n" + pattern(400));
  EXPECT_TRUE(client.read_until("\r\n\r\n").starts_with("HTTP/1.1 403 "));
  client.send(pattern(600) + closing("/fixed/2"));
  EXPECT_TRUE(client.read_until("\r\n\r\n").starts_with("HTTP/1.1 200 "));
  EXPECT_EQ(client.read_all(), pattern(2));
}

// Before, the connection was kept in words, and closed when too much of the rest had come.
TEST(H1Server, WhoseRestIsTooMuchToDiscardIsToldThatTheConnectionEnds) {
  TestServer server;
  const std::string length = "Content-Length: " + std::to_string(1 << 20) + "\r\n\r\n";
  for (const std::string& rest : {length, std::string("Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")}) {
    RawClient client(server.port());
    client.send("PUT /early HTTP/1.1\r\nHost: a.test\r\n" + rest);
    const std::string head = client.read_until("\r\n\r\n");
    EXPECT_TRUE(head.starts_with("HTTP/1.1 403 ")) << head;
    EXPECT_NE(head.find("connection: close\r\n"), std::string::npos) << head;
    EXPECT_EQ(client.read_all(), "");
  }
}

TEST(H1Server, WrongLengthsNeverLookComplete) {
  TestServer server;
  for (const std::string target : {"/short/1000", "/surplus/1000"}) {
    RawClient client(server.port());
    client.send(get(target));
    EXPECT_NE(client.read_until("\r\n\r\n").find("content-length: 1000\r\n"), std::string::npos);
    EXPECT_LT(client.read_all().size(), 1000U) << target;
    EXPECT_TRUE(client.at_end());
  }
  RawClient client(server.port());
  client.send(get("/broken/1000"));
  client.read_until("\r\n\r\n");
  EXPECT_EQ(unchunked(client.read_all()), "?");
  ASSERT_TRUE(server.maker().wait_finished(3));
  for (const auto& life : server.maker().lives()) EXPECT_FALSE(life.delivery.complete) << life.head.target;
}

TEST(H1Server, AbortClosesTheConnection) {
  TestServer server;
  RawClient client(server.port());
  client.send(get("/abort"));
  EXPECT_EQ(client.read_all(), "");
  EXPECT_TRUE(client.at_end());
}

TEST(H1Server, ClientThatLeavesEndsItsHandler) {
  TestServer server;
  RawClient client(server.port(), 4096);
  client.send(get("/fixed/50000000"));
  client.read_until("\r\n\r\n");
  client.close();
  ASSERT_TRUE(server.maker().wait_finished(1));
  EXPECT_FALSE(server.maker().lives()[0].delivery.complete);
}

TEST(H1Server, SlowClientIsNotBufferedFor) {
  constexpr std::size_t kBytes = 40'000'000;
  constexpr std::size_t kSockets = 12'000'000;  // what the kernel may hold of it
  TestServer server({.buffered_bytes = 100'000});
  RawClient client(server.port(), 4096);
  client.send(closing("/fixed/" + std::to_string(kBytes)));
  client.read_until("\r\n\r\n");
  std::string body;
  std::uint64_t ahead = 0;
  while (body.size() < kBytes) {
    const std::string some = client.read_bytes(100'000);
    if (some.empty()) break;
    body += some;
    ahead = std::max(ahead, server.maker().pulled() - body.size());
  }
  EXPECT_TRUE(body == pattern(kBytes));
  EXPECT_LT(ahead, kSockets);
}

TEST(H1Server, HalfClosedClientIsStillAnswered) {
  TestServer server;
  RawClient client(server.port());
  client.send(get("/slow/2000") + get("/fixed/5"));
  client.end_sending();
  const std::string all = client.read_all();
  EXPECT_TRUE(all.ends_with("\r\n\r\n" + pattern(5))) << all;
}

TEST(H1Server, HalfClosedClientThatResetsEndsItsHandler) {
  TestServer server;
  RawClient client(server.port());
  client.send(get("/never"));
  client.end_sending();
  ASSERT_TRUE(server.maker().wait([](const auto& lives) { return lives.size() == 1; }));
  // An answer on another connection of the same loop: the end of sending has been seen before.
  RawClient other(server.port());
  other.send(closing("/fixed/5"));
  EXPECT_TRUE(other.read_all().ends_with(pattern(5)));
  client.reset();
  EXPECT_TRUE(server.maker().wait([](const auto& lives) { return lives[0].finished; }));
}

TEST(H1Server, ResponseCannotSmuggleFields) {
  TestServer server;
  RawClient client(server.port());
  client.send(closing("/inject"));
  const std::string all = client.read_all();
  EXPECT_EQ(all.find("injected"), std::string::npos) << all;
  EXPECT_EQ(all.find("upgrade"), std::string::npos) << all;
  EXPECT_NE(all.find("x-good: b\r\n"), std::string::npos) << all;
}

TEST(H1Server, TrailersFollowTheLastChunk) {
  TestServer server;
  RawClient client(server.port());
  client.send(closing("/trailers"));
  EXPECT_TRUE(client.read_all().ends_with("\r\n0\r\nx-checksum: 42\r\n\r\n"));
}

}  // namespace
}  // namespace http
