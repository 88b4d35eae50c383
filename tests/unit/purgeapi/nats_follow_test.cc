// SPDX-License-Identifier: Apache-2.0
// Real followers of the stream itself, on a real nats-server.
#include <gtest/gtest.h>

#include <filesystem>

#include "purge/server/nats_log.h"
#include "tests/support/nats_server.h"
#include "tests/support/thread_executor.h"
#include "tests/unit/purgeapi/ears.h"
#include "tests/unit/purgeapi/service_rig.h"

namespace purgeapi {
namespace {

class NatsFollowTest : public testing::Test {
 protected:
  NatsFollowTest() { EXPECT_TRUE(server.start()) << server.output(); }

  void open(std::uint64_t keep_entries = 1'000'000) {
    log.reset();
    NatsLog::Options options{.access = {.servers = {server.url()}, .timeout = std::chrono::seconds(30)},
                             .publish_limit = std::chrono::minutes(1)};
    options.stream.entries_max = keep_entries;
    auto opened = NatsLog::open(options);
    ASSERT_TRUE(opened) << opened.error().text;
    log = std::move(*opened);
    log->listen(home, &ears);
  }
  TestNode node(const std::string& name) {
    return TestNode("", name, folder / name, "",
                    purge::Follower::Options::Nats{.access = {.servers = {server.url()}},
                                                   .stream = nats::StreamSettings{}.name});
  }
  // The log again, and a leaf node of its server.
  void open_with_leaf() {
    server.kill();
    server.wipe();
    leaf.leaf_of(server);
    ASSERT_TRUE(server.start()) << server.output();
    ASSERT_TRUE(leaf.start()) << leaf.output();
    open();
  }
  TestNode far_node() {
    return TestNode("", "far", folder / "far", "",
                    purge::Follower::Options::Nats{.access = {.servers = {leaf.url()}, .domain = "hub"},
                                                   .stream = nats::StreamSettings{}.name});
  }
  // The leaf node finds its server again by itself, a while after that is back; asked there.
  bool leaf_is_joined() {
    const std::string wanted = nats::Subjects(nats::StreamSettings{}.name).log;
    return support::wait_until(
        [&] { return ask(server.monitor_url() + "/leafz?subs=1").body.find(wanted) != std::string::npos; });
  }
  void purge_many(int count) {
    std::vector<std::future<base::Result<std::vector<Sequence>>>> waiting;
    for (int n = 0; n < count; ++n) {
      auto answer = std::make_shared<std::promise<base::Result<std::vector<Sequence>>>>();
      waiting.push_back(answer->get_future());
      log->append({.at_ms = ++now, .purges = {R"({"site":"www","tags":["t)" + std::to_string(n) + "\"]}"}},
                  home, [answer](auto got) { answer->set_value(std::move(got)); });
    }
    for (auto& one : waiting) ASSERT_TRUE(one.get());
  }

  // The stream as it is now, aside; and back.
  void save() {
    server.kill();
    std::filesystem::copy(folder / "nats/data", folder / "saved", std::filesystem::copy_options::recursive);
    ASSERT_TRUE(server.start());
  }
  void put_back() {
    server.kill();
    server.wipe();
    std::filesystem::rename(folder / "saved", folder / "nats/data");
    ASSERT_TRUE(server.start());
  }
  // After the stream lost entries 3 to 5, and maybe has others there.
  static bool starts_over(const TestNode& one) {
    return support::wait_until([&] { return one.state().resets == 1; }) &&
           one.verdict_of_tag("never purged", purge::make_stamp(1, 5)) == purge::Verdict::Dead;
  }

