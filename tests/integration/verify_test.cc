// SPDX-License-Identifier: Apache-2.0
// GET /v1/verify: all live edges are asked which copies of a URL they hold.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/integration/purge_scene.h"
#include "tests/support/nats_server.h"

namespace harness {
namespace {

using nlohmann::json;

class Verify : public testing::Test {
 protected:
  void begin(unsigned edges, const std::string& purge_keys = {}) {
    scene.begin(edges, {.purge_keys = purge_keys});
    answer_with_pages();
  }
  void answer_with_pages() {
    scene.origin.answer_all([](const Seen& seen) {
      Reply out{.headers = {{"Cache-Control", "max-age=3600"}, {"Surrogate-Key", "page"}}};
      out.body = std::string(1000, 'x');
      if (seen.target == "/languages") {
        out.headers.emplace_back("Vary", "Accept-Language");
        out.headers.emplace_back("Content-Language", seen.header("accept-language"));
      }
      return out;
    });
  }
  void get(const std::string& path, std::size_t from, Headers headers = {}) {
    Request request = scene.request(path);
    request.headers = std::move(headers);
    EXPECT_EQ(Client(scene.edge(from).client_options()).perform(std::move(request)).status, 200);
    EXPECT_TRUE(scene.settled(from));
  }
  json ask(const std::string& path, const std::string& more = {}) {
    const Response answer = scene.api.get("/v1/verify?site=www&url=https%3A%2F%2Fwww.test" + path + more);
    EXPECT_EQ(answer.status, 200) << answer.body;
    return json::parse(answer.body, nullptr, false);
  }
  /// Asks until the edges hold so many copies: what is on its way to the disk is in neither place for a
  /// moment.
  json ask_until(const std::vector<unsigned>& holds, const std::string& path, const std::string& more = {}) {
    json report;
    EXPECT_TRUE(wait_until([&] {
      report = ask(path, more);
      return counts(report, "holds") == holds;
    })) << report;
    return report;
  }
  /// Of each node that has answered.
  static std::vector<unsigned> counts(const json& report, const char* key) {
    std::vector<unsigned> out;
    for (const json& node : report["nodes"]) out.push_back(node[key]);
    return out;
  }

