// SPDX-License-Identifier: Apache-2.0
// How much of one turn of its loop a client takes for transfers that all have something to do.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <ranges>
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

/// Keeps the loop busy.
void work_for(std::chrono::microseconds time) {
  const auto end = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < end) {
  }
}

/// Transfers side by side whose listeners take their time over each piece.
class ClientSlice : public testing::Test {
 protected:
  static constexpr std::size_t kBody = 4 << 20;

  void start(std::size_t count, std::chrono::microseconds over_each_piece) {
    for (std::size_t i = 0; i < count; ++i) {
      recorders.push_back(std::make_unique<Recorder>());
      recorders.back()->when_data = [this, over_each_piece](std::string_view) {
        ++calls[rig.loop().turn()];
        ++taken;
        work_for(over_each_piece);
        return Flow::Continue;
      };
      exchanges.push_back(rig.client().start(get(server.url("/")), *recorders.back()));
    }
  }
  bool all_end() {
    return rig.run_until(
        [&] { return std::ranges::all_of(recorders, [](const auto& recorder) { return recorder->ended; }); });
  }
  std::size_t most_calls_in_a_turn() const { return std::ranges::max(calls | std::views::values); }

  std::string content = std::string(kBody, 'b');
  RawServer server{[this](RawPeer& peer, int) {
    peer.read_head();
    peer.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: " + std::to_string(content.size()) +
              "\r\n\r\n");
    peer.send(content);
    peer.wait_for_end();
  }};
  ClientRig rig{};
  std::map<std::uint64_t, std::size_t> calls{};  ///< of listeners, by turn
  std::size_t taken = 0;                         ///< pieces
  std::vector<std::unique_ptr<Recorder>> recorders{};
  std::vector<std::unique_ptr<Exchange>> exchanges{};
};

TEST_F(ClientSlice, BodiesThatAreThereDoNotKeepTheLoopFromItsTurns) {
  start(4, 1ms);  // longer than a slice
  ASSERT_TRUE(all_end());
  // One in the turn's own slice, and one in each of those for what the last has left: sockets, and what was
  // held.
  EXPECT_LE(most_calls_in_a_turn(), 3u);
  for (const auto& recorder : recorders) {
    EXPECT_FALSE(recorder->error);
    EXPECT_TRUE(recorder->body == content);
  }
  rig.end_client();
}

TEST_F(ClientSlice, WhatIsHeldEndsHoweverManyOthersCome) {
  start(4, 1ms);
  // Two that are new for each two that have ended, as long as the first has not.
  std::size_t seen_ended = 0;
  ASSERT_TRUE(rig.run_until([&] {
    const auto ended = static_cast<std::size_t>(
        std::ranges::count_if(recorders, [](const auto& recorder) { return recorder->ended; }));
    if (ended >= seen_ended + 2) {
      seen_ended += 2;
      start(2, 1ms);
    }
    return recorders[0]->ended;
  }));
  EXPECT_TRUE(recorders[0]->body == content);
  rig.end_client();
}

TEST_F(ClientSlice, WhatIsCompleteIsToldWhileOthersAreHeld) {
  RawServer small([](RawPeer& peer, int) {
    peer.read_head();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc");
    peer.wait_for_end();
  });
  start(8, 2ms);
  ASSERT_TRUE(rig.run_until([&] { return taken > 16; }));
  Recorder one;
  std::size_t taken_at_end = 0;
  std::size_t taken_at_body = 0;
  one.when_data = [&](std::string_view) {
    taken_at_body = taken;
    return Flow::Continue;
  };
  one.when_end = [&] { taken_at_end = taken; };
  const auto exchange = rig.client().start(get(small.url("/")), one);
  ASSERT_TRUE(rig.run_until([&] { return one.ended; }));
  EXPECT_FALSE(one.error);
  EXPECT_EQ(one.body, "abc");
  EXPECT_LE(taken_at_end - taken_at_body, 4u) << "pieces of others between its body and its end";
  rig.end_client();
}

