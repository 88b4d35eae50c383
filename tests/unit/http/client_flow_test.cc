// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <semaphore>
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

TEST(ClientFlow, PauseHoldsTheServerBackAndResumeLosesNothing) {
  constexpr std::size_t kSize = 32 << 20;
  std::string content(kSize, '\0');
  for (std::size_t i = 0; i < kSize; ++i) content[i] = static_cast<char>(i * 2654435761u >> 24);
  std::atomic<std::size_t> sent{0};
  RawServer server([&](RawPeer& peer, int) {
    peer.read_head();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(kSize) + "\r\n\r\n");
    for (std::size_t at = 0; at < kSize && peer.send(std::string_view(content).substr(at, 1 << 16));
         at += 1 << 16) {
      sent = at;
    }
  });
  ClientRig rig;
  Recorder recorder;
  int pauses = 0;
  recorder.when_data = [&](std::string_view) { return ++pauses % 100 == 1 ? Flow::Pause : Flow::Continue; };
  const auto exchange = rig.client().start(get(server.url("/")), recorder);
  ASSERT_TRUE(rig.run_until([&] { return pauses == 1; }));
  const std::size_t at_pause = recorder.body.size();
  // The server gets stuck: what it has sent stops growing well before the end.
  std::size_t before = 0;
  int same = 0;
  ASSERT_TRUE(rig.run_until([&] {
    same = sent == before ? same + 1 : 0;
    before = sent;
    return same > 50;
  }));
  EXPECT_LT(before, kSize / 2);
  EXPECT_EQ(recorder.body.size(), at_pause);
  ASSERT_TRUE(rig.run_until([&] {
    exchange->resume();
    return recorder.ended;
  }));
  EXPECT_FALSE(recorder.error);
  EXPECT_TRUE(recorder.body == content);
  EXPECT_GT(pauses, 100);
}

TEST(ClientFlow, BodyIsPulledAsItComes) {
  KeptText kept;
  RawServer server([&](RawPeer& peer, int) {
    const std::string head = peer.read_head();
    kept.keep(head + peer.read_until("0\r\n\r\n"));
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  });
  ClientRig rig;
  Recorder recorder;
  ClientRequest request = get(server.url("/up"));
  request.method = "POST";
  int asked = 0;
  bool has_more = false;
  request.body = [&](char* room, std::size_t) -> BodyPiece {
    ++asked;
    if (asked == 1) return {std::string("one").copy(room, 3), false, false};
    if (!has_more) return {};
    return {std::string("two").copy(room, 3), true, false};
  };
  const auto exchange = rig.client().start(std::move(request), recorder);
  ASSERT_TRUE(rig.run_until([&] { return asked == 2; }));
  has_more = true;
  exchange->body_ready();
  ASSERT_TRUE(rig.run_until([&] { return recorder.ended; }));
  EXPECT_FALSE(recorder.error);
  EXPECT_EQ(asked, 3);
  const std::string seen = kept.get();
  EXPECT_NE(seen.find("POST /up HTTP/1.1\r\n"), std::string::npos);
  EXPECT_NE(seen.find("Transfer-Encoding: chunked\r\n"), std::string::npos);
  EXPECT_EQ(seen.substr(seen.find("\r\n\r\n") + 4), "3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n");
}

TEST(ClientFlow, BodyOfKnownLengthAndEmptyBody) {
  KeptText kept_first;
  KeptText kept_second;
  RawServer server([&](RawPeer& peer, int) {
    const std::string head = peer.read_head();
    kept_first.keep(head + peer.read_bytes(5));
    peer.send("HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n");
    kept_second.keep(peer.read_head());
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    peer.wait_for_end();
  });
  ClientRig rig;
  Recorder one;
  ClientRequest request = get(server.url("/"));
  request.method = "PUT";
  request.body = text_body("hello", 2);
  request.body_bytes = 5;
  ASSERT_TRUE(rig.fetch(std::move(request), one));
  EXPECT_EQ(one.head->status, 201);
  const std::string first = kept_first.get();
  EXPECT_NE(first.find("Content-Length: 5\r\n"), std::string::npos);
  EXPECT_EQ(first.find("Expect"), std::string::npos);
  EXPECT_TRUE(first.ends_with("\r\n\r\nhello"));
  Recorder two;
  ClientRequest empty = get(server.url("/"));
  empty.method = "POST";
  ASSERT_TRUE(rig.fetch(std::move(empty), two));
  const std::string second = kept_second.get();
  EXPECT_TRUE(second.starts_with("POST / HTTP/1.1\r\n"));
  EXPECT_NE(second.find("content-length: 0\r\n"), std::string::npos);
  rig.end_client();
}

