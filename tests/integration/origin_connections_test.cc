// SPDX-License-Identifier: Apache-2.0
// Who gets the connections to an origin when slow clients hold many of them.
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/integration/download.h"
#include "tests/integration/harness.h"
#include "tests/support/raw_client.h"

namespace harness {
namespace {

constexpr std::uint64_t kLargeBytes = 32 << 20;  // more than all buffers on the way hold

class OriginConnections : public testing::Test {
 protected:
  /// An edge with four connections to the origin, three of them for uploads.
  void start(const std::string& fetch_keys = "", unsigned connections = 4) {
    Edge::Options options;
    options.disk_keys = "max_object = \"1MiB\"\n";
    options.origin = origin_.url();
    options.loops = 1;
    options.extra = "[fetch]\nconnections_per_origin = " + std::to_string(connections) + "\n" + fetch_keys;
    edge_ = std::make_unique<Edge>(certificates_, folder_ / "edge", options);
    ASSERT_TRUE(edge_->start()) << edge_->output();
    origin_.answer_all(
        [](const Seen&) { return Reply{.headers = {{"Cache-Control", "max-age=600"}}, .body = "ok"}; });
    client_ = std::make_unique<Client>(edge_->client_options());
  }

  /// Uploads that never end take what they can get.
  void hold_uploads(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      slow_.push_back(std::make_unique<support::RawClient>(port()));
      slow_.back()->send("POST /slow HTTP/1.1\r\nHost: www.test\r\nContent-Length: 1000\r\n\r\nx");
    }
    const auto enough = static_cast<double>(count);
    ASSERT_TRUE(
        support::wait_until([&] { return edge_->metric("selvage_origin_requests_total") >= enough; }));
    ASSERT_TRUE(support::wait_until([&] { return origin_.connections() >= 3; }));
  }
  /// A client that reads nothing of the answer.
  void ask_slowly(const std::string& path) {
    const std::size_t before = origin_.requests(path);
    slow_.push_back(std::make_unique<support::RawClient>(port(), 4096));
    slow_.back()->send("GET " + path + " HTTP/1.1\r\nHost: www.test\r\n\r\n");
    ASSERT_TRUE(support::wait_until([&] { return origin_.requests(path) == before + 1; }));
  }
  /// Has `path` remembered as uncacheable; its origin gives no more answers then.
  void answer_late(const std::string& path) {
    Reply reply{.headers = {{"Cache-Control", "private"}}, .body = "mine"};
    origin_.answer(path, reply);
    EXPECT_EQ(client_->get("http://www.test" + path).body, "mine");
    reply.head_gate = std::make_shared<Gate>();
    origin_.answer(path, reply);
  }
  std::uint16_t port() const {
    const std::string address = edge_->http_address();
    return static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
  }
  Response upload() {
    return client_->perform({.url = "http://www.test/upload", .method = "POST", .body = "y"});
  }

  TempFolder folder_;
  Certificates certificates_{folder_.path()};
  Origin origin_;
  std::unique_ptr<Edge> edge_{};
  std::unique_ptr<Client> client_{};
  std::vector<std::unique_ptr<support::RawClient>> slow_{};
};

TEST_F(OriginConnections, SlowUploadsLeaveOneForMisses) {
  start("minimum_rate = 0\n");
  hold_uploads(6);
  const Response miss = client_->get("http://www.test/miss");
  EXPECT_EQ(miss.status, 200) << miss.body;
  // An upload has to wait, and is told to come again when it has waited in vain.
  const Response other = upload();
  EXPECT_EQ(other.status, 503) << other.body;
  EXPECT_FALSE(other.header("retry-after").empty());
}

TEST_F(OriginConnections, SlowUploadGivesWayToWhoWaits) {
  start();
  hold_uploads(3);
  EXPECT_EQ(upload().status, 200);
  EXPECT_EQ(origin_.requests("/upload"), 1U);
  // One of the slow is told.
  EXPECT_TRUE(
      support::wait_until([&] { return edge_->metric("selvage_responses_total", {"class=\"5xx\""}) >= 1; }));
}

TEST_F(OriginConnections, SlowDownloadThatOutgrewTheCacheGivesWayToWhoWaits) {
  start();
  const Reply large{
      .headers = {{"Cache-Control", "max-age=600"}}, .body = SeededBody(1, kLargeBytes), .chunked = true};
  for (const std::string path : {"/1", "/2", "/3", "/4"}) {
    origin_.answer(path, large);
    ask_slowly(path);
  }
  ASSERT_TRUE(
      support::wait_until([&] { return edge_->metric("selvage_origin_bytes_total") > 4.0 * (1 << 20); }));
  // Not at the first try if the buffers on the way to the slow are still filling.
  EXPECT_TRUE(support::wait_until([&] { return client_->get("http://www.test/miss").status == 200; }));
}

TEST_F(OriginConnections, WhatIsRememberedAsUncacheableEndsWithItsClient) {
  start();
  answer_late("/private");
  for (int i = 0; i < 3; ++i) ask_slowly("/private");
  for (const auto& client : slow_) client->reset();  // who only ends its sending side may want the answer
  EXPECT_TRUE(support::wait_until([&] { return edge_->metric("selvage_fills_abandoned_total") == 3; }));
}

TEST_F(OriginConnections, WhatIsRememberedAsUncacheableLeavesOneForMisses) {
  start("minimum_rate = 0\n");
  answer_late("/private");
  for (int i = 0; i < 3; ++i) ask_slowly("/private");
  const double before = edge_->metric("selvage_origin_requests_total");
  support::RawClient fourth(port());
  fourth.send("GET /private HTTP/1.1\r\nHost: www.test\r\n\r\n");
  ASSERT_TRUE(support::wait_until([&] { return edge_->metric("selvage_origin_requests_total") > before; }));
  const Response miss = client_->get("http://www.test/miss");
  EXPECT_EQ(miss.status, 200) << miss.body;
  EXPECT_EQ(origin_.requests("/private"), 4U);  // with that which told
}

TEST_F(OriginConnections, AFastReaderDoesNotGiveWayForTheSlowOneBesideIt) {
  start("hold_back = \"0\"\n", 1);
  const auto gate = std::make_shared<Gate>();
  const SeededBody body(1, kLargeBytes);
  origin_.answer("/large", Reply{.headers = {{"Cache-Control", "max-age=600"}},
                                 .body = body,
                                 .chunked = true,
                                 .body_gate = gate,
                                 .gate_at = 1});
  ask_slowly("/large");
  Download fast(edge_->client_options(), {.url = "http://www.test/large", .keep_body = false});
  ASSERT_TRUE(support::wait_until([&] { return fast.received() == 1; }));
  gate->open();
  EXPECT_TRUE(support::wait_until([&] {
    client_->get("http://www.test/miss");
    return fast.done();
  }));
  const Response whole = fast.result();
  EXPECT_TRUE(whole.ok()) << whole.error;
  EXPECT_EQ(whole.sha256, body.sha256());
  EXPECT_EQ(origin_.requests("/large"), 1U);
}

}  // namespace
}  // namespace harness
