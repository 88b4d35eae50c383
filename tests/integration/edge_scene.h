// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/integration/download.h"
#include "tests/integration/harness.h"

namespace harness {

/// An edge before an origin, without a purge API.
class EdgeScene : public testing::Test {
 protected:
  void start() {
    options_.origin = origin_.url();
    edge_ = std::make_unique<Edge>(certificates_, folder_ / "edge", options_);
    ASSERT_TRUE(edge_->start()) << edge_->output();
  }

  static Request request(const std::string& path, Headers headers = {}, const std::string& method = "GET") {
    return {.url = "https://www.test" + path,
            .method = method,
            .headers = std::move(headers),
            .own_connection = true};
  }
  Response perform(Request request) { return Client(edge_->client_options()).perform(std::move(request)); }
  Response get(const std::string& path, Headers headers = {}) {
    return perform(request(path, std::move(headers)));
  }
  /// Begins a request and waits until the edge has it.
  std::unique_ptr<Download> ask(Request request) {
    const double before = edge_->metric("selvage_http_requests_total");
    auto download = std::make_unique<Download>(edge_->client_options(), std::move(request));
    EXPECT_TRUE(wait_until([&] { return edge_->metric("selvage_http_requests_total") > before; }));
    return download;
  }
  std::unique_ptr<Download> ask(const std::string& path, Headers headers = {}) {
    return ask(request(path, std::move(headers)));
  }
  bool wait_for_origin(const std::string& target, std::size_t count) {
    return wait_until([&] { return origin_.requests(target) >= count; });
  }
  /// Waits until nothing is on its way to the edge's tiers.
  bool settled() { return edge_->settled(); }

  TempFolder folder_;
  Certificates certificates_{folder_.path()};
  Origin origin_;
  Edge::Options options_{};
  std::unique_ptr<Edge> edge_;
};

}  // namespace harness
