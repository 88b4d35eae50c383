// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "tests/support/h2_client.h"
#include "tests/support/test_certificates.h"
#include "tests/support/test_server.h"
#include "tests/support/wait_until.h"
#include "tests/unit/loop/tls_client.h"

namespace http {
namespace {

using namespace std::chrono_literals;
using support::H2Client;
using support::pattern;
using support::RawClient;
using support::TestServer;
namespace h2 = support::h2;

bool ready(std::future<void>& future) { return future.wait_for(60s) == std::future_status::ready; }

TEST(ServerDrain, IdleServerIsDoneAtOnce) {
  TestServer server;
  auto done = server.drain(60s);
  EXPECT_TRUE(ready(done));
  EXPECT_THROW(RawClient(server.port()), std::runtime_error);
}

TEST(ServerDrain, IdleHttp1ConnectionsAreClosed) {
  TestServer server;
  RawClient client(server.port());
  client.send("GET /fixed/1 HTTP/1.1\r\nHost: a\r\n\r\n");
  client.read_until("\r\n\r\n");
  auto done = server.drain(60s);
  EXPECT_EQ(client.read_all(), pattern(1));
  EXPECT_TRUE(client.at_end());
  client.close();
  EXPECT_TRUE(ready(done));
}

TEST(ServerDrain, RunningHttp1RequestIsFinishedAndClosed) {
  TestServer server;
  RawClient client(server.port());
  client.send("PUT /count HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabc");
  ASSERT_TRUE(
      server.maker().wait([](const auto& lives) { return lives.size() == 1 && lives[0].body_bytes == 3; }));
  auto done = server.drain(60s);
  client.send("de");
  EXPECT_NE(client.read_until("\r\n\r\n").find("connection: close\r\n"), std::string::npos);
  EXPECT_EQ(client.read_all(), pattern(5));
  client.close();
  EXPECT_TRUE(ready(done));
}

TEST(ServerDrain, Http2GetsTwoGoawaysAndFinishesItsStreams) {
  TestServer server;
  H2Client client(server.port());
  const auto upload = client.request("PUT", "/count", "abc", true);
  ASSERT_TRUE(server.maker().wait([](const auto& lives) { return lives.size() == 1; }));
  auto done = server.drain(60s);
  ASSERT_TRUE(client.read_until([&] { return client.goaways().size() == 2; }));
  EXPECT_EQ(client.goaways()[0], (std::pair<std::uint32_t, std::int32_t>{NGHTTP2_NO_ERROR, 0x7fffffff}));
  EXPECT_EQ(client.goaways()[1], (std::pair<std::uint32_t, std::int32_t>{NGHTTP2_NO_ERROR, upload}));
  client.send_body(upload, "de", false);
  EXPECT_EQ(client.wait(upload).body, pattern(5));
  EXPECT_TRUE(client.wait_closed());
  EXPECT_TRUE(ready(done));
}

TEST(ServerDrain, LimitCutsWhatIsLeft) {
  TestServer server;
  H2Client client(server.port());
  client.request("GET", "/never");
  ASSERT_TRUE(server.maker().wait([](const auto& lives) { return lives.size() == 1; }));
  auto done = server.drain(50ms);
  EXPECT_TRUE(ready(done));
  EXPECT_TRUE(server.maker().wait_finished(1));
  EXPECT_EQ(server.counters().open, 0U);
}

TEST(ServerDrain, WhoHasJustConnectedIsAnswered) {
  TestServer server;
  RawClient client(server.port());
  RawClient silent(server.port());
  ASSERT_TRUE(support::wait_until([&] { return server.counters().accepted == 2; }));
  auto done = server.drain(60s);
  client.send("GET /fixed/1 HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_NE(client.read_until("\r\n\r\n").find("connection: close\r\n"), std::string::npos);
  EXPECT_EQ(client.read_all(), pattern(1));
  client.close();
  silent.close();
  EXPECT_TRUE(ready(done));
}

TEST(ServerDrain, WhoHasJustConnectedIsWaitedForAsLongAsForAHead) {
  TestServer server({.header = 50ms, .linger = 1ms});
  RawClient silent(server.port());
  ASSERT_TRUE(support::wait_until([&] { return server.counters().accepted == 1; }));
  auto done = server.drain(60s);
  EXPECT_EQ(silent.read_all(), "");
  EXPECT_TRUE(silent.at_end());
  EXPECT_TRUE(ready(done));
}

TEST(ServerDrain, HandshakesGoOnAndTheirFirstRequestIsAnswered) {
  support::TestCertificates certificates;
  const auto paths = certificates.make("site", {"site.test"});
  const auto tls = *loop::TlsContext::make({.certificates = {{paths.certificate, paths.key}}});
  for (const bool http2 : {false, true}) {
    TestServer server({}, {.tls = tls});
    RawClient client(server.port());
    ASSERT_TRUE(support::wait_until([&] { return server.counters().accepted == 1; }));
    auto done = server.drain(60s);
    loop::TlsClient secure(client.fd(), {.alpn = {http2 ? "h2" : "http/1.1"}});
    ASSERT_TRUE(secure.connect());
    support::FieldList head = h2::get("/fixed/5000");
    head[1].second = "https";
    ASSERT_TRUE(secure.write(http2 ? h2::greeting() + h2::headers(1, head, true)
                                   : "GET /fixed/5000 HTTP/1.1\r\nHost: a\r\n\r\n"));
    EXPECT_NE(secure.read().find(pattern(5000)), std::string::npos);
    EXPECT_TRUE(secure.ended());
    client.close();
    EXPECT_TRUE(ready(done));
  }
}

TEST(ServerDrain, WhoWaitsToBeAcceptedIsAnswered) {
  TestServer server;
  std::optional<RawClient> client;
  std::promise<void> done;
  server.with_server([&](Server& itself) {
    // The loop is busy here: the kernel has the connection, the server does not know of it.
    client.emplace(server.port());
    client->send("GET /fixed/1 HTTP/1.1\r\nHost: a\r\n\r\n");
    itself.drain(60s, [&] { done.set_value(); });
  });
  EXPECT_TRUE(client->read_all().ends_with("\r\n\r\n" + pattern(1)));
  client->close();
  std::future<void> future = done.get_future();
  EXPECT_TRUE(ready(future));
}

}  // namespace
}  // namespace http
