// SPDX-License-Identifier: Apache-2.0
// Several purges in one request, and idempotency keys.
#include <gtest/gtest.h>

#include "purge/server/purge_body.h"
#include "tests/unit/purgeapi/service_rig.h"

namespace purgeapi {
namespace {

using nlohmann::json;

constexpr const char* kOne = R"({"site":"www","tags":["a"]})";
constexpr const char* kTwo =
    R"({"purges":[{"site":"www","tags":["a"]},{"site":"www","hosts":["www.test"]}]})";

class BatchTest : public testing::Test {
 protected:
  Reply post(const std::string& body, const std::string& key = "", const std::string& query = "") {
    return ask(service->url("/v1/purges" + query), {.token = "purger", .body = body, .key = key});
  }
  json head() { return ask(service->url("/v1/nodes"), {.token = "reader"}).json()["head"]; }

  support::TempFolder folder;
  std::unique_ptr<RunningService> service =
      std::make_unique<RunningService>(folder.path(), "[limits]\nbatch = 3\n");
};

TEST_F(BatchTest, GetsConsecutiveNumbers) {
  ASSERT_EQ(post(kOne).status, 202);
  const Reply reply = post(kTwo);
  EXPECT_EQ(reply.status, 202);
  EXPECT_EQ(reply.json(), json::parse(R"({"sequence":3,"sequences":[2,3]})"));
  EXPECT_NE(reply.headers.find("/v1/purges/3"), std::string::npos);
  EXPECT_EQ(ask(service->url("/v1/purges/3"), {.token = "reader"}).json()["purge"]["hosts"][0], "www.test");
}

TEST_F(BatchTest, CanBeWaitedFor) {
  const Reply reply = post(kTwo, "", "?wait=5s");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.json()["sequences"], json::parse("[1,2]"));
  EXPECT_EQ(reply.json()["sequence"], 2);
}

TEST_F(BatchTest, IsRefusedAsAWholeIfOneOfItIsWrong) {
  const auto refused = [&](const std::string& body, int status, const std::string& says) {
    const Reply reply = post(body);
    EXPECT_EQ(reply.status, status) << body;
    EXPECT_NE(reply.body.find(says), std::string::npos) << reply.body;
  };
  refused(R"({"purges":[]})", 400, "1 to 3");
  refused(R"({"purges":[1]})", 400, R"(\"purges\"[0])");
  refused(R"({"purges":{}})", 400, "list");
  refused(R"({"purges":[{"site":"www","tags":["a"]},{"site":"www"}]})", 400, R"(\"purges\"[1])");
  refused(R"({"purges":[{"site":"www","tags":["a"],"tags":["b"]}]})", 400, "twice");
  refused(R"({"purges":[{"site":"www","tags":["a"]}],"soft":true})", 400, "other members");
  refused(R"({"purges":[{"site":"www","tags":["a"]},{"site":"other","tags":["a"]}]})", 403, "other");
  std::string four;
  for (int i = 0; i < 4; ++i) four += (i == 0 ? "" : ",") + std::string(kOne);
  refused("{\"purges\":[" + four + "]}", 400, "4 purges");
  EXPECT_EQ(head(), 0);
}

TEST_F(BatchTest, TheSameKeyGetsTheSameNumbersAlsoAfterARestart) {
  const json first = post(kTwo, "deploy 17").json();
  EXPECT_EQ(first["sequences"], json::parse("[1,2]"));
  EXPECT_EQ(post(kTwo, "deploy 17").json(), first);
  service->stop();
  service = std::make_unique<RunningService>(folder.path());
  EXPECT_EQ(post(kTwo, "deploy 17").json(), first);
  EXPECT_EQ(head(), 2);
  EXPECT_EQ(post(kTwo, "deploy 18").json()["sequence"], 4);
}

TEST_F(BatchTest, TheSameKeyWithAnotherBodyIsRefused) {
  ASSERT_EQ(post(kTwo, "deploy 17").status, 202);
  const Reply reply = post(kOne, "deploy 17");
  EXPECT_EQ(reply.status, 422);
  EXPECT_EQ(reply.code(), "idempotency_key");
  EXPECT_EQ(head(), 2);
}

TEST_F(BatchTest, AKeyIsOneTokensOwn) {
  service->stop();
  service = std::make_unique<RunningService>(folder.path(), "[[token]]\nname = \"second\"\nsha256 = \"" +
                                                                base::hex(sha256("second")) +
                                                                "\"\nroles = [\"purge\"]\nsites = [\"*\"]\n");
  ASSERT_EQ(post(kOne, "k").json()["sequence"], 1);
  const Reply reply = ask(service->url("/v1/purges"), {.token = "second", .body = kOne, .key = "k"});
  EXPECT_EQ(reply.json()["sequence"], 2) << reply.body;
}

TEST_F(BatchTest, AKeyHasBounds) {
  EXPECT_EQ(post(kOne, std::string(256, 'k')).status, 400);
  EXPECT_EQ(post(kOne, "caf\xc3\xa9").status, 400);
  EXPECT_EQ(post(kOne, std::string(255, 'k')).status, 202);
}

}  // namespace
}  // namespace purgeapi