TEST(ClientFlow, FailedAndShortBodiesEndTheRequest) {
  RawServer server([](RawPeer& peer, int) { peer.wait_for_end(); });
  ClientRig rig;
  for (const bool is_short : {false, true}) {
    Recorder recorder;
    ClientRequest request = get(server.url("/"));
    request.method = "PUT";
    request.body_bytes = 10;
    request.body = [is_short](char* room, std::size_t) -> BodyPiece {
      room[0] = 'x';
      return is_short ? BodyPiece{1, true, false} : BodyPiece{0, false, true};
    };
    ASSERT_TRUE(rig.fetch(std::move(request), recorder));
    ASSERT_TRUE(recorder.error);
    EXPECT_EQ(recorder.error->error.code, base::Errc::Cancelled);
  }
  rig.end_client();
}

TEST(ClientFlow, ListenerMayEndTheExchangeFromAnyCall) {
  RawServer server([](RawPeer& peer, int) {
    while (!peer.read_head().empty()) {
      peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 5\r\n\r\n");
    }
  });
  ClientRig rig;
  for (const int where : {0, 1, 2, 3}) {
    Recorder recorder;
    std::unique_ptr<Exchange> exchange;
    bool gone = false;
    const auto end = [&] {
      exchange.reset();
      gone = true;
    };
    if (where == 0) recorder.when_head = end;
    if (where == 1) {
      recorder.when_data = [&](std::string_view) {
        end();
        return Flow::Continue;
      };
    }
    if (where == 2) recorder.when_trailers = end;
    if (where == 3) recorder.when_end = end;
    exchange = rig.client().start(get(server.url("/")), recorder);
    ASSERT_TRUE(rig.run_until([&] { return gone; })) << where;
    EXPECT_EQ(recorder.ended, where == 3);
  }
  rig.end_client();
}

TEST(ClientFlow, ListenerMayStartAnotherExchange) {
  RawServer server([](RawPeer& peer, int) {
    while (!peer.read_head().empty()) peer.send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc");
  });
  ClientRig rig;
  Recorder first;
  Recorder second;
  std::unique_ptr<Exchange> next;
  first.when_data = [&](std::string_view) {
    next = rig.client().start(get(server.url("/next")), second);
    return Flow::Continue;
  };
  const auto exchange = rig.client().start(get(server.url("/")), first);
  ASSERT_TRUE(rig.run_until([&] { return first.ended && second.ended; }));
  EXPECT_EQ(second.body, "abc");
  rig.end_client();
}

TEST(ClientFlow, ExchangesOutliveTheirClientInSilence) {
  RawServer server([](RawPeer& peer, int) {
    peer.read_head();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\na");
    peer.wait_for_end();
  });
  ClientRig rig;
  Recorder recorder;
  const auto exchange = rig.client().start(get(server.url("/")), recorder);
  ASSERT_TRUE(rig.run_until([&] { return !recorder.body.empty(); }));
  rig.end_client();
  exchange->resume();
  exchange->body_ready();
  EXPECT_FALSE(recorder.ended);
}

