// SPDX-License-Identifier: Apache-2.0
// Who gets the connections to an origin when slow clients hold many of them.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/integration/harness.h"
#include "tests/support/raw_client.h"

namespace harness {
namespace {

class OriginConnections : public testing::Test {
 protected:
  /// An edge with four connections to the origin, three of them for uploads.
  void start(const std::string& fetch_keys = "") {
    Edge::Options options;
    options.origin = origin_.url();
    options.loops = 1;
    options.extra = "[fetch]\nconnections_per_origin = 4\n" + fetch_keys;
    edge_ = std::make_unique<Edge>(certificates_, folder_ / "edge", options);
    ASSERT_TRUE(edge_->start()) << edge_->output();
    origin_.answer_all(
        [](const Seen&) { return Reply{.headers = {{"Cache-Control", "max-age=600"}}, .body = "ok"}; });
    client_ = std::make_unique<Client>(edge_->client_options());
  }

  /// Uploads that never end take what they can get.
  void hold_uploads(std::size_t count) {
    const std::string address = edge_->http_address();
    const auto port = static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
    for (std::size_t i = 0; i < count; ++i) {
      slow_.push_back(std::make_unique<support::RawClient>(port));
      slow_.back()->send("POST /slow HTTP/1.1\r\nHost: www.test\r\nContent-Length: 1000\r\n\r\nx");
    }
    const auto enough = static_cast<double>(count);
    ASSERT_TRUE(
        support::wait_until([&] { return edge_->metric("selvage_origin_requests_total") >= enough; }));
    ASSERT_TRUE(support::wait_until([&] { return origin_.connections() >= 3; }));
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

}  // namespace
}  // namespace harness
