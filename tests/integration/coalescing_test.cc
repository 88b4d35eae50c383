// SPDX-License-Identifier: Apache-2.0
// One fill for all who ask. SELVAGE_FULL=1 runs the herd at the size that the goal names (500 clients, 50 MiB
// over 5 s: 25 GiB through TLS, a minute or two on two cores); otherwise its object is smaller, and the
// budget with it.
#include <gtest/gtest.h>

#include <future>
#include <iostream>

#include "tests/integration/crowd.h"
#include "tests/integration/harness.h"
#include "tests/integration/scale.h"

namespace harness {
namespace {

using namespace std::chrono_literals;
using Protocol = Request::Protocol;

constexpr std::uint64_t kMiB = 1 << 20;
constexpr std::uint64_t kRoomBeside = 64 * kMiB;  ///< what the edge may take beside its memory budget

class Coalescing : public testing::Test {
 protected:
  void start(std::uint64_t memory_mib = 64) {
    options_.origin = origin_.url();
    options_.memory = std::to_string(memory_mib) + "MiB";
    edge_ = std::make_unique<Edge>(certificates_, folder_ / "edge", options_);
    ASSERT_TRUE(edge_->start()) << edge_->output();
  }

  static Request request(const std::string& path, std::size_t i = 0) {
    return {.url = "https://www.test" + path,
            .protocol = i % 2 == 0 ? Protocol::Http2 : Protocol::Http11,
            .own_connection = true,
            .keep_body = false,
            .limit = 600s};
  }
  static std::vector<Request> crowd(const std::string& path, std::size_t clients) {
    std::vector<Request> requests;
    for (std::size_t i = 0; i < clients; ++i) requests.push_back(request(path, i));
    return requests;
  }
  auto perform_aside(std::vector<Request> requests) {
    return std::async(std::launch::async, [this, requests = std::move(requests)] {
      return perform_in_crowd(edge_->client_options(), requests);
    });
  }
  /// Whether the edge gets to have so many requests in all.
  bool wait_for_requests(double count) {
    return wait_until([&] { return edge_->metric("selvage_http_requests_total") >= count; }, 60s);
  }

  TempFolder folder_;
  Certificates certificates_{folder_.path()};
  Origin origin_;
  Edge::Options options_{};
  std::unique_ptr<Edge> edge_;
};

TEST_F(Coalescing, AHerdIsServedByOneRequestWhileItsFillRuns) {
  const std::size_t clients = kSanitized ? 60 : 500;
  const SeededBody body(1, full_size() ? 50 * kMiB : 4 * kMiB);
  const std::uint64_t memory_mib = full_size() ? 64 : 16;
  const auto gate = std::make_shared<Gate>();
  origin_.answer("/film", Reply{.headers = {{"Cache-Control", "max-age=600"}},
                                .body = body,
                                .spread = full_size() ? 5000ms : 1000ms,
                                .head_gate = gate});
  start(memory_mib);
  auto herd = perform_aside(crowd("/film", clients));
  EXPECT_TRUE(wait_for_requests(static_cast<double>(clients)));
  gate->open();
  const auto responses = herd.get();

  EXPECT_EQ(origin_.requests("/film"), 1U);
  const std::string sum = body.sha256();
  for (const Response& response : responses) {
    ASSERT_TRUE(response.ok()) << response.status << response.error;
    ASSERT_EQ(response.sha256, sum);
  }
  for (const std::string loop : {"0", "1"}) {
    EXPECT_GE(edge_->metric("selvage_http_requests_total", {"loop=\"" + loop + "\""}),
              static_cast<double>(clients) / 4);
  }
  const FirstBytes first(responses, origin_.first_byte("/film"));
  EXPECT_LT(first.worst(), kSanitized ? 30'000ms : 500ms);  // well before the origin's last byte
  const std::uint64_t peak = edge_->process().peak_resident_bytes();
  if (!kSanitized) {
    EXPECT_LE(peak, memory_mib * kMiB + kRoomBeside);
  }
  std::cout << clients << " clients, first byte after the origin's: " << first.text() << "; peak RSS "
            << peak / kMiB << " MiB of " << memory_mib << " + 64\n";
}

}  // namespace
}  // namespace harness
