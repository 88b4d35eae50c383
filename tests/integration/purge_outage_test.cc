// SPDX-License-Identifier: Apache-2.0
// The purge API is down, is killed, or an edge is: what is accepted is never lost, and who is behind is
// known.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/integration/purge_scene.h"

namespace harness {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

constexpr const char* kPath = "/page";
constexpr const char* kPurge = R"({"site":"www","urls":["https://www.test/page"]})";

/// The origin's page holds the text of its version, which is also its ETag.
class PurgeOutage : public testing::Test {
 protected:
  PurgeOutage() {
    scene.origin.answer(kPath, [this](const Seen&) {
      return Reply{.headers = {{"Cache-Control", "max-age=3600"}},
                   .body = std::to_string(version),
                   .etag = "\"" + std::to_string(version) + "\""};
    });
  }
  bool validated(std::size_t edge = 0) {
    return scene.get(kPath, edge).header("cache-status").find("fwd-status=304") != std::string::npos;
  }
  nlohmann::json api_json(const std::string& path) {
    return nlohmann::json::parse(scene.api.get(path).body, nullptr, false);
  }
  std::vector<std::string> nodes_of(const nlohmann::json& progress) {
    std::vector<std::string> names;
    for (const auto& node : progress["nodes"]) names.push_back(node["node"]);
    return names;
  }