  support::TempFolder folder;
  support::NatsServer server{folder / "nats"};
  support::NatsServer leaf{folder / "leaf", "leaf"};  // started by open_with_leaf()
  // It outlives what is posted to `home`.
  Ears ears;
  support::ThreadExecutor home;
  std::unique_ptr<NatsLog> log{};
  std::int64_t now = 0;  ///< when purges are accepted
};

TEST_F(NatsFollowTest, TwoNodesApplyAllInOrderAndTheApiHearsOfThem) {
  open();
  purge_many(600);  // more than are asked for at once
  const TestNode one = node("one");
  const TestNode two = node("two");
  ASSERT_TRUE(one.applies(600));
  purge_many(50);
  for (const TestNode* each : {&one, &two}) {
    EXPECT_TRUE(each->applies(650));
    EXPECT_TRUE(each->catches_up());
    EXPECT_EQ(each->ledger.epoch(), 1);
    EXPECT_EQ(each->state().resets, 0u);
    EXPECT_EQ(each->verdict_of_tag("t49", purge::make_stamp(1, 600)), purge::Verdict::Dead);
    EXPECT_EQ(each->verdict_of_tag("t50", purge::make_stamp(1, 600)), purge::Verdict::Live);
  }
  EXPECT_TRUE(support::wait_until([&] { return ears.heard("one", 650) && ears.heard("two", 650); }));
}

TEST_F(NatsFollowTest, ANodeThatWasAwayCatchesUpAndSaysWhenItLeaves) {
  open();
  {
    const TestNode one = node("one");
    purge_many(3);
    ASSERT_TRUE(one.applies(3));
    EXPECT_TRUE(support::wait_until([&] { return ears.heard("one", 3); }));
  }
  EXPECT_TRUE(support::wait_until([&] { return ears.left("one"); }));
  purge_many(2000);
  const TestNode again = node("one");
  EXPECT_FALSE(again.fresh);
  EXPECT_TRUE(again.catches_up());
  EXPECT_TRUE(again.applies(2003));
  EXPECT_EQ(again.state().resets, 0u);
}

TEST_F(NatsFollowTest, ANodeKeepsItsPlaceWhenTheServerIsKilled) {
  open();
  const TestNode one = node("one");
  purge_many(3);
  ASSERT_TRUE(one.applies(3));
  server.kill();
  ASSERT_TRUE(server.start());
  purge_many(1);
  EXPECT_TRUE(one.applies(4));
  EXPECT_EQ(one.state().resets, 0u);
}

TEST_F(NatsFollowTest, ANodeMayFollowThroughALeafNode) {
  ASSERT_NO_FATAL_FAILURE(open_with_leaf());
  purge_many(300);
  const TestNode far = far_node();
  ASSERT_TRUE(far.applies(300));
  purge_many(10);
  EXPECT_TRUE(far.applies(310));
  EXPECT_EQ(far.state().resets, 0u);
  EXPECT_TRUE(support::wait_until([&] { return ears.heard("far", 310); }));
  leaf.kill();
  ASSERT_TRUE(leaf.start()) << leaf.output();
  purge_many(10);
  EXPECT_TRUE(far.applies(320));
}

TEST_F(NatsFollowTest, AStreamThatDoesNotReachBackMeansThatEverythingIsPurged) {
  open(10);
  {
    const TestNode one = node("one");
    purge_many(3);
    ASSERT_TRUE(one.applies(3));
  }
  purge_many(100);
  const TestNode again = node("one");
  EXPECT_TRUE(again.catches_up());
  EXPECT_EQ(again.state().resets, 1u);
  EXPECT_EQ(again.state().applied, 103u);
  EXPECT_EQ(again.verdict_of_tag("never purged", purge::make_stamp(1, 3)), purge::Verdict::Dead);
}

TEST_F(NatsFollowTest, AStreamThatIsMadeAnewMeansThatEverythingIsPurged) {
  open();
  const TestNode one = node("one");
  purge_many(5);
  ASSERT_TRUE(one.applies(5));
  server.kill();
  server.wipe();
  ASSERT_TRUE(server.start());
  open();
  EXPECT_TRUE(support::wait_until([&] { return one.state().resets == 1; }));
  purge_many(2);
  EXPECT_TRUE(support::wait_until([&] { return one.state().applied == 2; }));
  EXPECT_EQ(one.verdict_of_tag("never purged", purge::make_stamp(1, 5)), purge::Verdict::Dead);
}

TEST_F(NatsFollowTest, NumbersThatWereGivenAgainWhileANodeWasAwayMeanThatEverythingIsPurged) {
  open();
  purge_many(2);
  save();
  {
    const TestNode one = node("one");
    purge_many(3);
    ASSERT_TRUE(one.applies(5));
  }
  put_back();
  open();
  purge_many(4);
  const TestNode again = node("one");
  EXPECT_TRUE(starts_over(again));
  EXPECT_TRUE(again.catches_up());
  EXPECT_EQ(again.state().applied, 6u);
  purge_many(1);
  EXPECT_TRUE(again.applies(7));
  EXPECT_EQ(again.state().resets, 1u);
}

TEST_F(NatsFollowTest, NumbersThatAreGivenAgainBehindALeafNodeMeanThatEverythingIsPurged) {
  ASSERT_NO_FATAL_FAILURE(open_with_leaf());
  purge_many(2);
  save();
  const TestNode far = far_node();
  ASSERT_TRUE(far.applies(2));
  purge_many(3);
  ASSERT_TRUE(far.applies(5));
  // Entries that a beat has seen: what comes while the leaf is away does not reach the node.
  const auto heard = far.state().heard_ms.load();
  ASSERT_TRUE(support::wait_until([&] { return far.state().heard_ms > heard; }));
  put_back();
  open();
  purge_many(4);
  EXPECT_TRUE(starts_over(far));
}

TEST_F(NatsFollowTest, ANumberThatIsGivenAgainBetweenTwoBeatsIsNoticedAsItComes) {
  ASSERT_NO_FATAL_FAILURE(open_with_leaf());
  purge_many(2);
  save();
  const TestNode far = far_node();
  ASSERT_TRUE(far.applies(2));
  ASSERT_TRUE(leaf_is_joined());
  purge_many(3);
  ASSERT_TRUE(far.applies(5));
  put_back();
  open();
  ASSERT_TRUE(leaf_is_joined());
  purge_many(4);
  EXPECT_TRUE(starts_over(far));
}

TEST_F(NatsFollowTest, NobodyHearsOfANumberThatTheStreamMayHaveGivenAgain) {
  open();
  purge_many(2);
  save();
  const TestNode one = node("one");
  purge_many(3);
  ASSERT_TRUE(one.applies(5));
  ASSERT_TRUE(support::wait_until([&] { return ears.heard("one", 5); }));
  log.reset();
  put_back();
  ears.forget();
  open();
  purge_many(1);
  EXPECT_TRUE(support::wait_until([&] {
    std::ignore = NatsLog::open({.access = {.servers = {server.url()}}});  // says hello: who is there?
    return one.state().resets == 1;
  }));
  EXPECT_TRUE(support::wait_until([&] { return ears.heard("one", 3); }));
  EXPECT_FALSE(ears.heard("one", 5));
}

TEST_F(NatsFollowTest, ANodeThatDoesNotKnowWhichEntryItHasLastGoesOn) {
  open();
  purge_many(3);
  stand_at(folder / "one", {.sequence = 2, .log_id = log->log_id()});
  const TestNode one = node("one");
  EXPECT_TRUE(one.catches_up());
  EXPECT_EQ(one.state().applied, 3u);
  EXPECT_EQ(one.state().resets, 0u);
}

TEST_F(NatsFollowTest, ANodeWhoseEntryIsOlderThanTheStreamGoesOnFromTheOldest) {
  open(2);
  purge_many(4);
  ASSERT_TRUE(support::wait_until([&] { return log->bounds().oldest == 3; }));
  stand_at(folder / "one", {.sequence = 2, .log_id = log->log_id(), .digest = 1});
  const TestNode one = node("one");
  EXPECT_TRUE(one.catches_up());
  EXPECT_EQ(one.state().applied, 4u);
  EXPECT_EQ(one.state().resets, 0u);
}

TEST_F(NatsFollowTest, AnApiThatWasRestartedTellsItsNodesThatNumbersWereGivenAgain) {
  const std::string store =
      "engine = \"nats\"\npublish_timeout = \"1m\"\nservers = [\"" + server.url() + "\"]\n";
  std::optional<RunningService> service;
  const auto start = [&] {
    service.reset();
    service.emplace(folder.path(), "", 1000, "127.0.0.1:0", store);
  };
  const auto purges = [&](int count) {
    for (int n = 0; n < count; ++n) ASSERT_EQ(service->purge().status, 202);
  };
  start();
  purges(2);
  save();
  {
    const TestNode one(service->url(""), "one", folder / "one");
    purges(3);
    ASSERT_TRUE(one.applies(5));
  }
  for (int i = 0; i < 2; ++i) {  // as long as it is the same log nothing happens
    start();
    const TestNode one(service->url(""), "one", folder / "one");
    ASSERT_TRUE(one.catches_up());
    EXPECT_EQ(one.state().resets, 0u);
  }
  service.reset();
  put_back();
  start();
  purges(4);
  const TestNode again(service->url(""), "one", folder / "one");
  EXPECT_TRUE(starts_over(again));
  EXPECT_TRUE(again.catches_up());
  EXPECT_EQ(again.state().applied, 6u);
}

TEST_F(NatsFollowTest, AnApiWithoutWordOfTheStreamTurnsItsEdgesAway) {
  const RunningService service(folder.path(), "[limits]\nheartbeat = \"100ms\"\n", 1000, "127.0.0.1:0",
                               "engine = \"nats\"\nservers = [\"" + server.url() + "\"]\nsilence = \"2s\"\n");
  const TestNode one(service.url(""), "one", folder / "one");
  ASSERT_TRUE(one.connects());
  ASSERT_EQ(service.purge().status, 202);
  ASSERT_TRUE(one.applies(1));
  EXPECT_TRUE(support::wait_until([&] { return ask(service.admin_url("/readyz")).status == 200; }));
  server.kill();
  EXPECT_TRUE(support::wait_until([&] { return !one.state().connected; }));
  const Reply ready = ask(service.admin_url("/readyz"));
  EXPECT_EQ(ready.status, 503);
  EXPECT_NE(ready.body.find("silence"), std::string::npos) << ready.body;
  EXPECT_EQ(ask(service.url("/v1/log?node=two"), {.token = "edge"}).status, 503);
  ASSERT_TRUE(server.start());
  EXPECT_TRUE(one.connects());
  EXPECT_TRUE(support::wait_until([&] { return ask(service.admin_url("/readyz")).status == 200; }));
  EXPECT_EQ(one.state().resets, 0u);
}

TEST_F(NatsFollowTest, NumbersThatAreGivenAgainAreAnotherLog) {
  open();
  purge_many(2);
  const std::string before = log->log_id();
  save();
  purge_many(3);
  put_back();  // what was not yet on disk is lost
  EXPECT_TRUE(support::wait_until([&] {
    auto answer = std::make_shared<std::promise<void>>();
    auto future = answer->get_future();
    log->append({.at_ms = 1, .purges = {R"({"site":"www","tags":["new"]})"}}, home,
                [answer](auto) { answer->set_value(); });
    future.wait();
    return log->log_id() != before;
  }));
}

}  // namespace
}  // namespace purgeapi
