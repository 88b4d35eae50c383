// SPDX-License-Identifier: Apache-2.0
// A primary of the embedded log, its standby, and an edge that knows both: the primary is killed in the
// middle of purges, the standby promoted, the old primary started again.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/integration/publishers.h"
#include "tests/integration/purge_scene.h"

namespace harness {
namespace {

using nlohmann::json;

class Standby : public testing::Test {
 protected:
  // `peer`: whether the first knows where the second is.
  void begin(const std::string& mode, bool peer) {
    const auto keys = [&](const char* key, PurgeApi& other) {
      return std::string("[standby]\n") + key + " = \"" + other.url() +
             "\"\ntoken = \"standby-secret\"\nca_file = \"" + other.ca_file() + "\"\npeer_wait = \"1s\"\n";
    };
    first.set_log_store("[log_store]\nfolder = \"" + first.log_folder() + "\"\nstandby = \"" + mode + "\"\n" +
                        (peer                 ? keys("peer", second)
                         : mode == "required" ? keys("peer", second)
                                              : ""));
    second.set_log_store("[log_store]\nfolder = \"" + second.log_folder() + "\"\n" + keys("of", first));
    ASSERT_TRUE(first.start()) << first.output();
    ASSERT_TRUE(second.start()) << second.output();
    ASSERT_TRUE(wait_until([&] { return state(first).value("standby", false); })) << second.output();
    Edge::Options options;
    options.purge_urls = {first.url(), second.url()};
    scene.add_edge(options);
    scene.start(0);
  }
  json state(PurgeApi& api) { return json::parse(api.get("/v1/standby").body, nullptr, false); }
  Response post(PurgeApi& api, const std::string& path) {
    Request request;
    request.url = api.url() + path;
    request.method = "POST";
    request.headers = {{"Authorization", "Bearer operator-secret"}};
    return api.client().perform(std::move(request));
  }
  std::uint64_t head(PurgeApi& api) { return state(api).value("head", std::uint64_t{0}); }
  bool applied(std::uint64_t number) {
    return wait_until(
        [&] { return scene.edge().metric("selvage_purge_applied") >= static_cast<double>(number); });
  }
  static std::string purge_of(const std::string& tag) { return R"({"site":"www","tags":[")" + tag + "\"]}"; }

  PurgeScene scene;
  PurgeApi& first = scene.api;
  PurgeApi second{scene.certificates, scene.folder / "purge-2"};
};

TEST_F(Standby, KeepsTheSameEntriesUnderTheSameNumbersAndTakesNone) {
  begin("none", false);
  for (int n = 1; n <= 20; ++n) EXPECT_EQ(first.purge(purge_of("t" + std::to_string(n))).status, 202);
  ASSERT_TRUE(wait_until([&] { return head(second) == 20; })) << second.output();
  EXPECT_EQ(state(second)["log_id"], state(first)["log_id"]);
  for (int n = 1; n <= 20; ++n) {
    const std::string path = "/v1/purges/" + std::to_string(n);
    EXPECT_EQ(json::parse(second.get(path).body)["purge"], json::parse(first.get(path).body)["purge"]);
  }
  const Response refused = second.purge(purge_of("no"));
  EXPECT_EQ(refused.status, 503);
  EXPECT_NE(refused.body.find(first.url()), std::string::npos) << refused.body;
  EXPECT_TRUE(applied(20));
}

TEST_F(Standby, GoesOnFromWhereItWasAfterARestart) {
  begin("none", false);
  EXPECT_EQ(first.purge(purge_of("a")).status, 202);
  ASSERT_TRUE(wait_until([&] { return head(second) == 1; }));
  second.process().kill();
  for (int n = 0; n < 5; ++n) EXPECT_EQ(first.purge(purge_of("b")).status, 202);
  ASSERT_TRUE(second.start()) << second.output();
  EXPECT_TRUE(wait_until([&] { return head(second) == 6; })) << second.output();
  EXPECT_EQ(second.output().find("begins anew"), std::string::npos);
}

TEST_F(Standby, WhileItIsRequiredNoPurgeIsAnsweredWithoutIt) {
  begin("required", true);
  EXPECT_EQ(first.purge(purge_of("a")).status, 202);
  EXPECT_EQ(head(second), 1u) << "it was answered, so it is there";
  second.process().kill();
  EXPECT_EQ(first.purge(purge_of("b")).status, 503);
  ASSERT_TRUE(second.start()) << second.output();
  EXPECT_TRUE(wait_until([&] { return first.purge(purge_of("c")).status == 202; })) << first.output();
}

TEST_F(Standby, APrimaryThatIsKilledLosesNothingAndIsNeverOneAgain) {
  begin("required", true);
  constexpr unsigned kPurges = 4'000;
  Publishers publishers(scene.certificates, {first.url(), second.url()}, kPurges);
  ASSERT_TRUE(publishers.reach(kPurges / 2)) << first.output();
  first.process().kill();
  const Response promoted = post(second, "/v1/promote");
  ASSERT_EQ(promoted.status, 200) << promoted.body << second.output();
  EXPECT_EQ(json::parse(promoted.body)["term"], 2);
  EXPECT_EQ(post(second, "/v1/promote").status, 200) << "again: nothing more happens";
  // The new primary has no standby.
  EXPECT_EQ(state(second)["role"], "primary");
  publishers.finish();
  EXPECT_EQ(publishers.numbers().size(), kPurges);
  EXPECT_EQ(publishers.doubled(), 0u) << "a number was given twice";
  expect_all_logged(second, publishers);
  EXPECT_TRUE(applied(publishers.last())) << scene.edge().output();
  EXPECT_EQ(scene.edge().metric("selvage_purge_resets_total"), 0) << scene.edge().output();
  ASSERT_TRUE(first.start()) << first.output();
  EXPECT_TRUE(wait_until([&] { return state(first)["role"] == "superseded"; })) << first.output();
  const Response refused = first.purge(purge_of("no"));
  EXPECT_EQ(refused.status, 503);
  EXPECT_NE(refused.body.find(second.url()), std::string::npos) << refused.body;
  first.process().kill();  // for ever
  second.process().kill();
  ASSERT_TRUE(first.start()) << first.output();
  EXPECT_EQ(state(first)["role"], "superseded");
  EXPECT_EQ(first.purge(purge_of("no")).status, 503);
}

TEST_F(Standby, AnEdgeThatHasSeenTheNewTermTellsTheOldPrimary) {
  begin("none", false);
  EXPECT_EQ(first.purge(purge_of("a")).status, 202);
  ASSERT_TRUE(wait_until([&] { return head(second) == 1; }));
  first.process().kill();
  Process ctl({program("selvagectl"), "promote", "--api", second.url(), "--ca", second.ca_file(), "--token",
               "operator-secret"},
              scene.folder / "ctl.log");
  ASSERT_EQ(ctl.wait(), 0) << ctl.output();
  const std::uint64_t number = purge_sequence(second.purge(purge_of("b")));
  EXPECT_GT(number, std::uint64_t{1} << 32);
  EXPECT_TRUE(applied(number));
  // The new primary is gone too: only the edge knows.
  second.process().kill();
  ASSERT_TRUE(first.start()) << first.output();
  EXPECT_TRUE(wait_until([&] { return state(first)["role"] == "superseded"; })) << first.output();
  EXPECT_EQ(first.purge(purge_of("no")).status, 503);
}

}  // namespace
}  // namespace harness