  std::atomic<unsigned> version{1};
  PurgeScene scene;
};

TEST_F(PurgeOutage, AtTheEdgesStartItServesButValidatesEachCopyAndIsNotReady) {
  scene.add_edge({});
  ASSERT_TRUE(scene.edge().start()) << scene.edge().output();
  const Response ready = scene.edge().admin("/readyz");
  EXPECT_EQ(ready.status, 503);
  EXPECT_THAT(ready.body, HasSubstr("purge log"));
  EXPECT_EQ(scene.get(kPath).body, "1");
  EXPECT_TRUE(scene.settled());
  EXPECT_TRUE(validated());
  version = 2;
  EXPECT_EQ(scene.get(kPath).body, "2");
  EXPECT_TRUE(scene.settled());
  ASSERT_TRUE(scene.api.start()) << scene.api.output();
  EXPECT_TRUE(scene.edge().wait_ready());
  EXPECT_TRUE(is_hit(scene.get(kPath)));
  EXPECT_EQ(scene.get(kPath).body, "2");
}

TEST_F(PurgeOutage, AnEdgeThatHearsNothingForTooLongValidatesEachCopy) {
  Edge::Options options;
  options.purge_keys = "distrust_after = \"2s\"";
  scene.begin(1, options);
  EXPECT_EQ(scene.get(kPath).body, "1");
  // Heartbeats come every 5 s: there may be distrust even now, but not for long.
  const auto silence = [&] { return scene.edge().metric("selvage_purge_silence_seconds"); };
  EXPECT_TRUE(wait_until([&] { return is_hit(scene.get(kPath)) && silence() < 2; }));
  scene.api.process().kill();
  EXPECT_TRUE(wait_until([&] { return validated(); }));
  EXPECT_TRUE(wait_until([&] { return silence() > 2; }));
  version = 2;
  EXPECT_EQ(scene.get(kPath).body, "2");
  ASSERT_TRUE(scene.api.start()) << scene.api.output();
  EXPECT_TRUE(wait_until([&] { return is_hit(scene.get(kPath)) && silence() < 2; }));
}

TEST_F(PurgeOutage, EachSiteChoosesWhatIsDoneWithoutTheLog) {
  Edge::Options options;
  options.site = "purge_silence_after = \"6s\"\n";
  for (const char* policy : {"serve", "refuse"}) {
    const std::string name(policy);
    options.extra += "[[site]]\nname = \"" + name + "\"\nhosts = [\"" + name +
                     ".www.test\"]\norigin = \"main\"\npurge_silence = \"" + name +
                     "\"\npurge_silence_after = \"6s\"\n";
  }
  scene.begin(1, options);
  const auto get = [&](const std::string& site) {
    Client::Options to = scene.edge().client_options();
    to.connect_to[site + ".www.test:443"] = scene.edge().https_address();
    return Client(to).get("https://" + site + ".www.test" + kPath);
  };
  const auto counted = [&](const std::string& policy) {
    return scene.edge().metric("selvage_purge_silence_answers_total", {"policy=\"" + policy + "\""});
  };
  for (const char* site : {"serve", "refuse"}) EXPECT_EQ(get(site).body, "1");
  EXPECT_EQ(scene.get(kPath).body, "1");
  EXPECT_TRUE(is_hit(get("refuse")));
  scene.api.process().kill();
  ASSERT_TRUE(wait_until([&] { return get("refuse").status == 503; }));
  const Response refused = get("refuse");
  EXPECT_FALSE(refused.header("retry-after").empty());
  EXPECT_THAT(refused.header("cache-status"), HasSubstr("purge-log-silent"));
  EXPECT_THAT(refused.header("proxy-status"), HasSubstr("purge-log-silent"));
  EXPECT_TRUE(is_hit(get("serve")));
  EXPECT_TRUE(wait_until([&] { return validated(); }));
  for (const char* policy : {"serve", "revalidate", "refuse"}) EXPECT_GE(counted(policy), 1) << policy;
  ASSERT_TRUE(scene.api.start()) << scene.api.output();
  EXPECT_TRUE(wait_until([&] { return is_hit(get("refuse")) && is_hit(scene.get(kPath)); }));
}

TEST_F(PurgeOutage, APurgeAcceptedJustBeforeAKillReachesTheEdges) {
  scene.begin(2);
  for (int round = 0; round < 6; ++round) {
    for (const std::size_t edge : {0, 1}) scene.get(kPath, edge);
    const bool away = round % 2 == 1;  // then nobody but the log knows of it
    if (away) scene.edge(1).process().kill();
    ++version;
    const Response accepted = scene.api.purge(kPurge);
    scene.api.process().kill();
    ASSERT_EQ(accepted.status, 202) << accepted.error;
    const std::string page = std::to_string(version);
    ASSERT_TRUE(scene.api.start()) << scene.api.output();
    if (away) {
      ASSERT_NO_FATAL_FAILURE(scene.start(1));
    }
    const std::string sequence = std::to_string(purge_sequence(accepted));
    EXPECT_TRUE(wait_until([&] { return nodes_of(api_json("/v1/purges/" + sequence)).size() == 2; }))
        << scene.api.get("/v1/purges/" + sequence).body;
    for (const std::size_t edge : {0, 1}) EXPECT_EQ(scene.get(kPath, edge).body, page) << "edge " << edge;
  }
}

TEST_F(PurgeOutage, WhatWasAcceptedInAStormSurvivesAKillAndNumbersAreGivenOnce) {
  scene.begin(1);
  std::set<std::uint64_t> accepted;
  for (int round = 0; round < 4; ++round) {
    const double wanted = scene.edge().metric("selvage_purge_applied") + 20 + 60 * round;
    auto storm = std::async(std::launch::async, [&] {
      Client client(Client::Options{.ca_file = scene.certificates.ca_file()});
      Request request{.url = scene.api.url() + "/v1/purges", .method = "POST", .body = kPurge};
      request.headers = {{"Authorization", "Bearer operator-secret"}};
      return client.perform_all(std::vector<Request>(400, request));
    });
    wait_until([&] { return scene.edge().metric("selvage_purge_applied") >= wanted; });
    scene.api.process().kill();
    std::size_t refused = 0;
    for (const Response& response : storm.get()) {
      if (response.status != 202 || !response.error.empty()) {
        ++refused;
      } else {
        EXPECT_TRUE(accepted.insert(purge_sequence(response)).second) << response.body;
      }
    }
    std::cout << accepted.size() << " accepted so far, " << refused << " not\n";
    ASSERT_TRUE(scene.api.start()) << scene.api.output();
    ASSERT_FALSE(accepted.empty());
    EXPECT_GE(api_json("/v1/nodes")["head"], *accepted.rbegin());
    EXPECT_TRUE(wait_until([&] {
      return scene.edge().metric("selvage_purge_applied") >= static_cast<double>(*accepted.rbegin());
    }));
    // The edge has not heard of purges that the log does not know.
    EXPECT_EQ(scene.edge().metric("selvage_purge_resets_total"), 0);
  }
}

TEST_F(PurgeOutage, AWaitLastsUntilEveryLivingEdgeHasAppliedThePurge) {
  scene.begin(2);
  scene.edge(1).process().signal(SIGSTOP);
  const Response early = scene.api.purge(kPurge, "100ms");
  EXPECT_EQ(early.status, 202);
  EXPECT_THAT(nlohmann::json::parse(early.body)["pending"], testing::Contains("edge-2"));
  Request request{.url = scene.api.url() + "/v1/purges?wait=30s", .method = "POST", .body = kPurge};
  request.headers = {{"Authorization", "Bearer operator-secret"}};
  Download waiting(Client::Options{.ca_file = scene.certificates.ca_file()}, request);
  const auto last = [&] { return api_json("/v1/nodes")["head"].get<std::uint64_t>(); };
  ASSERT_TRUE(wait_until([&] { return last() == 2 && nodes_of(api_json("/v1/purges/2")).size() == 1; }));
  EXPECT_FALSE(waiting.done());
  scene.edge(1).process().signal(SIGCONT);
  const Response answer = waiting.result();
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(nodes_of(nlohmann::json::parse(answer.body)), testing::ElementsAre("edge-1", "edge-2"));
}

TEST_F(PurgeOutage, AWaitAfterARestartOfTheApiIsForTheEdgesFromBeforeToo) {
  scene.begin(1);
  scene.purge(kPurge);
  scene.edge().process().signal(SIGSTOP);
  scene.api.process().kill();
  ASSERT_TRUE(scene.api.start()) << scene.api.output();
  const Response early = scene.api.purge(kPurge, "300ms");
  EXPECT_EQ(early.status, 202) << early.body;
  EXPECT_THAT(nodes_of(nlohmann::json::parse(early.body)), testing::IsEmpty());
  scene.edge().process().signal(SIGCONT);
  const Response late = scene.api.purge(kPurge, "30s");
  EXPECT_EQ(late.status, 200) << late.body;
  EXPECT_THAT(nodes_of(nlohmann::json::parse(late.body)), testing::ElementsAre("edge-1"));
}

TEST_F(PurgeOutage, WhoHasAppliedAndWhoHasNotIsTold) {
  scene.begin(2);
  const Response both = scene.api.purge(kPurge, "20s");
  EXPECT_EQ(both.status, 200);
  EXPECT_THAT(nodes_of(nlohmann::json::parse(both.body)), testing::ElementsAre("edge-1", "edge-2"));
  scene.edge(1).process().kill();
  ASSERT_TRUE(wait_until([&] { return !api_json("/v1/nodes")["nodes"][1]["connected"].get<bool>(); }));
  const Response one = scene.api.purge(kPurge, "500ms");
  EXPECT_EQ(one.status, 202);
  const auto told = nlohmann::json::parse(one.body);
  const std::string path = "/v1/purges/" + std::to_string(purge_sequence(one));
  EXPECT_TRUE(wait_until([&] { return nodes_of(api_json(path)) == std::vector<std::string>{"edge-1"}; }));
  EXPECT_EQ(told["away"], nlohmann::json::array({"edge-2"}));
  EXPECT_EQ(api_json("/v1/nodes")["nodes"][1]["behind"], 1);
  ASSERT_NO_FATAL_FAILURE(scene.start(1));
  EXPECT_TRUE(wait_until([&] { return nodes_of(api_json(path)).size() == 2; }));
  EXPECT_TRUE(api_json(path)["away"].empty());
  EXPECT_EQ(api_json("/v1/nodes")["nodes"][1]["behind"], 0);
}

}  // namespace
}  // namespace harness
