// SPDX-License-Identifier: Apache-2.0
#include "purge/server/api.h"

#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <thread>

#include "tests/unit/purgeapi/service_rig.h"

namespace purgeapi {
namespace {

class ApiTest : public testing::Test {
 protected:
  support::TempFolder folder;
  RunningService service{folder.path(),
                         "[limits]\nbody = \"64KiB\"\nwait = \"20s\"\nheartbeat = \"100ms\"\n"};
};

TEST_F(ApiTest, APurgeGetsTheNextNumberAndCanBeSeen) {
  const Reply first = service.purge("", "news");
  EXPECT_EQ(first.status, 202);
  EXPECT_EQ(first.json(), nlohmann::json({{"sequence", 1}}));
  EXPECT_NE(first.headers.find("ocation: /v1/purges/1"), std::string::npos) << first.headers;
  EXPECT_EQ(service.purge().json()["sequence"], 2);
  const Reply seen = ask(service.url("/v1/purges/1"), {.token = "reader"});
  EXPECT_EQ(seen.status, 200);
  EXPECT_EQ(seen.json()["purge"], nlohmann::json::parse(R"({"site":"www","tags":["news"]})"));
  EXPECT_GT(seen.json()["at"], 1'600'000'000'000);
  EXPECT_EQ(seen.json()["nodes"], nlohmann::json::array());
}

TEST_F(ApiTest, TheLogOutlivesARestart) {
  ASSERT_EQ(service.purge().json()["sequence"], 1);
  service.stop();
  const RunningService again(folder.path());
  EXPECT_EQ(ask(again.url("/v1/purges/1"), {.token = "purger"}).status, 200);
  EXPECT_EQ(again.purge().json()["sequence"], 2);
}

struct Refused {
  const char* name;
  std::string target;
  Ask what;
  int status;
  std::string code;
  std::string says;
};
class RefusedTest : public ApiTest, public testing::WithParamInterface<Refused> {};

TEST_P(RefusedTest, GetsTheRightStatusAndAReason) {
  const Reply reply = ask(service.url(GetParam().target), GetParam().what);
  EXPECT_EQ(reply.status, GetParam().status) << reply.body;
  EXPECT_EQ(reply.code(), GetParam().code) << reply.body;
  EXPECT_NE(reply.json().value("/error/message"_json_pointer, "").find(GetParam().says), std::string::npos)
      << reply.body;
  EXPECT_EQ(ask(service.url("/v1/nodes"), {.token = "reader"}).json()["head"], 0) << "it got into the log";
}

const std::string kPurge = R"({"site":"www","tags":["a"]})";
INSTANTIATE_TEST_SUITE_P(
    Table, RefusedTest,
    testing::Values(
        Refused{"NoToken", "/v1/purges", {.body = kPurge}, 401, "unauthorized", "Bearer"},
        Refused{
            "UnknownToken", "/v1/purges", {.token = "guess", .body = kPurge}, 401, "unauthorized", "Bearer"},
        Refused{"NoTokenNoPath", "/v1/secret", {}, 401, "unauthorized", ""},
        Refused{"WrongRole", "/v1/purges", {.token = "reader", .body = kPurge}, 403, "forbidden", "reader"},
        Refused{"NodeMayNotPurge", "/v1/purges", {.token = "edge", .body = kPurge}, 403, "forbidden", "edge"},
        Refused{
            "PurgerMayNotFollow", "/v1/log?after=0&node=x", {.token = "purger"}, 403, "forbidden", "purger"},
        Refused{"PurgerMayNotAcknowledge",
                "/v1/nodes/x/ack",
                {.token = "purger", .body = "{}"},
                403,
                "forbidden",
                ""},
        Refused{"OtherSite",
                "/v1/purges",
                {.token = "purger", .body = R"({"site":"shop","tags":["a"]})"},
                403,
                "forbidden",
                "\"shop\""},
        Refused{"NotJson", "/v1/purges", {.token = "purger", .body = "hello"}, 400, "invalid", "JSON"},
        Refused{"NoSelector",
                "/v1/purges",
                {.token = "purger", .body = R"({"site":"www"})"},
                400,
                "invalid",
                "selectors"},
        Refused{"NoBody", "/v1/purges", {.token = "purger", .method = "POST"}, 400, "invalid", "JSON"},
        Refused{"Form",
                "/v1/purges",
                {.token = "purger", .body = "a=b", .type = "application/x-www-form-urlencoded"},
                415,
                "unsupported_media_type",
                "application/json"},
        Refused{"TooLarge",
                "/v1/purges",
                {.token = "purger", .body = std::string(65 << 10, ' ')},
                413,
                "too_large",
                "65536"},
        Refused{"BadWait",
                "/v1/purges?wait=soon",
                {.token = "purger", .body = kPurge},
                400,
                "invalid",
                "wait=soon"},
        Refused{"LongWait",
                "/v1/purges?wait=1h",
                {.token = "purger", .body = kPurge},
                400,
                "invalid",
                "at most 20s"},
        Refused{"UnknownParameter",
                "/v1/purges?soft=1",
                {.token = "purger", .body = kPurge},
                400,
                "invalid",
                "\"soft\""},
        Refused{"OtherMethod",
                "/v1/purges",
                {.token = "purger", .method = "DELETE"},
                405,
                "method_not_allowed",
                "POST, GET"},
        Refused{"DeleteNodes",
                "/v1/nodes",
                {.token = "reader", .method = "DELETE"},
                405,
                "method_not_allowed",
                "GET"},
        Refused{
            "NoSuchPath", "/v1/purge", {.token = "purger", .body = kPurge}, 404, "not_found", "/v1/purges"},
        Refused{"NoSuchPurge", "/v1/purges/1", {.token = "reader"}, 404, "not_found", "\"1\""},
        Refused{"NotANumber", "/v1/purges/one", {.token = "reader"}, 404, "not_found", "\"one\""},
        Refused{"BadNode", "/v1/log?after=0&node=a%20b", {.token = "edge"}, 400, "invalid", "a%20b"},
        Refused{"NoNode", "/v1/log?after=0", {.token = "edge"}, 400, "invalid", "node="},
        Refused{"BadAfter", "/v1/log?after=-1&node=a", {.token = "edge"}, 400, "invalid", "after=-1"},
        Refused{"BadAck", "/v1/nodes/a/ack", {.token = "edge", .body = "{}"}, 400, "invalid", "applied"},
        Refused{"AckOfOtherLog",
                "/v1/nodes/a/ack",
                {.token = "edge", .body = R"({"applied":0,"log_id":"x"})"},
                409,
                "conflict",
                "\"x\""}),
    [](const auto& tested) { return tested.param.name; });

TEST_F(ApiTest, NoBodyIsTooDeepOrHasTooLargeANumber) {
  const std::string deep = std::string(30'000, '[') + std::string(30'000, ']');
  for (const std::string& value : {std::string("1e999"), deep}) {
    for (const std::string& body : {R"({"site":"www","everything":)" + value + "}",
                                    "{\"purges\":" + value + "}", "{\"purges\":[" + value + "]}"}) {
      EXPECT_EQ(ask(service.url("/v1/purges"), {.token = "purger", .body = body}).status, 400);
    }
    const std::string less = value.size() < 10 ? value : std::string(1'000, '[') + std::string(1'000, ']');
    for (const char* path : {"/v1/nodes/a/verify", "/v1/nodes/a/ack"}) {
      const std::string body =
          R"({"id":"a","applied":1,"holds":1,"stale":1,"dead":1,"log_id":"a","copies":[)";
      EXPECT_EQ(ask(service.url(path), {.token = "edge", .body = body + less + "]}"}).status, 400) << path;
    }
  }
  EXPECT_EQ(service.purge().status, 202);
}

TEST_F(ApiTest, APurgeOfAnotherSiteIsNotShown) {
  ASSERT_EQ(service.purge().status, 202);
  service.write_config("127.0.0.1:0", 1'000'000,
                       "[[token]]\nname = \"shop\"\nsha256 = \"" + base::hex(sha256("shop")) +
                           "\"\nroles = [\"read\"]\nsites = [\"shop\"]\n"
                           "[limits]\nbody = \"64KiB\"\nwait = \"20s\"\nheartbeat = \"100ms\"\n");
  service.signal(SIGHUP);
  ASSERT_TRUE(
      support::wait_until([&] { return ask(service.url("/v1/nodes"), {.token = "shop"}).status == 200; }));
  EXPECT_EQ(ask(service.url("/v1/purges/1"), {.token = "shop"}).status, 403);
  EXPECT_EQ(ask(service.url("/v1/purges/1"), {.token = "reader"}).status, 200);
}

TEST_F(ApiTest, WaitingWithNoNodesIsOverAtOnce) {
  const Reply reply = service.purge("?wait=20s");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.json()["pending"], nlohmann::json::array());
}

TEST_F(ApiTest, WaitsForTheNodesAndTellsHowLongTheyTook) {
  const TestNode one(service.url(""), "one", folder / "one");
  const TestNode two(service.url(""), "two", folder / "two");
  ASSERT_TRUE(one.connects() && two.connects());
  const auto now_ms = [] {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
  };
  const std::int64_t begun = now_ms();
  const Reply reply = service.purge("?wait=20s", "news");
  EXPECT_EQ(reply.status, 200) << reply.body;
  ASSERT_EQ(reply.json()["nodes"].size(), 2u) << reply.body;
  const nlohmann::json applied = reply.json()["nodes"];
  for (const auto& node : applied) {
    EXPECT_TRUE(node["applied"]);
    EXPECT_GE(node["ms"], 0);
    EXPECT_GE(node["at"], begun);
    EXPECT_LE(node["at"], now_ms());
  }
  // What is answered is true: it is visible on the nodes by now.
  EXPECT_EQ(one.verdict_of_tag("news", purge::make_stamp(1, 0)), purge::Verdict::Dead);
  EXPECT_EQ(two.verdict_of_tag("news", purge::make_stamp(1, 0)), purge::Verdict::Dead);
  const auto nodes = ask(service.url("/v1/nodes"), {.token = "reader"}).json();
  ASSERT_EQ(nodes["nodes"].size(), 2u);
  EXPECT_EQ(nodes["nodes"][0]["node"], "one");
  EXPECT_EQ(nodes["nodes"][0]["applied"], 1);
  EXPECT_EQ(nodes["nodes"][0]["behind"], 0);
  EXPECT_EQ(nodes["nodes"][0]["live"], true);
  const auto view = ask(service.url("/v1/purges/1"), {.token = "reader"}).json();
  EXPECT_EQ(view["nodes"], applied);
}

TEST_F(ApiTest, ANodeThatDoesNotAcknowledgeIsPendingWhenTheTimeIsOver) {
  // A log that is read by hand: nobody acknowledges.
  std::thread reader([&] { ask(service.url("/v1/log?after=0&node=mute"), {.token = "edge"}); });
  ASSERT_TRUE(support::wait_until([&] {
    return ask(service.url("/v1/nodes"), {.token = "reader"}).body.find("mute") != std::string::npos;
  }));
  const Reply reply = service.purge("?wait=300ms");
  EXPECT_EQ(reply.status, 202) << reply.body;
  EXPECT_EQ(reply.json()["pending"], nlohmann::json({"mute"}));
  service.signal(SIGTERM);  // ends the log
  reader.join();
}

TEST_F(ApiTest, TheAdminListenerTellsHealthAndMetrics) {
  const TestNode one(service.url(""), "one", folder / "one");
  ASSERT_TRUE(one.connects());
  ASSERT_EQ(service.purge("?wait=20s").status, 200);
  EXPECT_EQ(ask(service.admin_url("/healthz")).status, 200);
  EXPECT_EQ(ask(service.admin_url("/readyz")).status, 200);
  EXPECT_EQ(ask(service.admin_url("/nothing")).status, 404);
  EXPECT_EQ(ask(service.admin_url("/readyz"), {.method = "DELETE"}).status, 405);
  const std::string metrics = ask(service.admin_url("/metrics")).body;
  for (const char* line :
       {"selvage_purge_log_head 1", "selvage_purge_followers 1", "selvage_purge_nodes_live 1",
        "selvage_purge_lag_entries{node=\"one\"} 0", "selvage_purge_lag_seconds{node=\"one\"} 0",
        "selvage_purge_propagation_seconds_count 1",
        "selvage_purge_requests_total{api=\"selvage\",status=\"200\"}", "process_resident_memory_bytes"}) {
    EXPECT_NE(metrics.find(line), std::string::npos) << line << " is missing in\n" << metrics;
  }
}

}  // namespace
}  // namespace purgeapi
