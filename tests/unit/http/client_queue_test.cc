// SPDX-License-Identifier: Apache-2.0
// Who may use a server's connections when there are not enough.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/raw_server.h"
#include "tests/support/recorder.h"

namespace http {
namespace {

using namespace std::chrono_literals;
using support::ClientRig;
using support::get;
using support::RawPeer;
using support::RawServer;
using support::Recorder;

/// Answers /now at once, and the rest never.
void answer_now_only(RawPeer& peer, int) {
  for (;;) {
    const std::string head = peer.read_head();
    if (!head.starts_with("GET /now ")) break;
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc");
  }
  peer.wait_for_end();
}

/// The first connection gets a body that has no end.
void answer_endlessly(RawPeer& peer, int index) {
  if (index > 0) return answer_now_only(peer, index);
  peer.read_head();
  peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
  const std::string chunk = "10000\r\n" + std::string(65536, 'x') + "\r\n";
  while (peer.send(chunk)) {
  }
}

ClientRequest request_of(const RawServer& server, const std::string& target, bool pass = false) {
  ClientRequest request = get(server.url(target));
  request.pass = pass;
  return request;
}

std::shared_ptr<ServerOptions> options_with(std::chrono::milliseconds queue_limit) {
  auto options = std::make_shared<ServerOptions>();
  options->queue_limit = queue_limit;
  return options;
}

TEST(ClientQueue, WaitingForAConnectionIsNotConnecting) {
  RawServer server(answer_now_only);
  ClientRig rig(ClientLimits{.connections_per_host = 1});
  Recorder never;
  auto holder = rig.client().start(request_of(server, "/never"), never);
  Recorder waiting;
  ClientRequest request = request_of(server, "/now");
  auto options = options_with(20s);
  options->connect_limit = 500ms;
  request.options = options;
  const auto exchange = rig.client().start(std::move(request), waiting);
  // Several limits later it still waits; it goes as soon as the other has gone.
  const auto later = std::chrono::steady_clock::now() + 1500ms;
  ASSERT_TRUE(rig.run_until([&] { return std::chrono::steady_clock::now() > later; }));
  EXPECT_FALSE(waiting.ended);
  holder.reset();
  ASSERT_TRUE(rig.run_until([&] { return waiting.ended; }));
  EXPECT_FALSE(waiting.error);
  rig.end_client();
}

TEST(ClientQueue, WaitingTooLongIsBusy) {
  RawServer server(answer_now_only);
  ClientRig rig(ClientLimits{.connections_per_host = 1});
  Recorder never;
  const auto holder = rig.client().start(request_of(server, "/never"), never);
  Recorder waiting;
  ClientRequest request = request_of(server, "/now");
  request.options = options_with(30ms);
  ASSERT_TRUE(rig.fetch(std::move(request), waiting));
  ASSERT_TRUE(waiting.error);
  EXPECT_EQ(waiting.error->error.code, base::Errc::Busy);
  rig.end_client();
}

TEST(ClientQueue, PassesLeaveConnectionsToOthers) {
  for (const std::uint32_t share : {0, 3}) {
    RawServer server(answer_now_only);
    ClientRig rig(ClientLimits{.connections_per_host = 4, .pass_connections = share});
    std::vector<std::unique_ptr<Recorder>> recorders;
    std::vector<std::unique_ptr<Exchange>> exchanges;
    for (int i = 0; i < 6; ++i) {
      recorders.push_back(std::make_unique<Recorder>());
      exchanges.push_back(rig.client().start(request_of(server, "/never", true), *recorders.back()));
    }
    Recorder other;
    ASSERT_TRUE(rig.fetch(request_of(server, "/now"), other));
    EXPECT_FALSE(other.error);
    EXPECT_EQ(server.connections(), 4);
    // Where a pass ends, the next one goes.
    for (int i = 0; i < 6; ++i) exchanges[i].reset();
    Recorder last;
    ASSERT_TRUE(rig.fetch(request_of(server, "/now", true), last));
    EXPECT_FALSE(last.error);
    rig.end_client();
  }
}

TEST(ClientQueue, ABusyServerHoldsBackNoOther) {
  RawServer busy(answer_now_only);
  RawServer free(answer_now_only);
  ClientRig rig(ClientLimits{.connections_per_host = 1});
  Recorder never;
  const auto holder = rig.client().start(request_of(busy, "/never"), never);
  Recorder waiting;
  const auto waits = rig.client().start(request_of(busy, "/now"), waiting);
  std::vector<std::unique_ptr<Recorder>> recorders;
  std::vector<std::unique_ptr<Exchange>> exchanges;
  for (int i = 0; i < 10; ++i) {
    recorders.push_back(std::make_unique<Recorder>());
    exchanges.push_back(rig.client().start(request_of(free, "/now"), *recorders.back()));
  }
  ASSERT_TRUE(rig.run_until(
      [&] { return std::ranges::all_of(recorders, [](const auto& recorder) { return recorder->ended; }); }));
  for (const auto& recorder : recorders) EXPECT_FALSE(recorder->error);
  EXPECT_FALSE(waiting.ended);
  exchanges.clear();
  rig.end_client();
}

TEST(ClientQueue, AllServersShareTheTotal) {
  RawServer one(answer_now_only);
  RawServer two(answer_now_only);
  ClientRig rig(ClientLimits{.connections_total = 1});
  Recorder never;
  auto holder = rig.client().start(request_of(one, "/never"), never);
  Recorder waiting;
  const auto exchange = rig.client().start(request_of(two, "/now"), waiting);
  ASSERT_TRUE(rig.run_until([&] { return one.connections() == 1; }));
  EXPECT_EQ(two.connections(), 0);
  holder.reset();
  ASSERT_TRUE(rig.run_until([&] { return waiting.ended; }));
  EXPECT_FALSE(waiting.error);
  rig.end_client();
}

/// One exchange that its client holds back and one that waits; answers what became of the first.
void expect_giving_way(ClientRequest slow, bool turns, Recorder& first, const RawServer& server,
                       bool gives_way) {
  ClientRig rig(
      ClientLimits{.connections_per_host = 1, .minimum_rate = gives_way ? 1024U : 0U, .pace_time = 50ms});
  // What it took fast before, as buffers do, does not count.
  constexpr std::size_t kBurst = 1 << 20;
  first.when_data = [&](std::string_view) {
    return first.body.size() < kBurst ? Flow::Continue : Flow::Pause;
  };
  const bool uploads = slow.body != nullptr;
  const auto holder = rig.client().start(std::move(slow), first);
  ASSERT_TRUE(
      rig.run_until([&] { return uploads ? server.connections() == 1 : first.body.size() >= kBurst; }));
  if (turns) holder->set_pass(true);
  Recorder second;
  ClientRequest request = request_of(server, "/now");
  request.options = options_with(gives_way ? 60s : 300ms);
  ASSERT_TRUE(rig.fetch(std::move(request), second));
  EXPECT_EQ(second.error.has_value(), !gives_way);
  ASSERT_EQ(first.ended, gives_way);
  EXPECT_TRUE(!gives_way || (first.error && first.error->error.code == base::Errc::Busy));
  rig.end_client();
}

TEST(ClientQueue, SlowPassesGiveWayToWhoWaits) {
  for (const bool turns : {false, true}) {
    RawServer server(answer_endlessly);
    Recorder reader;
    expect_giving_way(request_of(server, "/endless", !turns), turns, reader, server, true);
  }
  RawServer server(answer_now_only);
  Recorder sender;
  ClientRequest upload = request_of(server, "/upload", true);
  upload.method = "POST";
  upload.body = [](char*, std::size_t) { return BodyPiece{}; };
  expect_giving_way(std::move(upload), false, sender, server, true);
}

TEST(ClientQueue, AnEarlierWaitSaysNothingOfAPace) {
  constexpr std::size_t kBurst = 1 << 20;
  std::promise<void> go;
  RawServer server([&, told = go.get_future().share()](RawPeer& peer, int index) {
    if (index > 0) return answer_now_only(peer, index);
    peer.read_head();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(2 * kBurst) + "\r\n\r\na");
    told.wait();
    peer.send(std::string(2 * kBurst - 1, 'x'));
    peer.wait_for_end();
  });
  const ClientLimits limits{.connections_per_host = 1, .minimum_rate = 1ULL << 40, .pace_time = 200ms};
  ClientRig rig(limits);
  Recorder first;
  first.when_data = [&](std::string_view) {
    return first.body.size() < kBurst ? Flow::Continue : Flow::Pause;
  };
  const auto holder = rig.client().start(request_of(server, "/late", true), first);
  // Waits for too short a time to tell a pace, whatever comes in between.
  const auto wait_shortly = [&] {
    Recorder other;
    ClientRequest request = request_of(server, "/now");
    request.options = options_with(limits.pace_time - 50ms);
    ASSERT_TRUE(rig.fetch(std::move(request), other));
    EXPECT_TRUE(other.error);
  };
  EXPECT_TRUE(rig.run_until([&] { return !first.body.empty(); }));
  wait_shortly();
  // The server is silent, and nobody waits.
  const base::Steady later = rig.loop().clock().steady() + 3 * limits.pace_time;
  EXPECT_TRUE(rig.run_until([&] { return rig.loop().clock().steady() > later; }));
  go.set_value();
  EXPECT_TRUE(rig.run_until([&] { return first.body.size() >= kBurst; }));
  wait_shortly();
  EXPECT_FALSE(first.ended);
  rig.end_client();
}

TEST(ClientQueue, OthersAndUnboundedPassesKeepTheirs) {
  RawServer one(answer_endlessly);
  Recorder unbounded;
  expect_giving_way(request_of(one, "/endless", true), false, unbounded, one, false);
  RawServer two(answer_endlessly);
  ClientRig rig(ClientLimits{.connections_per_host = 1, .minimum_rate = 1ULL << 40, .pace_time = 10ms});
  Recorder fill;
  fill.when_data = [](std::string_view) { return Flow::Pause; };
  const auto holder = rig.client().start(request_of(two, "/endless"), fill);
  Recorder waiting;
  ClientRequest request = request_of(two, "/now");
  request.options = options_with(300ms);
  ASSERT_TRUE(rig.fetch(std::move(request), waiting));
  EXPECT_TRUE(waiting.error);
  EXPECT_FALSE(fill.ended);
  rig.end_client();
}

}  // namespace
}  // namespace http