TEST(ClientFlow, KeepsToItsConnectionsPerHost) {
  std::atomic<int> open{0};
  std::atomic<int> most{0};
  RawServer server([&](RawPeer& peer, int) {
    const int now = ++open;
    int seen = most;
    while (now > seen && !most.compare_exchange_weak(seen, now)) {
    }
    while (!peer.read_head().empty()) peer.send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc");
    --open;
  });
  ClientRig rig(ClientLimits{.connections_per_host = 3});
  std::vector<std::unique_ptr<Recorder>> recorders;
  std::vector<std::unique_ptr<Exchange>> exchanges;
  for (int i = 0; i < 30; ++i) {
    recorders.push_back(std::make_unique<Recorder>());
    exchanges.push_back(rig.client().start(get(server.url("/")), *recorders.back()));
  }
  ASSERT_TRUE(rig.run_until(
      [&] { return std::ranges::all_of(recorders, [](const auto& recorder) { return recorder->ended; }); }));
  for (const auto& recorder : recorders) EXPECT_EQ(recorder->body, "abc");
  EXPECT_LE(most, 3);
  exchanges.clear();
  rig.end_client();
}

TEST(ClientFlow, RequestOnADeadKeptConnectionIsRepeated) {
  std::atomic<bool> closed{false};
  RawServer server([&](RawPeer& peer, int index) {
    peer.read_head();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc");
    if (index == 0) closed = true;
  });
  ClientRig rig;
  Recorder first;
  ASSERT_TRUE(rig.fetch(get(server.url("/")), first));
  ASSERT_TRUE(rig.run_until([&] { return closed.load(); }));
  Recorder second;
  ASSERT_TRUE(rig.fetch(get(server.url("/")), second));
  EXPECT_FALSE(second.error);
  EXPECT_EQ(second.body, "abc");
}

TEST(ClientFlowRfc9110_9_2_2, OnlyIdempotentRequestsAreRepeated) {
  struct Case {
    const char* method;
    bool body;
    int times;
  };
  for (const auto& [method, body, times] :
       {Case{"GET", false, 2}, Case{"PUT", false, 2}, Case{"POST", false, 1}, Case{"PATCH", false, 1},
        Case{"MADE-UP", false, 1}, Case{"POST", true, 1}, Case{"PUT", true, 1}}) {
    std::atomic<int> seen{0};
    RawServer server([&, method = std::string(method)](RawPeer& peer, int index) {
      for (int i = 0; i < 2; ++i) {
        const std::string head = peer.read_head();
        if (head.starts_with(method + " /again ")) ++seen;
        // The first connection ends with the second request on it.
        if (index == 0 && i == 1) return;
        peer.read_bytes(head.find("Content-Length: 3") == std::string::npos ? 0 : 3);
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc");
      }
    });
    ClientRig rig;
    Recorder first;
    ASSERT_TRUE(rig.fetch(get(server.url("/")), first));
    Recorder second;
    ClientRequest request = get(server.url("/again"));
    request.method = method;
    if (body) request.body = text_body("xyz");
    if (body) request.body_bytes = 3;
    ASSERT_TRUE(rig.fetch(std::move(request), second));
    EXPECT_EQ(seen, times) << method << body;
    ASSERT_EQ(second.error.has_value(), times == 1) << method << body;
    rig.end_client();
  }
}

TEST(ClientFlow, AConnectionThatCannotBeWatchedFailsAtOnce) {
  RawServer server([](RawPeer& peer, int) {
    peer.read_head();
    peer.send("HTTP/1.1 204 No Content\r\n\r\n");
    peer.wait_for_end();
  });
  ClientRig rig;
  // The loop still watches a number that the system gives out again.
  const int number = ::eventfd(0, EFD_CLOEXEC);
  ASSERT_GE(number, 0);
  auto stale = std::make_unique<loop::Poll>(rig.loop(), number, [](int) {});
  stale->watch(loop::Poll::Readable);
  int looks = 0;
  ASSERT_TRUE(rig.run_until([&] { return ++looks > 2; }));
  ::close(number);
  Recorder lost;
  ASSERT_TRUE(rig.fetch(get(server.url("/")), lost));
  ASSERT_TRUE(lost.error);
  EXPECT_EQ(lost.error->error.code, base::Errc::System) << lost.error->error.text;
  stale.reset();
  Recorder other;
  ASSERT_TRUE(rig.fetch(get(server.url("/")), other));
  EXPECT_FALSE(other.error);
  rig.end_client();
}

