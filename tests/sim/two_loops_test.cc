// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <chrono>
#include <utility>

#include "edge/node/config.h"
#include "edge/node/context.h"
#include "edge/node/decoded.h"
#include "edge/node/fills.h"
#include "edge/node/request.h"
#include "tests/sim/sim_disk.h"
#include "tests/sim/sim_origin.h"
#include "tests/sim/sim_visit.h"
#include "tests/support/heads.h"
#include "tests/support/manual_executor.h"

namespace sim {
namespace {

using namespace std::chrono_literals;

std::shared_ptr<node::Config> one_site() {
  auto config = std::make_shared<node::Config>();
  auto origin = std::make_shared<node::Origin>();
  origin->url = "http://origin.test";
  origin->server = std::make_shared<http::ServerOptions>();
  auto site = std::make_shared<node::Site>();
  site->name = "s";
  site->hosts = {"a.test"};
  site->origin = origin;
  site->rules.push_back(
      {.path = "/ruled",
       .ttl = {.bypass_cookies = {"session"}, .strip_request = {"cookie"}, .strip_response = {"x-version"}}});
  config->sites.add("a.test", site);
  config->node = "edge";
  config->fetch.fill_window_bytes = 128 * 1024;
  config->fetch.fill_total_bytes = 256 * 1024;
  config->fetch.pass_window_bytes = 64 * 1024;
  config->fetch.finish_bytes = 100'000;
  return config;
}

/// Two loops of an edge, with what both share.
class TwoLoops : public testing::Test {
 protected:
  struct Loop {
    explicit Loop(TwoLoops& test) : Loop(test, test.shared_) {}
    Loop(TwoLoops& test, node::Shared& shared)
        : executor(test.clock_),
          client(test.origin_, executor, test.random_),
          context{shared, executor, client, fills, counters, one_site()},
          fills(context),
          maker(context) {}
    support::ManualExecutor executor;
    SimClient client;
    node::LoopCounters counters{};
    node::Context context;
    node::Fills fills;
    node::RequestMaker maker;
  };

  std::unique_ptr<Visit> begin(Loop& loop, const std::string& method, const std::string& target = "/p",
                               http::Fields fields = {}) {
    http::RequestHead head;
    head.method = method;
    head.scheme = "https";
    head.authority = "a.test";
    head.target = target;
    head.fields = std::move(fields);
    auto visit = std::make_unique<Visit>(loop.executor, random_, head);
    visit->begin(loop.maker);
    return visit;
  }
  void finish(Loop& loop, const Visit& visit) {
    for (int i = 0; i < 1000 && !visit.over(); ++i) loop.executor.advance(100ms);
    ASSERT_TRUE(visit.complete());
    ASSERT_EQ(visit.response()->status, 200);
    loop.executor.advance(100ms);  // for the fill's end
  }