TEST_F(ClientSlice, AnErrorThatIsReportedOnceIsHeardWhileOthersUseTheSlice) {
  // Each connection is reset while the listeners of others keep the loop.
  RawServer resetting([](RawPeer& peer, int) {
    peer.read_head();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\na");
    peer.reset();
  });
  start(6, 2ms);
  ASSERT_TRUE(rig.run_until([&] { return taken > 12; }));
  std::vector<std::unique_ptr<Recorder>> cut;
  std::vector<std::unique_ptr<Exchange>> requests;
  for (int i = 0; i < 20; ++i) {
    cut.push_back(std::make_unique<Recorder>());
    requests.push_back(rig.client().start(get(resetting.url("/")), *cut.back()));
  }
  // Long before a time limit ends them: those are 30 s.
  std::size_t taken_before = taken;
  ASSERT_TRUE(rig.run_until([&] {
    if (taken > taken_before + 50) {
      taken_before = taken;
      start(1, 2ms);
    }
    return std::ranges::all_of(cut, [](const auto& recorder) { return recorder->ended; });
  }));
  for (const auto& recorder : cut) {
    ASSERT_TRUE(recorder->error);
    EXPECT_NE(recorder->error->error.code, base::Errc::Timeout) << recorder->error->error.text;
  }
  rig.end_client();
}

TEST_F(ClientSlice, TrailersThatCameWhileABodyWasHeldAreToldApart) {
  RawServer trailing([](RawPeer& peer, int) {
    peer.read_head();
    const std::string chunk = "1000\r\n" + std::string(0x1000, 'c') + "\r\n";
    std::string all = "HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (int i = 0; i < 12; ++i) all += chunk;
    peer.send(all + "0\r\nOne: 1\r\nTwo: 2\r\n\r\n");
    peer.wait_for_end();
  });
  for (int round = 0; round < 5; ++round) {
    Recorder recorder;
    recorder.when_data = [](std::string_view) {
      work_for(1ms);
      return Flow::Continue;
    };
    ASSERT_TRUE(rig.fetch(get(trailing.url("/")), recorder));
    ASSERT_FALSE(recorder.error) << recorder.error->error.text;
    EXPECT_EQ(recorder.body.size(), 12u * 0x1000);
    ASSERT_TRUE(recorder.trailers);
    EXPECT_EQ(recorder.trailers->get("one"), "1");
    EXPECT_EQ(recorder.trailers->get("two"), "2");
  }
  rig.end_client();
}

TEST_F(ClientSlice, APausedTransferThatWasHeldGoesOnOnceItIsResumed) {
  start(3, 1ms);
  int pauses = 0;
  recorders[0]->when_data = [&](std::string_view) {
    work_for(1ms);
    return ++pauses % 7 == 0 ? Flow::Pause : Flow::Continue;
  };
  ASSERT_TRUE(rig.run_until([&] {
    exchanges[0]->resume();
    return recorders[0]->ended;
  }));
  EXPECT_TRUE(recorders[0]->body == content);
  ASSERT_TRUE(all_end());
  rig.end_client();
}

TEST_F(ClientSlice, HeldTransfersMayBeGivenUp) {
  start(6, 1ms);
  ASSERT_TRUE(rig.run_until([&] { return taken > 6; }));
  exchanges.resize(2);
  ASSERT_TRUE(rig.run_until([&] { return recorders[0]->ended && recorders[1]->ended; }));
  EXPECT_TRUE(recorders[0]->body == content && recorders[1]->body == content);
  rig.end_client();
}

TEST_F(ClientSlice, ManyThatBeginAtOnceAreAllLetIn) {
  content.resize(256 << 10);
  start(40, 0us);
  ASSERT_TRUE(all_end());
  EXPECT_EQ(server.connections(), 40);
  for (const auto& recorder : recorders) EXPECT_TRUE(recorder->body == content);
  rig.end_client();
}

}  // namespace
}  // namespace http
