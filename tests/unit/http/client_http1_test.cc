// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "tests/support/raw_server.h"
#include "tests/support/recorder.h"

namespace http {
namespace {

using support::ClientRig;
using support::get;
using support::KeptText;
using support::RawPeer;
using support::RawServer;
using support::Recorder;
using support::text_body;

/// A script that keeps the request's head and sends `response`.
RawServer::Script answer(std::string response, KeptText* seen = nullptr) {
  return [response = std::move(response), seen](RawPeer& peer, int) {
    const std::string head = peer.read_head();
    if (seen != nullptr) seen->keep(head);
    peer.send(response);
  };
}

TEST(Client, SendsExactlyWhatItIsGiven) {
  KeptText seen;
  RawServer server(answer("HTTP/1.1 204 No Content\r\n\r\n", &seen));
  ClientRig rig;
  Recorder recorder;
  ClientRequest request = get(server.url("/a/../b/./%7e//?q=%41&x=|y"));
  request.fields.add("x-one", "1");
  request.fields.add("x-one", "2");
  request.fields.add("x-empty", "");
  request.fields.add("host", "site.example");
  request.fields.add("content-length", "99");
  request.fields.add("connection", "close");
  ASSERT_TRUE(rig.fetch(std::move(request), recorder));
  EXPECT_EQ(seen.get(),
            "GET /a/../b/./%7e//?q=%41&x=|y HTTP/1.1\r\nHost: site.example\r\n"
            "x-one: 1\r\nx-one: 2\r\nx-empty:\r\n\r\n");
  EXPECT_FALSE(recorder.error);
}

TEST(Client, AddsTheHostWhenItIsNotGiven) {
  KeptText seen;
  RawServer server(answer("HTTP/1.1 204 No Content\r\n\r\n", &seen));
  ClientRig rig;
  Recorder recorder;
  ASSERT_TRUE(rig.fetch(get(server.url("?only=query")), recorder));
  EXPECT_EQ(seen.get(),
            "GET /?only=query HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(server.port()) + "\r\n\r\n");
}

TEST(Client, IgnoresProxiesOfTheEnvironment) {
  ::setenv("http_proxy", "http://127.0.0.1:1", 1);
  RawServer server(answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
  ClientRig rig;
  Recorder recorder;
  ASSERT_TRUE(rig.fetch(get(server.url("/")), recorder));
  ::unsetenv("http_proxy");
  EXPECT_EQ(recorder.body, "ok");
}

TEST(Client, ConnectsWhereItIsTold) {
  KeptText seen;
  RawServer server(answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", &seen));
  ClientRig rig;
  Recorder recorder;
  ClientRequest request = get("http://nowhere.invalid/x");
  auto options = std::make_shared<ServerOptions>();
  options->connect_to = "127.0.0.1:" + std::to_string(server.port());
  request.options = options;
  ASSERT_TRUE(rig.fetch(std::move(request), recorder));
  EXPECT_EQ(recorder.body, "ok");
  EXPECT_EQ(seen.get(), "GET /x HTTP/1.1\r\nHost: nowhere.invalid\r\n\r\n");
}

TEST(Client, DecodesChunkedBodyAndTrailersButNotContent) {
  RawServer server(
      answer("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
             "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
             "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nX-Sum: 5\r\n\r\n"));
  ClientRig rig;
  Recorder recorder;
  ASSERT_TRUE(rig.fetch(get(server.url("/")), recorder));
  EXPECT_FALSE(recorder.error);
  ASSERT_EQ(recorder.informational.size(), 1u);
  EXPECT_EQ(recorder.informational[0].status, 103);
  EXPECT_EQ(recorder.head->fields.get("content-encoding"), "gzip");
  EXPECT_EQ(recorder.body, "abcde");
  ASSERT_TRUE(recorder.trailers);
  EXPECT_EQ(recorder.trailers->get("x-sum"), "5");
}

TEST(Client, BodyWithoutLengthEndsWithTheConnection) {
  RawServer server(answer("HTTP/1.1 200 OK\r\n\r\nall of it"));
  ClientRig rig;
  Recorder recorder;
  ASSERT_TRUE(rig.fetch(get(server.url("/")), recorder));
  EXPECT_FALSE(recorder.error);
  EXPECT_FALSE(recorder.head->body_bytes);
  EXPECT_EQ(recorder.body, "all of it");
}

TEST(Client, HeadAndNotModifiedTellTheLengthWithoutABody) {
  RawServer server([](RawPeer& peer, int) {
    peer.read_head();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n");
    peer.read_head();
    peer.send("HTTP/1.1 304 Not Modified\r\nContent-Length: 1234\r\nETag: \"a\"\r\n\r\n");
    peer.wait_for_end();
  });
  ClientRig rig;
  Recorder first;
  ClientRequest request = get(server.url("/"));
  request.method = "HEAD";
  ASSERT_TRUE(rig.fetch(std::move(request), first));
  EXPECT_FALSE(first.error);
  EXPECT_EQ(first.head->body_bytes, 1234u);
  Recorder second;
  ASSERT_TRUE(rig.fetch(get(server.url("/")), second));
  EXPECT_FALSE(second.error);
  EXPECT_EQ(second.head->body_bytes, 1234u);
  EXPECT_EQ(server.connections(), 1);
  rig.end_client();
}

TEST(Client, CutBodiesEndInAnError) {
  for (const char* response :
       {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabcde\r\n0\r\n\r\n"}) {
    RawServer server(answer(response));
    ClientRig rig;
    Recorder recorder;
    ASSERT_TRUE(rig.fetch(get(server.url("/")), recorder));
    ASSERT_TRUE(recorder.error) << response;
    EXPECT_TRUE(recorder.head) << response;
  }
}

TEST(Client, BrokenHeadsAreProtocolErrors) {
  for (const char* response :
       {"garbage\r\n\r\n", "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", "HTTP/1.1 20"}) {
    RawServer server(answer(response));
    ClientRig rig;
    Recorder recorder;
    ASSERT_TRUE(rig.fetch(get(server.url("/")), recorder));
    ASSERT_TRUE(recorder.error) << response;
    EXPECT_EQ(recorder.error->error.code, base::Errc::Protocol) << recorder.error->error.text;
    EXPECT_FALSE(recorder.head) << response;
  }
}

TEST(Client, LongHeadIsALimitError) {
  RawServer server(answer("HTTP/1.1 200 OK\r\nA: " + std::string(5000, 'x') + "\r\n\r\n"));
  ClientRig rig(ClientLimits{.header_bytes = 4096});
  Recorder recorder;
  ASSERT_TRUE(rig.fetch(get(server.url("/")), recorder));
  ASSERT_TRUE(recorder.error);
  EXPECT_EQ(recorder.error->error.code, base::Errc::Limit);
}

TEST(Client, RefusedConnectionWasNeverSent) {
  std::uint16_t port = 0;
  {
    RawServer gone([](RawPeer&, int) {});
    port = gone.port();
  }
  ClientRig rig;
  Recorder recorder;
  ASSERT_TRUE(rig.fetch(get("http://127.0.0.1:" + std::to_string(port) + "/"), recorder));
  ASSERT_TRUE(recorder.error);
  EXPECT_EQ(recorder.error->error.code, base::Errc::Unavailable);
  EXPECT_NE(recorder.error->error.text.find("127.0.0.1:" + std::to_string(port)), std::string::npos);
}

TEST(Client, ClosedWithoutResponseMayHaveBeenSeen) {
  RawServer server(answer(""));
  ClientRig rig;
  Recorder recorder;
  ASSERT_TRUE(rig.fetch(get(server.url("/")), recorder));
  ASSERT_TRUE(recorder.error);
}

TEST(Client, UnusableRequestsEndInvalidAndNotWithinStart) {
  ClientRig rig;
  for (const int kind : {0, 1, 2, 3, 4, 5}) {
    ClientRequest request = get("http://127.0.0.1:1/");
    if (kind == 0) request.url = "ftp://127.0.0.1/";
    if (kind == 1) request.url = "http:///path";
    if (kind == 2) request.url = "http://127.0.0.1/a b";
    if (kind == 3) request.method = "GET /x";
    if (kind == 4) request.fields.add("x", "a\r\nb: c");
    if (kind == 5) request.url = "http://user@127.0.0.1/";
    Recorder recorder;
    const auto exchange = rig.client().start(std::move(request), recorder);
    EXPECT_FALSE(recorder.ended);
    ASSERT_TRUE(rig.run_until([&] { return recorder.ended; }));
    ASSERT_TRUE(recorder.error);
    EXPECT_EQ(recorder.error->error.code, base::Errc::Invalid) << recorder.error->error.text;
  }
}

}  // namespace
}  // namespace http
