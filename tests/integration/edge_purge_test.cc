// SPDX-License-Identifier: Apache-2.0
// PURGE and BAN as clients send them to an edge: they hold on all edges, or not at all.
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
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
      EXPECT_TRUE(scene.settled(i));
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

/// An edge whose purge API is the test's: what that answers to a purge.
class ScriptedApi : public testing::Test {
 protected:
  /// `reply` gets the number of the purge's try, from 1.
  void begin(const std::string& rules, std::function<Reply(unsigned)> reply) {
    api.answer_all([this, reply = std::move(reply)](const Seen& seen) {
      if (seen.method != "POST" || !seen.target.starts_with("/v1/purges")) return Reply{.status = 503};
      return reply(++tries_);
    });
    Edge::Options options{.purge_urls = {api.url()}};
    options.site = "[site.purge]\nclients = [\"127.0.0.0/8\"]\n" + rules;
    scene.add_edge(options);
    ASSERT_TRUE(scene.edge().start()) << scene.edge().output();
  }
  Response purge() {
    Request request = scene.request("/a");
    request.method = "PURGE";
    return Client(scene.edge().client_options()).perform(std::move(request));
  }
  std::vector<std::string> keys() const {
    std::vector<std::string> out;
    for (const Seen& seen : api.seen()) {
      if (seen.method == "POST" && seen.target.starts_with("/v1/purges"))
        out.push_back(seen.header("idempotency-key"));
    }
    return out;
  }
  /// As of a fleet whose list of nodes is longer than an edge reads.
  static Reply long_answer(int status, const std::string& location) {
    Reply out{.status = status,
              .body = R"({"nodes":[")" + std::string(200'000, 'x') + R"("],"sequence":17})"};
    if (!location.empty()) out.headers = {{"Location", location}};
    return out;
  }

  Origin api;
  PurgeScene scene;

 private:
  std::atomic<unsigned> tries_ = 0;
};

TEST_F(ScriptedApi, TheNumberIsReadHoweverLongTheAnswerIs) {
  begin("wait_for = \"nodes\"\n",
        [](unsigned t) { return long_answer(t == 1 ? 202 : 200, "/v1/purges/17"); });
  for (const bool applied : {false, true}) {
    const Response answer = purge();
    ASSERT_EQ(answer.status, 200) << answer.body;
    EXPECT_EQ(json::parse(answer.body), (json{{"status", "ok"}, {"id", "17"}, {"applied", applied}}));
  }
}

TEST_F(ScriptedApi, AnAcceptedPurgeIsNeverCalledFailed) {
  begin("wait_for = \"log\"\n", [](unsigned t) { return long_answer(202, t == 1 ? "" : "elsewhere"); });
  for (int i = 0; i < 2; ++i) {
    const Response answer = purge();
    ASSERT_EQ(answer.status, 200) << answer.body;
    EXPECT_EQ(json::parse(answer.body), (json{{"status", "ok"}}));
  }
  EXPECT_EQ(scene.edge().metric("selvage_purge_forwards_total", {"result=\"accepted\""}), 2);
}

TEST_F(ScriptedApi, WhatBreaksIsSentAgainUnderTheSameKey) {
  begin("wait_for = \"log\"\n", [](unsigned t) {
    Reply out = long_answer(202, "/v1/purges/17");
    out.break_in_head = t == 1;
    return out;
  });
  EXPECT_EQ(purge().status, 200);
  const auto sent = keys();
  ASSERT_EQ(sent.size(), 2U);
  EXPECT_FALSE(sent[0].empty());
  EXPECT_EQ(sent[0], sent[1]);
}

TEST_F(ScriptedApi, AnAnswerThatBreaksBehindItsHeadIsOne) {
  begin("wait_for = \"log\"\n", [](unsigned) {
    Reply out = long_answer(202, "/v1/purges/17");
    out.break_at = 1000;
    return out;
  });
  EXPECT_EQ(json::parse(purge().body)["id"], "17");
  EXPECT_EQ(keys().size(), 1U);
}

// The API has logged it, but its answer is lost and it dies; the client sends the purge again.
TEST_F(EdgePurge, WhatWasLoggedButNotAnsweredIsOneEntry) {
  Relay relay(scene.api.port());
  // One loop: the second purge goes over the connection that the first one has made.
  Edge::Options options{.loops = 1, .purge_urls = {"https://127.0.0.1:" + std::to_string(relay.port())}};
  options.purge_keys = "purge_token = \"operator-secret\"\nforward_limit = \"3s\"\n";
  options.site = "[site.purge]\ntokens_sha256 = [\"" + sha256(kToken) + "\"]\nwait_for = \"log\"\n";
  scene.begin(1, options);
  EXPECT_EQ(json::parse(send("PURGE", "/b", bearer()).body)["id"], "1");
  relay.hold();
  Request request = scene.request("/a");
  request.method = "PURGE";
  request.headers = bearer({{"Idempotency-Key", "k"}});
  Download lost(scene.edge().client_options(), request);
  ASSERT_TRUE(wait_until([&] { return nodes()["head"] == 2; }));
  EXPECT_EQ(lost.result().status, 503);
  scene.api.process().kill();
  relay.release();
  ASSERT_TRUE(scene.api.start());
  Response again;
  ASSERT_TRUE(wait_until([&] {
    again = send("PURGE", "/a", request.headers);
    return again.status == 200;
  })) << again.body;
  EXPECT_EQ(json::parse(again.body)["id"], "2");
  EXPECT_EQ(nodes()["head"], 2);
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
  EXPECT_TRUE(scene.settled());
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
  EXPECT_TRUE(scene.settled());
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
