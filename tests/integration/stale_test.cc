// SPDX-License-Identifier: Apache-2.0
// Stale copies: when they stand in for an origin that fails, and what a revalidation does to them.
#include <atomic>
#include <chrono>

#include "tests/integration/edge_scene.h"

namespace harness {
namespace {

const std::pair<std::string, std::string> kWhileRevalidating{"Cache-Control",
                                                             "max-age=0, stale-while-revalidate=600"};
const std::pair<std::string, std::string> kIfError{"Cache-Control", "max-age=0, stale-if-error=600"};

class Stale : public EdgeScene {
 protected:
  /// Answers the first request with `stored` and has it stored; later ones get `next`.
  void store_then(const Reply& stored, const Reply& next) {
    origin_.answer("/a", [this, stored, next](const Seen&) { return asked_++ == 0 ? stored : next; });
    start();
    EXPECT_EQ(get("/a").body, "old");
    EXPECT_TRUE(settled());
  }

  std::atomic<int> asked_{0};
};

TEST_F(Stale, StandsInForAnOriginThatBreaksOffInItsHead) {
  store_then({.headers = {kIfError}, .body = "old"}, {.body = "new", .break_in_head = true});
  const Response response = get("/a");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "old");
  const std::string status = response.header("cache-status");
  EXPECT_TRUE(status.starts_with("selvage; fwd=stale; ")) << status;
  EXPECT_NE(status.find("detail="), std::string::npos) << status;
}

TEST_F(Stale, StandsInForAnErrorAndSaysWhich) {
  store_then({.headers = {kIfError}, .body = "old"}, {.status = 503, .body = "overloaded"});
  const Response response = get("/a");
  EXPECT_EQ(response.body, "old");
  const std::string status = response.header("cache-status");
  EXPECT_TRUE(status.starts_with("selvage; fwd=stale; fwd-status=503; ")) << status;
}

TEST_F(Stale, ARevalidationInTheBackgroundEndsWithTheHeadThatMayNotBeKept) {
  const auto never = std::make_shared<Gate>();
  Reply next{.headers = {{"Cache-Control", "private"}}, .body = "a private one", .chunked = true};
  next.body_gate = never;
  next.gate_at = 1;
  store_then({.headers = {kWhileRevalidating}, .body = "old"}, next);
  EXPECT_EQ(get("/a").body, "old");
  EXPECT_TRUE(wait_for_origin("/a", 2));
  EXPECT_TRUE(wait_until([&] { return edge_->metric("selvage_fills_abandoned_total") == 1; }));
  EXPECT_EQ(edge_->metric("selvage_fetches"), 0);
  // The copy is none that the origin would choose any more: who comes now is answered by the origin.
  origin_.answer("/a", Reply{.headers = {{"Cache-Control", "private"}}, .body = "another"});
  EXPECT_EQ(get("/a").body, "another");
  EXPECT_EQ(get("/a").body, "another");
  EXPECT_EQ(origin_.requests("/a"), 4U);
}

TEST_F(Stale, ARevalidationInTheBackgroundThatFailsIsNotRepeatedForEachHit) {
  store_then({.headers = {kWhileRevalidating}, .body = "old"}, {.status = 503, .body = "overloaded"});
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 40; ++i) EXPECT_EQ(get("/a").body, "old");  // the copy stays
  EXPECT_TRUE(settled());
  const auto took = std::chrono::ceil<std::chrono::seconds>(std::chrono::steady_clock::now() - begin);
  EXPECT_GE(origin_.requests("/a"), 2U);
  EXPECT_LE(origin_.requests("/a"), 2U + static_cast<std::size_t>(took.count()));  // one a second
}

TEST_F(Stale, ThePauseAfterAFailedRevalidationDoesNotKeepMissesApart) {
  const auto gate = std::make_shared<Gate>();
  options_.extra = "[fetch]\nretry_pause = \"1h\"\n";
  store_then({.headers = {kWhileRevalidating}, .body = "old"}, {.status = 503, .body = "overloaded"});
  EXPECT_EQ(get("/a").body, "old");
  EXPECT_TRUE(wait_for_origin("/a", 2));
  EXPECT_TRUE(settled());
  origin_.answer("/a", [gate](const Seen& seen) {
    Reply reply{.headers = {{"Cache-Control", "max-age=600"}}, .body = "new"};
    if (seen.method == "GET") reply.head_gate = gate;
    return reply;
  });
  EXPECT_EQ(perform(request("/a", {}, "POST")).status, 200);  // takes the copy away
  std::vector<std::unique_ptr<Download>> crowd;
  for (int i = 0; i < 10; ++i) crowd.push_back(ask("/a"));
  gate->open();
  for (const auto& one : crowd) EXPECT_EQ(one->result().body, "new");
  EXPECT_EQ(origin_.requests("/a"), 4U);
}

}  // namespace
}  // namespace harness