  PurgeScene scene;
};

TEST_F(Verify, TellsOfEachEdgeWhatItHolds) {
  begin(2);
  EXPECT_THAT(counts(ask("/a"), "holds"), testing::ElementsAre(0, 0));
  get("/a", 1);
  const json report = ask_until({0, 2}, "/a");  // in memory and on disk
  EXPECT_THAT(counts(report, "dead"), testing::ElementsAre(0, 0));
  EXPECT_EQ(report["nodes"][1]["copies"][0]["verdict"], "live");
  EXPECT_TRUE(report["silent"].empty());
}

TEST_F(Verify, WhatWasPurgedIsDeadAndNothingOfItIsServed) {
  begin(2);
  for (std::size_t i = 0; i < 2; ++i) get("/a", i);
  ask_until({2, 2}, "/a");
  const std::uint64_t number = scene.purge(R"({"site":"www","tags":["page"]})");
  const json report = ask("/a");
  EXPECT_EQ(report["at"], number);
  EXPECT_THAT(counts(report, "holds"), testing::ElementsAre(2, 2));
  EXPECT_THAT(counts(report, "dead"), testing::ElementsAre(2, 2));
  EXPECT_THAT(counts(report, "stale"), testing::ElementsAre(0, 0));
  EXPECT_EQ(report["nodes"][0]["copies"][0]["purged"], number);
  // Asked for again, it is there in a new version.
  get("/a", 0);
  EXPECT_TRUE(wait_until([&] { return counts(ask("/a"), "dead") == std::vector<unsigned>{0, 2}; }));
}

// The ledger forgets what has been held against the copy long since, and counts all that is older as purged.
TEST_F(Verify, WhatWasLookedAtBeforeTheLedgerForgotIsNotStale) {
  begin(1, "ledger_entries = 10000\nsweep = \"0\"\n");
  get("/a", 0);
  ask_until({2}, "/a");
  const auto purge_others = [&](int from) {
    json urls = json::array();
    for (int i = from; i < from + 1000; ++i) urls.push_back("https://www.test/other/" + std::to_string(i));
    scene.purge(json{{"site", "www"}, {"urls", urls}}.dump());
  };
  for (int i = 0; i < 10; ++i) purge_others(i * 1000);
  get("/a", 0);
  const json before = ask("/a");
  EXPECT_EQ(before["nodes"][0]["copies"][0]["purged"], 0);
  purge_others(10'000);
  const json after = ask("/a");
  EXPECT_GT(after["nodes"][0]["copies"][0]["purged"], 0) << "the ledger has forgotten nothing";
  EXPECT_THAT(counts(after, "holds"), testing::ElementsAre(2));
  EXPECT_THAT(counts(after, "stale"), testing::ElementsAre(0));
}

TEST_F(Verify, AnswersOnceThePurgesThatTheApiKnowsAreApplied) {
  begin(2);
  for (std::size_t i = 0; i < 2; ++i) get("/a", i);
  ask_until({2, 2}, "/a");
  // Not waited for: the question comes right behind it.
  scene.log(R"({"site":"www","everything":true})");
  const json report = ask("/a");
  EXPECT_THAT(counts(report, "dead"), testing::ElementsAre(2, 2));
  for (const json& node : report["nodes"]) EXPECT_EQ(node["behind"], false);
}

TEST_F(Verify, CountsEveryVariantOrTheOneThatIsAskedFor) {
  begin(1);
  for (const char* language : {"de", "en", "fr"}) get("/languages", 0, {{"Accept-Language", language}});
  ask_until({6}, "/languages");
  EXPECT_THAT(counts(ask("/languages", "&header.accept-language=de"), "holds"), testing::ElementsAre(2));
  EXPECT_THAT(counts(ask("/languages", "&header.accept-language=it"), "holds"), testing::ElementsAre(0));
}

TEST_F(Verify, FindsOnDiskWhatWasThereBeforeARestart) {
  begin(1);
  get("/a", 0);
  get("/languages", 0, {{"Accept-Language", "de"}});
  ask_until({2}, "/a");
  ask_until({2}, "/languages");
  EXPECT_EQ(scene.edge().process().stop(), 0);
  ASSERT_NO_FATAL_FAILURE(scene.start(0));
  const json report = ask("/a");
  EXPECT_THAT(counts(report, "holds"), testing::ElementsAre(1));
  EXPECT_EQ(report["nodes"][0]["copies"][0]["tier"], "disk");
  EXPECT_THAT(counts(ask("/languages", "&header.accept-language=de"), "holds"), testing::ElementsAre(1));
}

TEST_F(Verify, NamesWhoIsSilent) {
  begin(2);
  get("/a", 0);
  ask_until({2, 0}, "/a");
  scene.edge(1).process().signal(SIGSTOP);
  EXPECT_EQ(ask("/a")["silent"], json::array({"edge-2"}));
  scene.edge(1).process().signal(SIGCONT);
  EXPECT_TRUE(wait_until([&] { return ask("/a")["silent"].empty(); }));
  scene.edge(1).process().kill();
  ASSERT_TRUE(wait_until(
      [&] { return !json::parse(scene.api.get("/v1/nodes").body)["nodes"][1]["connected"].get<bool>(); }));
  const json report = ask("/a");
  EXPECT_EQ(report["silent"], json::array({"edge-2"}));
  EXPECT_THAT(counts(report, "holds"), testing::ElementsAre(2));
}

// Replicas over NATS: whichever is asked reaches the edges that follow it, those that follow another one, and
// those that follow the stream.
TEST_F(Verify, ReachesNodesHoweverTheyFollow) {
  support::NatsServer nats(scene.folder / "nats");
  ASSERT_TRUE(nats.start()) << nats.output();
  const std::string servers = "servers = [\"" + nats.url() + "\"]\n";
  PurgeApi second(scene.certificates, scene.folder / "purge-2");
  for (PurgeApi* api : {&scene.api, &second})
    api->set_log_store("[log_store]\nengine = \"nats\"\n" + servers);
  ASSERT_TRUE(second.start()) << second.output();
  answer_with_pages();
  ASSERT_TRUE(scene.api.start()) << scene.api.output();
  Edge::Options over_http;
  for (const auto& urls : {std::vector{scene.api.url(), second.url()}, {second.url(), scene.api.url()}}) {
    over_http.purge_urls = urls;
    scene.add_edge(over_http);
  }
  scene.add_edge({.purge_keys = "engine = \"nats\"\n" + servers});
  for (std::size_t i = 0; i < 3; ++i) {
    scene.start(i);
    get("/a", i);
  }
  ask_until({2, 2, 2}, "/a");
  const std::uint64_t number = scene.purge(R"({"site":"www","tags":["page"]})");
  for (PurgeApi* api : {&scene.api, &second}) {
    const json report =
        json::parse(api->get("/v1/verify?site=www&url=https%3A%2F%2Fwww.test%2Fa").body, nullptr, false);
    EXPECT_EQ(report["at"], number);
    EXPECT_TRUE(report["silent"].empty()) << report;
    EXPECT_THAT(counts(report, "dead"), testing::ElementsAre(2, 2, 2)) << report;
    EXPECT_THAT(counts(report, "stale"), testing::ElementsAre(0, 0, 0));
  }
}

TEST_F(Verify, RefusesWhatItCannotAsk) {
  begin(1);
  for (const char* query :
       {"", "?site=www", "?url=https://www.test/", "?site=www&url=/a", "?site=www&url=https://a/&x=1"}) {
    EXPECT_EQ(scene.api.get(std::string("/v1/verify") + query).status, 400) << query;
  }
}

}  // namespace
}  // namespace harness
