// SPDX-License-Identifier: Apache-2.0
// An origin that is spoken to over HTTP/1.1 and HTTP/2 at the same time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/integration/harness.h"

namespace harness {
namespace {

using namespace std::chrono_literals;

TEST(OriginVersions, ResponsesGoToTheirRequests) {
  const TempFolder folder;
  Certificates certificates(folder.path());
  // Each URL has bytes of its own, which are slow enough for many requests to be under way.
  Origin origin;
  origin.answer_all([](const Seen& seen) {
    return Reply{.headers = {{"Cache-Control", "no-store"}}, .body = seen.target, .spread = 5ms};
  });
  // The server that speaks both is another edge.
  Edge server(certificates, folder / "server", {.node = "server", .origin = origin.url(), .loops = 1});
  ASSERT_TRUE(server.start()) << server.output();
  Edge::Options options{.origin = origin.url(), .loops = 1};
  for (const auto& [name, http2] : {std::pair("one", "never"), std::pair("two", "auto")}) {
    const std::string n = name;
    options.extra += "[origins." + n + "]\nurl = \"https://www.test\"\nconnect_to = \"" + server.https_address() +
                     "\"\nca_file = \"" + certificates.ca_file() + "\"\nhttp2 = \"" + http2 +
                     "\"\n[[site]]\nname = \"" + n + "\"\nhosts = [\"" + n + ".test\"]\norigin = \"" + n +
                     "\"\norigin_host = \"www.test\"\nplain = \"serve\"\n";
  }
  Edge edge(certificates, folder / "edge", options);
  ASSERT_TRUE(edge.start()) << edge.output();

  const std::string address = edge.http_address();
  Client client(Client::Options{.connect_to = {{"one.test:80", address}, {"two.test:80", address}}});
  for (int round = 0; round < 10; ++round) {
    std::vector<Request> requests;
    for (int i = 0; i < 40; ++i) {
      const std::string path = "/" + std::to_string(round) + "/" + std::to_string(i);
      requests.push_back({.url = (i % 2 == 0 ? "http://one.test" : "http://two.test") + path});
    }
    const auto responses = client.perform_all(requests);
    for (std::size_t i = 0; i < requests.size(); ++i) {
      EXPECT_EQ(responses[i].error, "");
      EXPECT_EQ(responses[i].body, requests[i].url.substr(15)) << requests[i].url;
      EXPECT_THAT(responses[i].header("via"), testing::EndsWith(i % 2 == 0 ? ", 1.1 edge-1" : ", 2 edge-1"));
    }
  }
}

}  // namespace
}  // namespace harness