  support::ManualClock clock_{};
  base::Random random_{1};
  Platter platter_{};
  SimOrigin origin_{.contents = {{"/p", {}}}};
  SimDisk disk_{platter_, random_, &node::decode_object, {}};
  store::Admission admission_{disk_, {}};
  store::MemoryTier memory_{{.budget_bytes = 8 << 20}};
  std::atomic<std::uint64_t> fill_bytes_{0};
  fetch::FetchTable fetches_{};
  fetch::PassMarks marks_{100};
  node::VariantLists variants_{100};
  fetch::PassMarks pauses_{100};
  purge::Ledger ledger_{[](std::string_view, std::string_view url) { return policy::normal_url({}, url); }};
  node::GroupClock groups_{base::Wall::min()};
  node::Shared shared_{.memory = memory_,
                       .disk = disk_,
                       .admission = admission_,
                       .fetches = fetches_,
                       .pass_marks = marks_,
                       .variants = variants_,
                       .retry_pauses = pauses_,
                       .ledger = ledger_,
                       .groups = groups_,
                       .fill_bytes = fill_bytes_,
                       .distrust = [] { return false; }};
  Loop one_{*this};
  Loop other_{*this};
};

/// What one loop does while the other waits for the disk.
using LateRead = TwoLoops;

TEST_F(LateRead, DoesNotBringBackWhatAnUnsafeRequestInvalidated) {
  finish(one_, *begin(one_, "GET"));
  ASSERT_EQ(platter_.objects.size(), 1U);
  memory_.erase(platter_.objects.begin()->first);
  const auto reading = begin(one_, "GET");  // from disk: its answer waits for its loop
  finish(other_, *begin(other_, "POST"));
  ASSERT_TRUE(platter_.objects.empty());
  finish(one_, *reading);
  EXPECT_EQ(memory_.use().objects, 0U);
}

TEST_F(LateRead, IsKeptInMemoryIfNothingHappened) {
  finish(one_, *begin(one_, "GET"));
  memory_.erase(platter_.objects.begin()->first);
  finish(one_, *begin(one_, "GET"));
  EXPECT_EQ(memory_.use().objects, 1U);
}

using SiteRule = TwoLoops;

TEST_F(SiteRule, KeepsFieldsFromTheOriginAndFromTheClient) {
  origin_.contents["/ruled"] = {.personal = true};
  const auto one = begin(one_, "GET", "/ruled", support::fields({{"cookie", "a=1"}}));
  finish(one_, *one);
  EXPECT_EQ(one->response()->fields.get("x-encoding"), "");
  EXPECT_FALSE(one->response()->fields.has("x-version"));
  finish(other_, *begin(other_, "GET", "/ruled", support::fields({{"cookie", "a=2"}})));
  EXPECT_EQ(origin_.requests, 1U);
}

TEST_F(SiteRule, PassesRequestsWithACookie) {
  origin_.contents["/ruled"] = {.personal = true};
  finish(one_, *begin(one_, "GET", "/ruled"));
  for (unsigned asked = 2; asked < 4; ++asked) {
    const auto visit = begin(one_, "GET", "/ruled", support::fields({{"cookie", "a=1; session=2"}}));
    finish(one_, *visit);
    EXPECT_EQ(origin_.requests, asked);
    EXPECT_EQ(visit->response()->fields.get("x-encoding"), "a=1; session=2");
    EXPECT_TRUE(visit->response()->fields.has("x-version"));
  }
  finish(one_, *begin(one_, "GET", "/ruled"));
  EXPECT_EQ(origin_.requests, 3U);
}

using CdnLoop = TwoLoops;

TEST_F(CdnLoop, EndsHere) {
  const auto visit = begin(one_, "GET", "/p", support::fields({{"cdn-loop", "other, selvage-edge"}}));
  for (int i = 0; i < 1000 && !visit->over(); ++i) one_.executor.advance(100ms);
  EXPECT_EQ(visit->response()->status, 508);
  EXPECT_EQ(origin_.requests, 0U);
  finish(one_, *begin(one_, "GET", "/p", support::fields({{"cdn-loop", "other"}})));
}

using CacheStatus = TwoLoops;

TEST_F(CacheStatus, SaysWhyTheRequestWentOn) {
  const auto status_of = [&](const char* method, const char* target, http::Fields fields = {}) {
    const auto visit = begin(one_, method, target, std::move(fields));
    finish(one_, *visit);
    return visit->response()->fields.combined("cache-status");
  };
  origin_.contents["/ruled"] = {};
  origin_.contents["/varies"] = {.varies = true};
  EXPECT_EQ(status_of("GET", "/p"), "selvage; fwd=uri-miss; fwd-status=200; stored");
  EXPECT_EQ(status_of("GET", "/p"), "selvage; hit; ttl=60");
  EXPECT_TRUE(status_of("GET", "/p", support::fields({{"cache-control", "no-cache"}}))
                  .starts_with("selvage; fwd=request; fwd-status=304; stored"));
  EXPECT_EQ(status_of("POST", "/p"), "selvage; fwd=method; fwd-status=200");
  EXPECT_EQ(status_of("GET", "/ruled", support::fields({{"cookie", "session=1"}})),
            "selvage; fwd=bypass; fwd-status=200");
  EXPECT_EQ(status_of("GET", "/varies"), "selvage; fwd=uri-miss; fwd-status=200; stored");
  EXPECT_EQ(status_of("GET", "/varies", support::fields({{"accept-encoding", "br"}})),
            "selvage; fwd=vary-miss; fwd-status=200; stored");
  one_.executor.advance(2min);
  EXPECT_TRUE(status_of("GET", "/varies").starts_with("selvage; fwd=stale; fwd-status=304; stored"));
}

using Invalidation = TwoLoops;

TEST_F(Invalidation, OfAGroupReachesWhatBelongsToIt) {
  origin_.contents["/p"].groups = "\"g\", \"h\"";
  origin_.contents["/other"] = {.groups = "\"h\""};
  origin_.contents["/form"] = {.invalidates = "\"g\""};
  finish(one_, *begin(one_, "GET"));
  finish(one_, *begin(one_, "GET", "/other"));
  finish(other_, *begin(other_, "POST", "/form"));
  ASSERT_EQ(origin_.requests, 3U);
  finish(one_, *begin(one_, "GET", "/other"));
  EXPECT_EQ(origin_.requests, 3U);
  finish(one_, *begin(one_, "GET"));
  EXPECT_EQ(origin_.requests, 4U);
  EXPECT_EQ(origin_.not_modified, 0U);  // gone, and not merely stale
  finish(other_, *begin(other_, "GET"));
  EXPECT_EQ(origin_.requests, 4U);
}

TEST_F(Invalidation, OfAGroupReachesWhatWasUnderWay) {
  origin_.contents["/p"].groups = "\"g\"";
  origin_.contents["/form"] = {.invalidates = "\"g\""};
  const auto before = begin(one_, "GET");
  finish(other_, *begin(other_, "POST", "/form"));
  finish(one_, *before);
  ASSERT_EQ(origin_.requests, 2U);
  finish(one_, *begin(one_, "GET"));
  EXPECT_EQ(origin_.requests, 3U);
}

TEST_F(Invalidation, ReachesTheLocationOfTheAnswer) {
  origin_.contents["/form"] = {.location = "https://a.test/p"};
  finish(one_, *begin(one_, "GET"));
  finish(other_, *begin(other_, "POST", "/form"));
  EXPECT_TRUE(platter_.objects.empty());
  EXPECT_EQ(memory_.use().objects, 0U);
}

TEST_F(Invalidation, ForgottenInARestartMeansAValidation) {
  origin_.contents["/p"].groups = "\"g\"";
  finish(one_, *begin(one_, "GET"));
  node::GroupClock later(clock_.wall());
  node::Shared restarted{.memory = memory_,
                         .disk = disk_,
                         .admission = admission_,
                         .fetches = fetches_,
                         .pass_marks = marks_,
                         .variants = variants_,
                         .retry_pauses = pauses_,
                         .ledger = ledger_,
                         .groups = later,
                         .fill_bytes = fill_bytes_,
                         .distrust = [] { return false; }};
  Loop loop(*this, restarted);
  loop.executor.advance(1ms);
  finish(loop, *begin(loop, "GET"));
  EXPECT_EQ(origin_.not_modified, 1U);
  finish(loop, *begin(loop, "GET"));
  EXPECT_EQ(origin_.requests, 2U);
}

using HotChunks = TwoLoops;

TEST_F(HotChunks, OfALargeBodyStayInMemoryWhetherTheyCameFromTheOriginOrFromDisk) {
  origin_.contents["/p"].bytes = 300'000;
  finish(one_, *begin(one_, "GET"));
  const auto on_disk = std::exchange(platter_.chunks, {});
  ASSERT_EQ(on_disk.size(), 5U);
  finish(other_, *begin(other_, "GET"));  // of the chunks that the fill has left
  memory_.set_budget(0);
  memory_.set_budget(8 << 20);
  platter_.chunks = on_disk;
  finish(one_, *begin(one_, "GET"));
  platter_.chunks.clear();
  finish(other_, *begin(other_, "GET"));  // of those that were read
  EXPECT_EQ(origin_.requests, 1U);
}

using PurgedObject = TwoLoops;

TEST_F(PurgedObject, LeavesBothTiersWhenItIsAskedFor) {
  finish(one_, *begin(one_, "GET"));
  ASSERT_EQ(memory_.use().objects, 1U);
  ASSERT_EQ(platter_.objects.size(), 1U);
  ledger_.apply(1, {.site = "s", .kind = purge::Kind::Urls, .names = {"https://a.test/p"}});
  origin_.contents["/p"].cache_control = "no-store";  // so that nothing takes its place
  finish(other_, *begin(other_, "GET"));
  EXPECT_EQ(memory_.use().objects, 0U);
  EXPECT_TRUE(platter_.objects.empty());
}

}  // namespace
}  // namespace sim
