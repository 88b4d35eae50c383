// SPDX-License-Identifier: Apache-2.0
// After the answer to a purge with ?wait nobody gets old content, on any edge, from any tier.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <random>
#include <thread>

#include "tests/integration/purge_scene.h"

namespace harness {
namespace {

using Protocol = Request::Protocol;

constexpr unsigned kEdges = 2;

/// Pages whose bytes are the origin's version of them: it makes version N+1 and purges, again and again.
class PurgeWait : public testing::Test {
 protected:
  struct Page {
    std::string path{};
    std::uint64_t size = 0;
    std::atomic<unsigned> version{1};  ///< what the origin gives from now on
    std::atomic<unsigned> floor{1};    ///< the oldest that may be served
  };

  void SetUp() override {
    scene.begin(kEdges);
    for (std::size_t i = 0; i < 6; ++i) {
      Page& page = pages.emplace_back();
      page.path = "/section/page-" + std::to_string(i);
      page.size = i % 2 == 0 ? 5'000 : 200'000;
      scene.origin.answer(page.path, [&page, i](const Seen&) { return reply_of(page, i); });
    }
  }
  static Reply reply_of(const Page& page, std::size_t index) {
    const unsigned version = page.version;
    Reply reply;
    reply.headers = {{"Cache-Control", "max-age=3600"},
                     {"Surrogate-Key", "all page-" + std::to_string(index)},
                     {"X-Version", std::to_string(version)}};
    reply.body = SeededBody(version, page.size);
    // Some are on their way for long enough to meet a purge.
    if (version % 3 != 0) reply.spread = std::chrono::milliseconds(version % 3 * 10);
    return reply;
  }
  static std::string purge_of(const Page& page, std::size_t index, unsigned turn) {
    switch (turn % 5) {
      case 0: return "{\"site\":\"www\",\"urls\":[\"https://www.test" + page.path + "\"]}";
      case 1: return "{\"site\":\"www\",\"tags\":[\"page-" + std::to_string(index) + "\"]}";
      case 2: return R"({"site":"www","prefixes":["https://www.test/section"]})";
      case 3: return R"({"site":"www","hosts":["www.test"]})";
      default: return R"({"site":"www","everything":true})";
    }
  }
  /// The origin gets a new version, then it is purged everywhere.
  void renew(std::size_t index, unsigned turn) {
    Page& page = pages[index];
    const unsigned version = ++page.version;
    scene.purge(purge_of(page, index, turn));
    page.floor = version;
  }
  /// Whether one request got a version that is whole and not older than what was purged before it was made.
  testing::AssertionResult ask(Client& client, Page& page, Protocol protocol) {
    const unsigned floor = page.floor;
    const Response response = client.perform(scene.request(page.path, protocol));
    if (!response.ok()) return testing::AssertionFailure() << response.error << " " << response.status;
    const auto version = static_cast<unsigned>(std::stoul("0" + response.header("x-version")));
    if (version < floor) {
      return testing::AssertionFailure() << page.path << ": version " << version << ", purged before "
                                         << floor << ", " << response.header("cache-status");
    }
    if (response.sha256 != SeededBody(version, page.size).sha256())
      return testing::AssertionFailure() << page.path << ": not the bytes of version " << version;
    return testing::AssertionSuccess();
  }
  /// Every page from every edge, over both protocols and fresh connections, so that all loops are met.
  void expect_new_everywhere(std::size_t edge) {
    for (const Protocol protocol : {Protocol::Http2, Protocol::Http11}) {
      Client client(scene.edge(edge).client_options());
      for (Page& page : pages) EXPECT_TRUE(ask(client, page, protocol)) << "edge " << edge;
    }
  }

  std::deque<Page> pages{};  ///< outlives the origin, which answers from it
  PurgeScene scene;
};

TEST_F(PurgeWait, NoTierOfAnyEdgeServesOldContent) {
  for (unsigned turn = 0; turn < 5; ++turn) {
    for (unsigned edge = 0; edge < kEdges; ++edge) expect_new_everywhere(edge);
    // At every other turn what is purged is on disk only.
    for (unsigned edge = 0; edge < kEdges && turn % 2 == 1; ++edge) {
      ASSERT_TRUE(scene.settled(edge));
      EXPECT_EQ(scene.edge(edge).process().stop(), 0);
      ASSERT_TRUE(scene.edge(edge).start()) << scene.edge(edge).output();
      ASSERT_TRUE(scene.edge(edge).wait_ready());
      EXPECT_EQ(scene.edge(edge).metric("selvage_disk_objects"), pages.size());
    }
    for (std::size_t i = 0; i < pages.size(); ++i) renew(i, turn);
    for (unsigned edge = 0; edge < kEdges; ++edge) expect_new_everywhere(edge);
  }
}

TEST_F(PurgeWait, NobodyGetsOldContentWhileManyAskAndPurge) {
  std::atomic<bool> over{false};
  std::atomic<unsigned> asked{0};
  std::vector<std::thread> clients;
  for (unsigned n = 0; n < 6; ++n) {
    clients.emplace_back([&, n] {
      std::mt19937 random(n);
      Client client(scene.edge(n % kEdges).client_options());
      while (!over) {
        Page& page = pages[random() % pages.size()];
        EXPECT_TRUE(ask(client, page, n % 3 == 0 ? Protocol::Http11 : Protocol::Http2));
        ++asked;
      }
    });
  }
  for (unsigned turn = 0; turn < 60; ++turn) renew(turn % pages.size(), turn % 9 < 7 ? turn % 2 : turn);
  over = true;
  for (std::thread& client : clients) client.join();
  EXPECT_GT(asked, 60U);
  EXPECT_GT(scene.edge(0).metric("selvage_requests_total", {"outcome=\"hit\""}), 0);
  EXPECT_GT(scene.edge(0).metric("selvage_purged_misses_total"), 0);
  std::cout << asked << " requests, " << scene.origin.requests() << " of them at the origin\n";
}

}  // namespace
}  // namespace harness
