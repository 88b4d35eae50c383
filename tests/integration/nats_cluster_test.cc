// SPDX-License-Identifier: Apache-2.0
// A JetStream cluster of three of Debian's nats-server, two purge APIs on it, an edge that follows the APIs
// and one that follows the stream: the stream's leader is killed in the middle of 10,000 purges.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/integration/publishers.h"
#include "tests/integration/purge_scene.h"
#include "tests/support/nats_server.h"

namespace harness {
namespace {

constexpr unsigned kPurges = 10'000;

class NatsCluster : public testing::Test {
 protected:
  NatsCluster() {
    std::vector<std::uint16_t> routes;
    for (int i = 0; i < 3; ++i) {
      const std::string name = "nats-" + std::to_string(i);
      servers.push_back(std::make_unique<support::NatsServer>(scene.folder / name, name));
      routes.push_back(servers.back()->route());
    }
    for (auto& server : servers) {
      server->join(routes);
      urls += (urls.empty() ? "\"" : ", \"") + server->url() + "\"";
      EXPECT_TRUE(server->start()) << server->output();
    }
    urls = "servers = [" + urls + "]\n";
  }
  // The server that leads the stream; null if nobody says.
  support::NatsServer* leader() {
    Client client;
    for (auto& server : servers) {
      if (!server->running()) continue;
      const auto info = nlohmann::json::parse(
          client.get(server->monitor_url() + "/jsz?accounts=true&streams=true").body, nullptr, false);
      if (!info.is_object()) continue;
      for (const auto& account : info.value("account_details", nlohmann::json::array())) {
        for (const auto& stream : account.value("stream_detail", nlohmann::json::array())) {
          if (stream.value("name", "") != "SELVAGE_PURGES" || !stream.contains("cluster")) continue;
          const std::string name = stream["cluster"].value("leader", "");
          for (auto& one : servers) {
            if (one->name() == name && one->running()) return one.get();
          }
        }
      }
    }
    return nullptr;
  }

  PurgeScene scene;
  PurgeApi second{scene.certificates, scene.folder / "purge-2"};
  std::vector<std::unique_ptr<support::NatsServer>> servers{};
  std::string urls{};
};

TEST_F(NatsCluster, LosesNothingThatWasAnsweredWithItsLeader) {
  for (PurgeApi* api : {&scene.api, &second}) {
    api->set_log_store("[log_store]\nengine = \"nats\"\nreplicas = 3\nstart_timeout = \"55s\"\n" + urls);
    ASSERT_TRUE(api->start()) << api->output();
  }
  Edge::Options over_http;
  over_http.purge_urls = {scene.api.url(), second.url()};
  Edge::Options direct;
  direct.purge_keys = "engine = \"nats\"\n" + urls;
  scene.add_edge(over_http);
  scene.add_edge(direct);
  for (std::size_t i : {0, 1}) scene.start(i);

  Publishers publishers(scene.certificates, {scene.api.url(), second.url()}, kPurges);
  ASSERT_TRUE(publishers.reach(kPurges / 3)) << scene.api.output();
  support::NatsServer* killed = nullptr;
  ASSERT_TRUE(wait_until([&] { return (killed = leader()) != nullptr; }));
  killed->kill();
  publishers.finish();
  EXPECT_EQ(publishers.numbers().size(), kPurges);
  EXPECT_EQ(publishers.doubled(), 0u);
  for (PurgeApi* api : {&scene.api, &second}) expect_all_logged(*api, publishers);
  for (std::size_t i : {0, 1}) {
    EXPECT_TRUE(wait_until([&] {
      return scene.edge(i).metric("selvage_purge_applied") >= static_cast<double>(publishers.last());
    })) << i
        << scene.edge(i).output();
    EXPECT_EQ(scene.edge(i).metric("selvage_purge_resets_total"), 0) << i;
  }
  // Each API knows of both edges, whichever they told; and goes on.
  for (PurgeApi* api : {&scene.api, &second}) {
    const Response answer = api->purge(R"({"site":"www","everything":true})", "30s");
    EXPECT_EQ(answer.status, 200) << answer.body << answer.error;
    EXPECT_NE(answer.body.find("edge-1"), std::string::npos) << answer.body;
    EXPECT_NE(answer.body.find("edge-2"), std::string::npos) << answer.body;
  }
}

}  // namespace
}  // namespace harness