TEST(ClientFlow, InterimResponsesDoNotPutOffTheLimit) {
  std::counting_semaphore<> go(0);
  std::atomic<bool> over = false;
  RawServer server([&](RawPeer& peer, int) {
    peer.read_head();
    for (go.acquire(); !over; go.acquire()) peer.send("HTTP/1.1 103 Early Hints\r\n\r\n");
  });
  auto options = std::make_shared<ServerOptions>();
  options->first_byte_limit = std::chrono::milliseconds(100);
  ClientRequest request = get(server.url("/"));
  request.options = options;
  ClientRig rig;
  Recorder recorder;
  const auto exchange = rig.client().start(std::move(request), recorder);
  // Often enough that each would put the limit off, seldom enough that they are not too many.
  base::Steady next{};
  EXPECT_TRUE(rig.run_until([&] {
    if (const base::Steady now = rig.loop().clock().steady(); now >= next) {
      next = now + std::chrono::milliseconds(20);
      go.release();
    }
    return recorder.ended;
  }));
  over = true;
  go.release();
  ASSERT_TRUE(recorder.error);
  EXPECT_EQ(recorder.error->error.code, base::Errc::Timeout) << recorder.error->error.text;
  rig.end_client();
}

TEST(ClientFlow, InterimResponsesWithoutEndAreAnError) {
  RawServer server([](RawPeer& peer, int) {
    peer.read_head();
    while (peer.send("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")) {
    }
  });
  ClientRig rig;
  Recorder recorder;
  ASSERT_TRUE(rig.fetch(get(server.url("/")), recorder));
  ASSERT_TRUE(recorder.error);
  EXPECT_EQ(recorder.error->error.code, base::Errc::Protocol);
  EXPECT_EQ(recorder.informational.size(), 16u);
  rig.end_client();
}

TEST(ClientFlow, SilentServersRunIntoTheLimits) {
  RawServer server([](RawPeer& peer, int) {
    const std::string head = peer.read_head();
    if (head.find("/late") == std::string::npos) peer.send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\na");
    peer.wait_for_end();
  });
  const auto first_byte = std::make_shared<ServerOptions>();
  first_byte->first_byte_limit = std::chrono::milliseconds(30);
  const auto idle = std::make_shared<ServerOptions>();
  idle->idle_limit = std::chrono::milliseconds(40);
  ClientRig rig;
  Recorder late;
  ClientRequest request = get(server.url("/late"));
  request.options = first_byte;
  ASSERT_TRUE(rig.fetch(std::move(request), late));
  ASSERT_TRUE(late.error);
  EXPECT_EQ(late.error->error.code, base::Errc::Timeout);
  Recorder stuck;
  request = get(server.url("/stuck"));
  request.options = idle;
  ASSERT_TRUE(rig.fetch(std::move(request), stuck));
  ASSERT_TRUE(stuck.error);
  EXPECT_EQ(stuck.error->error.code, base::Errc::Timeout);
  EXPECT_EQ(stuck.body, "a");
}

TEST(ClientFlow, APausedReaderIsNotIdle) {
  RawServer server([](RawPeer& peer, int) {
    peer.read_head();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\na");
    peer.wait_for_end();
  });
  auto options = std::make_shared<ServerOptions>();
  options->idle_limit = std::chrono::milliseconds(10);
  ClientRig rig;
  Recorder recorder;
  recorder.when_data = [](std::string_view) { return Flow::Pause; };
  ClientRequest request = get(server.url("/"));
  request.options = options;
  const auto exchange = rig.client().start(std::move(request), recorder);
  ASSERT_TRUE(rig.run_until([&] { return !recorder.body.empty(); }));
  // Several limits later it still runs; once resumed, the limit counts again.
  int looks = 0;
  ASSERT_TRUE(rig.run_until([&] { return ++looks > 60; }));
  EXPECT_FALSE(recorder.ended);
  exchange->resume();
  ASSERT_TRUE(rig.run_until([&] { return recorder.ended; }));
  EXPECT_EQ(recorder.error->error.code, base::Errc::Timeout);
  rig.end_client();
}

}  // namespace
}  // namespace http
