// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/integration/download.h"
#include "tests/integration/harness.h"

namespace harness {

/// An origin, a purge API and edges that follow it.
class PurgeScene {
 public:
  static constexpr const char* kHost = "https://www.test";

  /// Starts the purge API and `edges` edges, and waits until they are ready.
  void begin(unsigned edges, const Edge::Options& options = {}) {
    ASSERT_TRUE(api.start()) << api.output();
    for (unsigned i = 0; i < edges; ++i) {
      add_edge(options);
      start(i);
    }
  }
  void start(std::size_t index) {
    ASSERT_TRUE(edge(index).start()) << edge(index).output();
    ASSERT_TRUE(edge(index).wait_ready()) << edge(index).output();
  }
  /// One more edge, not started.
  void add_edge(Edge::Options options) {
    options.node = "edge-" + std::to_string(edges_.size() + 1);
    options.origin = origin.url();
    options.purge_url = api.url();
    edges_.push_back(std::make_unique<Edge>(certificates, folder / options.node, options));
  }
  Edge& edge(std::size_t index = 0) { return *edges_.at(index); }

  Request request(const std::string& path, Request::Protocol protocol = Request::Protocol::Http2) const {
    Request out;
    out.url = kHost + path;
    out.protocol = protocol;
    return out;
  }
  Response get(const std::string& path, std::size_t from = 0) {
    return Client(edge(from).client_options()).perform(request(path));
  }
  /// Begins a request and waits until the edge has it.
  std::unique_ptr<Download> ask(const std::string& path,
                                Request::Protocol protocol = Request::Protocol::Http2, std::size_t from = 0) {
    const double before = edge(from).metric("selvage_http_requests_total");
    auto download = std::make_unique<Download>(edge(from).client_options(), request(path, protocol));
    EXPECT_TRUE(wait_until([&] { return edge(from).metric("selvage_http_requests_total") > before; }));
    return download;
  }
  /// Purges and waits until all edges have applied it; the answer's sequence.
  std::uint64_t purge(const std::string& json) {
    const Response answer = api.purge(json, "30s");
    EXPECT_EQ(answer.status, 200) << answer.error << answer.body;
    return purge_sequence(answer);
  }
  /// Purges without waiting for anyone: for edges that are away.
  void log(const std::string& json) {
    const Response answer = api.purge(json);
    EXPECT_EQ(answer.status, 202) << answer.error << answer.body;
  }
  /// What the edge holds under that path, as /inspect says.
  std::string inspect(const std::string& path, std::size_t from = 0) {
    return edge(from).admin(std::string("/inspect?url=") + kHost + path).body;
  }
  /// Waits until nothing is on its way to the edge's tiers.
  bool settled(std::size_t from = 0) { return edge(from).settled(); }

  TempFolder folder;
  Certificates certificates{folder.path()};
  Origin origin;
  PurgeApi api{certificates, folder / "purge"};

 private:
  std::vector<std::unique_ptr<Edge>> edges_;
};

/// What Cache-Status says that the edge did with the request.
inline bool is_hit(const Response& response) {
  return response.header("cache-status").find("; hit") != std::string::npos;
}

}  // namespace harness
