// SPDX-License-Identifier: Apache-2.0
#include "origin/server/origin.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/support/raw_server.h"
#include "tests/unit/origin/origin_rig.h"

namespace origin {
namespace {

std::string admin_url(OriginRig& rig, const std::string& path) {
  return "http://127.0.0.1:" + std::to_string(rig.origin().admin_port()) + path;
}

TEST(Origin, ReloadChangesRulesForNewRequests) {
  OriginRig rig("[[rule]]\npath = \"*.css\"\ncache_control = \"max-age=60\"\nsurrogate_key = \"styles\"");
  rig.write("a.css", "x");
  const auto before = rig.get("/a.css");
  EXPECT_EQ(before->head->fields.get("cache-control"), "max-age=60");
  EXPECT_EQ(before->head->fields.get("surrogate-key"), "styles");
  const ConfigFile changed =
      ConfigFile::parse(rig.config_text("[[rule]]\npath = \"*\"\ncache_control = \"max-age=5\""), "t");
  ASSERT_TRUE(rig.origin().reload(changed.config()));
  EXPECT_TRUE(rig.client().run_until(
      [&] { return rig.get("/a.css")->head->fields.get("cache-control") == "max-age=5"; }));
}

TEST(Origin, ReloadRefusesWhatNeedsARestart) {
  OriginRig rig;
  const ConfigFile changed = ConfigFile::parse(rig.config_text("", 1), "t");
  ASSERT_TRUE(changed.faults().empty());
  const auto refused = rig.origin().reload(changed.config());
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().text.find("restart"), std::string::npos);
}

TEST(Origin, AdminTellsHealthReadinessAndMetrics) {
  OriginRig rig;
  rig.write("a", "x");
  rig.get("/a");
  EXPECT_EQ(rig.ask(support::get(admin_url(rig, "/healthz")))->body, "ok\n");
  EXPECT_EQ(rig.ask(support::get(admin_url(rig, "/readyz")))->head->status, 200);
  ASSERT_TRUE(rig.client().run_until([&] {
    const auto metrics = rig.ask(support::get(admin_url(rig, "/metrics")));
    return metrics->body.find("selvage_origin_responses_total{class=\"2xx\"} 1") != std::string::npos;
  }));
  EXPECT_EQ(rig.ask(support::get(admin_url(rig, "/")))->head->status, 404);
}

TEST(Origin, DrainFinishesWhatRuns) {
  OriginRig rig;
  const std::string content(8 << 20, 'a');
  rig.write("file.bin", content);
  support::Recorder slow;
  slow.when_data = [](std::string_view) { return http::Flow::Pause; };
  const auto exchange = rig.client().client().start(support::get(rig.url("/file.bin")), slow);
  ASSERT_TRUE(rig.client().run_until([&] { return !slow.body.empty(); }));
  bool drained = false;
  rig.origin().drain([&] { drained = true; });
  EXPECT_EQ(rig.ask(support::get(admin_url(rig, "/readyz")))->head->status, 503);
  EXPECT_FALSE(drained);
  slow.when_data = {};
  exchange->resume();
  ASSERT_TRUE(rig.client().run_until([&] { return drained && slow.ended; }));
  EXPECT_FALSE(slow.error);
  EXPECT_TRUE(slow.body == content);
}

TEST(Origin, PortInUseIsAFaultOfItsLine) {
  const support::RawServer other([](support::RawPeer&, int) {});
  const support::TempFolder folder;
  const std::string text =
      "workers = 1\n[[listener]]\naddress = \"127.0.0.1:" + std::to_string(other.port()) +
      "\"\n[content]\nroot = \"" + folder.path() + "\"\n[log]\naccess = \"\"\n";
  EXPECT_TRUE(ConfigFile::parse(text, "test.toml").faults().empty());
  const ConfigFile file = ConfigFile::parse(text, "test.toml", Reading::Start);
  ASSERT_EQ(file.faults().size(), 1u);
  EXPECT_EQ(file.faults()[0].line, 3);
}

TEST(Config, EveryFaultIsFoundInOnePass) {
  const ConfigFile file = ConfigFile::parse(
      "[[listener]]\naddress = \"127.0.0.1:0\"\ntls = true\n[content]\nroot = \"/nonexistent\"\nmax_upload = "
      "\"big\"\n"
      "[[rule]]\npath = \"x\"\n[[rule]]\npath = \"/x\"\nheaders = { \"Content-Length\" = \"1\" }\n"
      "[[token]]\nname = \"a\"\nsha256 = \"12\"\n[nonsense]\nx = 1\n",
      "test.toml");
  std::string all;
  for (const base::Fault& fault : file.faults()) all += fault.str() + "\n";
  for (const char* part :
       {"[tls]", "content.root", "max_upload", "path", "Content-Length", "sha256", "nonsense"}) {
    EXPECT_NE(all.find(part), std::string::npos) << part << " in\n" << all;
  }
}

}  // namespace
}  // namespace origin
