// SPDX-License-Identifier: Apache-2.0
// selvage-purge is killed in the middle of 10,000 purges, with the log embedded and on NATS: what was
// answered is applied at the edges, no number is given twice, none goes back.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/integration/publishers.h"
#include "tests/integration/purge_scene.h"
#include "tests/support/nats_server.h"

namespace harness {
namespace {

constexpr unsigned kPurges = 10'000;

class PurgeKill : public testing::Test {
 protected:
  bool applied(std::size_t edge, std::uint64_t number) {
    return wait_until(
        [&] { return scene.edge(edge).metric("selvage_purge_applied") >= static_cast<double>(number); },
        std::chrono::seconds(60));
  }
  std::uint64_t head() {
    return nlohmann::json::parse(scene.api.get("/v1/nodes").body, nullptr, false)
        .value("head", std::uint64_t{0});
  }
  // Purges, kills the API three times meanwhile, and looks that all is there.
  void purge_and_kill(std::size_t edges) {
    Publishers publishers(scene.certificates, {scene.api.url()}, kPurges);
    std::uint64_t before = 0;
    for (unsigned kill = 1; kill <= 3; ++kill) {
      ASSERT_TRUE(publishers.reach(kill * kPurges / 4)) << scene.api.output();
      scene.api.process().kill();
      ASSERT_TRUE(scene.api.start()) << scene.api.output();
      const std::uint64_t now = head();
      EXPECT_GE(now, before);
      EXPECT_GE(now, kill * kPurges / 4);
      before = now;
    }
    publishers.finish();
    EXPECT_EQ(publishers.numbers().size(), kPurges);
    EXPECT_EQ(publishers.doubled(), 0u);
    EXPECT_EQ(head(), kPurges) << "each purge is in the log once";
    expect_all_logged(scene.api, publishers);
    for (std::size_t i = 0; i < edges; ++i) {
      EXPECT_TRUE(applied(i, publishers.last())) << i << scene.edge(i).output();
      EXPECT_EQ(scene.edge(i).metric("selvage_purge_resets_total"), 0) << i;
    }
  }

  PurgeScene scene;
};

TEST_F(PurgeKill, OfTheEmbeddedLogLosesNothingThatWasAnswered) {
  scene.begin(1);
  purge_and_kill(1);
}

TEST_F(PurgeKill, OfTheLogOnNatsLosesNothingThatWasAnswered) {
  support::NatsServer nats(scene.folder / "nats");
  ASSERT_TRUE(nats.start()) << nats.output();
  const std::string servers = "servers = [\"" + nats.url() + "\"]\n";
  scene.api.set_log_store("[log_store]\nengine = \"nats\"\n" + servers);
  ASSERT_TRUE(scene.api.start()) << scene.api.output();
  Edge::Options direct;
  direct.purge_keys = "engine = \"nats\"\n" + servers;
  scene.add_edge({});
  scene.add_edge(direct);
  for (std::size_t i : {0, 1}) scene.start(i);
  purge_and_kill(2);
  // The API hears of both, however they follow.
  const Response answer = scene.api.purge(R"({"site":"www","everything":true})", "30s");
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_NE(answer.body.find("edge-1"), std::string::npos) << answer.body;
  EXPECT_NE(answer.body.find("edge-2"), std::string::npos) << answer.body;
}

}  // namespace
}  // namespace harness
