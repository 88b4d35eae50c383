// SPDX-License-Identifier: Apache-2.0
// PURGE and BAN as clients send them to an edge: they hold on all edges, or not at all.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/integration/purge_scene.h"

namespace harness {
namespace {

using nlohmann::json;
using Protocol = Request::Protocol;

constexpr const char* kToken = "deploy-secret";

class EdgePurge : public testing::Test {
 protected:
  void begin(unsigned edges, const std::string& rules = {},
             const std::string& purge_token = "operator-secret") {
    Edge::Options options;
    options.purge_keys = "purge_token = \"" + purge_token + "\"\nforward_limit = \"20s\"\n";
    options.site =
        "[site.purge]\n" + (rules.empty() ? "tokens_sha256 = [\"" + sha256(kToken) + "\"]\n" : rules);
    scene.begin(edges, options);
    scene.origin.answer_all([](const Seen&) {
      return Reply{.headers = {{"Cache-Control", "max-age=3600"}, {"Surrogate-Key", "all page"}},
                   .body = "text"};
    });
  }
  Response send(const std::string& method, const std::string& path, Headers headers,
                Protocol protocol = Protocol::Http2, std::size_t to = 0) {
    Request request = scene.request(path, protocol);
    request.method = method;
    request.headers = std::move(headers);
    return Client(scene.edge(to).client_options()).perform(std::move(request));
  }
  static Headers bearer(Headers more = {}) {
    more.emplace_back("Authorization", std::string("Bearer ") + kToken);
    return more;
  }
  void warm(unsigned edges, const std::string& path = "/a") {
    for (unsigned i = 0; i < edges; ++i) {
      scene.get(path, i);
      EXPECT_TRUE(is_hit(scene.get(path, i)));
    }
  }
  json entry(const std::string& id) {
    return json::parse(scene.api.get("/v1/purges/" + id).body, nullptr, false);
  }
  /// Whether it was a purge of all edges with this content, after which none has a copy.
  void expect_purged_everywhere(const Response& answer, const json& purge, unsigned edges,
                                const std::string& path = "/a") {
    ASSERT_EQ(answer.status, 200) << answer.error << answer.body;
    const json told = json::parse(answer.body);
    EXPECT_EQ(told["status"], "ok");
    const std::string id = told["id"];
    EXPECT_EQ(entry(id)["purge"], purge);
    EXPECT_TRUE(wait_until([&] {
      const json now = entry(id);
      return now["pending"].empty() && now["away"].empty() && now["nodes"].size() == edges;
    }));
    for (unsigned i = 0; i < edges; ++i) EXPECT_FALSE(is_hit(scene.get(path, i))) << "edge " << i;
  }
  json nodes() { return json::parse(scene.api.get("/v1/nodes").body); }

  PurgeScene scene;
};

TEST_F(EdgePurge, OfAUrlHoldsOnEveryEdge) {
  begin(2);
  const json purge = {{"site", "www"}, {"urls", {"https://www.test/a"}}};
  for (const Protocol protocol : {Protocol::Http2, Protocol::Http11}) {
    warm(2);
    const Response answer = send("PURGE", "/a", bearer(), protocol);
    EXPECT_EQ(answer.header("content-type"), "application/json");
    EXPECT_EQ(json::parse(answer.body)["applied"], true);
    expect_purged_everywhere(answer, purge, 2, "/a");
  }
}

TEST_F(EdgePurge, EachWayOfSayingWhoAndWhat) {
  begin(1);
  const json by_tag = {{"site", "www"}, {"tags", {"page"}}};
  const json everything = {{"site", "www"}, {"everything", true}};
  const json soft = {{"site", "www"}, {"urls", {"https://www.test/a"}}, {"soft", true}};
  const auto expect = [&](const std::string& method, const std::string& path, const Headers& headers,
                          const json& purge) {
    warm(1);
    expect_purged_everywhere(send(method, path, headers), purge, 1);
  };
  expect("PURGE", "/", {{"Fastly-Key", kToken}, {"Surrogate-Key", "page"}}, by_tag);
  expect("PURGE", "/", {{"X-Purge-Token", kToken}, {"xkey", "page"}}, by_tag);
  expect("BAN", "/", bearer({{"xkey", "page"}}), by_tag);
  expect("PURGEKEYS", "/", bearer({{"XKey-Purge", "page"}}), by_tag);
  expect("BAN", "/", bearer({{"X-Host", ".*"}, {"X-Url", ".*"}, {"X-Content-Type", ".*"}}), everything);
  expect("PURGE", "/a", bearer({{"Fastly-Soft-Purge", "1"}}), soft);
  EXPECT_EQ(scene.edge().metric("selvage_purge_forwards_total", {"result=\"accepted\""}), 6);
}

TEST_F(EdgePurge, WhoMayNotChangesNothing) {
  begin(1);
  warm(1);
  EXPECT_EQ(send("PURGE", "/a", {}).status, 401);
  EXPECT_EQ(send("PURGE", "/a", {{"Authorization", "Bearer wrong"}}).status, 401);
  EXPECT_EQ(send("BAN", "/", {{"X-Purge-Token", "wrong"}, {"xkey", "page"}}).status, 401);
  const Response odd = send("BAN", "/", bearer({{"X-Url", "[a-z]+"}}));
  EXPECT_EQ(odd.status, 400);
  EXPECT_NE(odd.body.find("allowed"), std::string::npos);
  EXPECT_EQ(nodes()["head"], 0);
  EXPECT_TRUE(is_hit(scene.get("/a")));
}

TEST_F(EdgePurge, ByAddress) {
  begin(1, "clients = [\"127.0.0.0/8\"]\n");
  warm(1);
  expect_purged_everywhere(send("PURGE", "/a", {}), {{"site", "www"}, {"urls", {"https://www.test/a"}}}, 1);
}

TEST_F(EdgePurge, FromAnotherAddress) {
  begin(1, "clients = [\"192.0.2.0/24\"]\n");
  warm(1);
  EXPECT_EQ(send("PURGE", "/a", {}).status, 403);
  EXPECT_TRUE(is_hit(scene.get("/a")));
}

TEST_F(EdgePurge, BothMayBeNeeded) {
  begin(1,
        "clients = [\"192.0.2.0/24\"]\nrequire = \"both\"\ntokens_sha256 = [\"" + sha256(kToken) + "\"]\n");
  EXPECT_EQ(send("PURGE", "/a", bearer()).status, 403);
  EXPECT_EQ(send("PURGE", "/a", {}).status, 401);
}

TEST_F(EdgePurge, ASiteThatDoesNotTakeThemSaysSo) {
  scene.begin(1);
  scene.origin.answer("/a", Reply{.body = "text"});
  for (const char* method : {"PURGE", "BAN", "PURGEKEYS"}) {
    const Response answer = send(method, "/a", bearer());
    EXPECT_EQ(answer.status, 405);
    EXPECT_FALSE(answer.header("allow").empty());
  }
  EXPECT_EQ(scene.origin.requests(), 0U);
}

TEST_F(EdgePurge, WithoutTheApiNothingIsPurgedAndTheClientIsToldToComeBack) {
  begin(2);
  warm(2);
  scene.api.process().kill();
  const Response away = send("PURGE", "/a", bearer());
  EXPECT_EQ(away.status, 503) << away.body;
  EXPECT_FALSE(away.header("retry-after").empty());
  for (unsigned i = 0; i < 2; ++i) EXPECT_TRUE(is_hit(scene.get("/a", i)));
  EXPECT_EQ(scene.edge().metric("selvage_purge_forwards_total", {"result=\"failed\""}), 1);
  ASSERT_TRUE(scene.api.start());
  expect_purged_everywhere(send("PURGE", "/a", bearer()), {{"site", "www"}, {"urls", {"https://www.test/a"}}},
                           2);
}

TEST_F(EdgePurge, WaitsForAllNodesWhereTheSiteWishes) {
  begin(2, "tokens_sha256 = [\"" + sha256(kToken) + "\"]\nwait_for = \"nodes\"\nwait = \"30s\"\n");
  warm(2);
  const Response answer = send("PURGE", "/a", bearer());
  EXPECT_EQ(json::parse(answer.body)["applied"], true) << answer.body;
  for (unsigned i = 0; i < 2; ++i) EXPECT_FALSE(is_hit(scene.get("/a", i)));
}

TEST_F(EdgePurge, TheRateIsBounded) {
  begin(1, "tokens_sha256 = [\"" + sha256(kToken) + "\"]\nrate = 1\n");
  Response answer;
  for (int i = 0; i < 100 && answer.status != 429; ++i) answer = send("PURGE", "/a", bearer());
  EXPECT_EQ(answer.status, 429);
  EXPECT_FALSE(answer.header("retry-after").empty());
}

TEST_F(EdgePurge, AnEdgeThatMayNotPurgeSaysSo) {
  begin(1, {}, "node-secret");
  warm(1);
  EXPECT_EQ(send("PURGE", "/a", bearer()).status, 502);
  EXPECT_TRUE(is_hit(scene.get("/a")));
}

/// Purges of one variant: whoever gets a copy by a request can purge it by that request's fields.
class VariantPurge : public testing::Test {
 protected:
  Response get(const Headers& headers) {
    Request request = scene.request("/a");
    request.headers = headers;
    return Client(scene.edge().client_options()).perform(std::move(request));
  }
  void purge(const json& headers) {
    const json variant = {{"url", "https://www.test/a"}, {"headers", headers}};
    scene.purge(json{{"site", "www"}, {"variants", {variant}}}.dump());
  }
  PurgeScene scene;
};

TEST_F(VariantPurge, OfACodingWhereTheEdgeCodesItself) {
  scene.begin(1, {.site = "compress = [\"text/*\"]\ncompress_min = 100\n"});
  scene.origin.answer("/a", Reply{.headers = {{"Cache-Control", "max-age=3600"},
                                              {"Content-Type", "text/plain"},
                                              {"Vary", "Accept-Encoding"}},
                                  .body = std::string(2000, 'x')});
  const Headers gzip = {{"Accept-Encoding", "gzip"}};
  get(gzip);
  EXPECT_TRUE(is_hit(get(gzip)));
  purge({{"Accept-Encoding", "gzip"}});
  EXPECT_FALSE(is_hit(get(gzip)));
  EXPECT_EQ(scene.origin.requests("/a"), 2U);
}

TEST_F(VariantPurge, OfALanguageThatAnotherRequestBrought) {
  scene.begin(1);
  scene.origin.answer("/a", [](const Seen& seen) {
    const std::string language = seen.header("accept-language").substr(0, 2);
    return Reply{.headers = {{"Cache-Control", "max-age=3600"},
                             {"Content-Language", language},
                             {"Vary", "Accept-Language, X-Forwarded-Proto"}},
                 .body = language};
  });
  const Headers german = {{"Accept-Language", "de"}};
  const Headers english = {{"Accept-Language", "en"}};
  get({{"Accept-Language", "de, fr;q=0.5"}});
  get(english);
  EXPECT_TRUE(is_hit(get(german)));
  EXPECT_TRUE(is_hit(get(english)));
  purge({{"Accept-Language", "de"}});
  const std::size_t before = scene.origin.requests("/a");
  EXPECT_FALSE(is_hit(get(german)));
  EXPECT_TRUE(is_hit(get(english)));
  EXPECT_EQ(scene.origin.requests("/a"), before + 1);
}

}  // namespace
}  // namespace harness
