// SPDX-License-Identifier: Apache-2.0
// Real followers against the real service.
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <optional>
#include <thread>

#include "tests/support/own_port.h"
#include "tests/unit/purgeapi/service_rig.h"

namespace purgeapi {
namespace {

class FollowingTest : public testing::Test {
 protected:
  void start(std::uint64_t keep_entries = 1'000'000, const std::string& address = "127.0.0.1:0") {
    service.reset();
    service.emplace(folder.path(), "[limits]\nheartbeat = \"100ms\"\ndrain = \"20s\"\n", keep_entries,
                    address);
  }
  TestNode node(const std::string& name, const std::string& secret = "edge") {
    return TestNode(service->url(""), name, folder / name, secret);
  }
  // Puts the log back to how it was when `saved` was made.
  void put_back() {
    std::filesystem::remove_all(folder / "log");
    std::filesystem::copy(folder / "saved", folder / "log");
  }
  // The log as it is now, aside.
  void save() {
    service.reset();
    std::filesystem::copy(folder / "log", folder / "saved");
    start();
  }
  void purge_many(int count) {
    for (int i = 0; i < count; ++i) ASSERT_EQ(service->purge("", "t" + std::to_string(i)).status, 202);
  }

  std::string own_place() const { return "127.0.0.1:" + std::to_string(port.number()); }

  support::TempFolder folder;
  const support::OwnPort port;  // for services that come back where they were
  std::optional<RunningService> service;
};

TEST_F(FollowingTest, TwoNodesApplyAllInOrder) {
  start();
  purge_many(50);
  const TestNode one = node("one");
  const TestNode two = node("two");
  purge_many(50);
  for (const TestNode* each : {&one, &two}) {
    EXPECT_TRUE(each->fresh);
    EXPECT_TRUE(each->applies(100));
    EXPECT_TRUE(each->catches_up());
    EXPECT_EQ(each->ledger.epoch(), 1);
    EXPECT_EQ(each->state().resets, 0u);
    for (int i = 0; i < 50; ++i) {
      EXPECT_EQ(each->verdict_of_tag("t" + std::to_string(i), purge::make_stamp(1, 50)),
                purge::Verdict::Dead);
    }
  }
}

TEST_F(FollowingTest, ANodeThatWasAwayCatchesUpAfterItsRestart) {
  start();
  {
    const TestNode one = node("one");
    purge_many(3);
    ASSERT_TRUE(one.applies(3));
  }
  purge_many(200);
  const TestNode again = node("one");
  EXPECT_FALSE(again.fresh);
  EXPECT_TRUE(again.catches_up());
  EXPECT_EQ(again.state().applied, 203u);
  EXPECT_EQ(again.state().resets, 0u);
  EXPECT_EQ(again.verdict_of_tag("t7", purge::make_stamp(1, 3)), purge::Verdict::Dead);
}

TEST_F(FollowingTest, ANodeKeepsItsPlaceWhenTheApiRestarts) {
  start(1'000'000, own_place());
  const TestNode one = node("one");
  purge_many(3);
  ASSERT_TRUE(one.applies(3));
  start(1'000'000, own_place());
  purge_many(1);
  EXPECT_TRUE(one.applies(4));
  EXPECT_EQ(one.state().resets, 0u);
  EXPECT_GE(one.state().reconnects, 1u);
}

TEST_F(FollowingTest, ANodeThatIsNotBackAfterARestartOfTheApiIsAway) {
  start();
  {
    const TestNode one = node("one");
    purge_many(1);
    ASSERT_TRUE(one.applies(1));
  }
  start();
  const Reply without = service->purge("?wait=200ms");
  EXPECT_EQ(without.status, 202) << without.body;
  EXPECT_EQ(without.json()["away"], nlohmann::json({"one"}));
  EXPECT_EQ(without.json()["pending"], nlohmann::json::array());
  Reply with;
  std::thread waiter([&] { with = service->purge("?wait=50s"); });
  const TestNode again = node("one");
  waiter.join();
  EXPECT_EQ(with.status, 200) << with.body;
  EXPECT_EQ(again.state().resets, 0u);
}

TEST_F(FollowingTest, ANodeThatIsRetiredIsNotWaitedFor) {
  service.emplace(folder.path(), "[[token]]\nname = \"admin\"\nsha256 = \"" + base::hex(sha256("admin")) +
                                     "\"\nroles = [\"purge\"]\nsites = [\"*\"]\n");
  const auto retire = [&](const std::string& token) {
    return ask(service->url("/v1/nodes/one"), {.token = token, .method = "DELETE"});
  };
  EXPECT_EQ(retire("admin").status, 404);
  {
    const TestNode one = node("one");
    purge_many(1);
    ASSERT_TRUE(one.applies(1));
    EXPECT_EQ(retire("admin").code(), "conflict");
  }
  const TestNode two = node("two");
  ASSERT_TRUE(two.applies(1));
  EXPECT_EQ(retire("purger").status, 403);
  Reply waited;
  std::thread waiter([&] { waited = service->purge("?wait=50s"); });
  ASSERT_TRUE(two.applies(2));
  Reply retired;
  EXPECT_TRUE(support::wait_until([&] { return (retired = retire("admin")).status == 200; }));
  EXPECT_EQ(retired.json(), nlohmann::json({{"retired", "one"}}));
  waiter.join();
  EXPECT_EQ(waited.status, 200) << waited.body;
  EXPECT_EQ(retire("admin").status, 404);
  service.reset();
  start();
  EXPECT_EQ(service->purge("?wait=200ms").json()["away"], nlohmann::json::array({"two"}));
}

TEST_F(FollowingTest, ANodeThatIsSilentIsAwayAndNotWaitedForWithoutEnd) {
  service.emplace(folder.path(), "[limits]\nnode_silence = \"1s\"\n");
  const std::string log = service->url("/v1/log?after=0&node=mute");
  std::thread mute([&] { ask(log, {.token = "edge"}); });
  ASSERT_TRUE(support::wait_until([&] {
    return ask(service->url("/v1/nodes"), {.token = "reader"}).body.find("mute") != std::string::npos;
  }));
  const Reply reply = service->purge("?wait=60s");
  EXPECT_EQ(reply.status, 202) << reply.body;
  EXPECT_EQ(reply.json()["away"], nlohmann::json({"mute"}));
  EXPECT_EQ(reply.json()["pending"], nlohmann::json::array());
  service.reset();  // ends the log
  mute.join();
}

TEST_F(FollowingTest, ALogThatWasCutMeansThatEverythingIsPurged) {
  start(5);
  {
    const TestNode one = node("one");
    purge_many(2);
    ASSERT_TRUE(one.applies(2));
  }
  purge_many(20);  // entries 3 to 17 are forgotten
  const TestNode again = node("one");
  EXPECT_TRUE(again.catches_up());
  EXPECT_EQ(again.state().resets, 1u);
  EXPECT_EQ(again.ledger.epoch(), 2);
  EXPECT_EQ(again.state().applied, 22u);
  EXPECT_EQ(again.verdict_of_tag("never purged", purge::make_stamp(1, 2)), purge::Verdict::Dead);
  purge_many(1);
  EXPECT_TRUE(again.applies(23));
}

TEST_F(FollowingTest, AnotherLogMeansThatEverythingIsPurged) {
  start(1'000'000, own_place());
  const TestNode one = node("one");
  purge_many(2);
  ASSERT_TRUE(one.applies(2));
  service.reset();
  std::filesystem::remove_all(folder / "log");
  start(1'000'000, own_place());
  purge_many(9);
  EXPECT_TRUE(support::wait_until([&] { return one.state().resets == 1; }));
  EXPECT_TRUE(one.applies(9));
  EXPECT_EQ(one.ledger.epoch(), 2);
  EXPECT_EQ(one.verdict_of_tag("never purged", purge::make_stamp(1, 2)), purge::Verdict::Dead);
}

TEST_F(FollowingTest, ALogThatWasPutBackAndGaveNumbersAgainMeansThatEverythingIsPurged) {
  start();
  purge_many(2);
  save();
  {
    const TestNode one = node("one");
    purge_many(3);
    ASSERT_TRUE(one.applies(5));
  }
  service.reset();
  put_back();
  start();
  for (int i = 0; i < 4; ++i) ASSERT_EQ(service->purge("", "new" + std::to_string(i)).status, 202);
  const TestNode again = node("one");
  EXPECT_TRUE(again.catches_up());
  EXPECT_EQ(again.state().resets, 1u);
  EXPECT_EQ(again.state().applied, 6u);
  EXPECT_EQ(again.ledger.epoch(), 2);
  EXPECT_EQ(again.verdict_of_tag("new0", purge::make_stamp(1, 5)), purge::Verdict::Dead)
      << "it missed that one";
  purge_many(1);
  EXPECT_TRUE(again.applies(7));
  EXPECT_EQ(again.state().resets, 1u);
}

TEST_F(FollowingTest, ANodeGoesOnWhereItsEntryIsTheLogs) {
  start();
  {
    const TestNode one = node("one");
    purge_many(3);
    ASSERT_TRUE(one.applies(3));
  }
  save();  // with a new connection to it
  purge_many(2);
  for (int i = 0; i < 3; ++i) {
    const TestNode again = node("one");
    EXPECT_TRUE(again.catches_up());
    EXPECT_EQ(again.state().applied, 5u);
    EXPECT_EQ(again.state().resets, 0u);
    service.reset();
    start();
  }
}

TEST_F(FollowingTest, ANodeThatDoesNotKnowWhichEntryItHasLastGoesOn) {
  start();
  purge_many(3);
  const auto id = ask(service->url("/v1/nodes"), {.token = "reader"}).json()["log_id"].get<std::string>();
  stand_at(folder / "one", {.sequence = 2, .log_id = id});
  const TestNode one = node("one");
  EXPECT_TRUE(one.catches_up());
  EXPECT_EQ(one.state().applied, 3u);
  EXPECT_EQ(one.state().resets, 0u);
}

TEST_F(FollowingTest, ANodeWhoseEntryIsOlderThanTheLogGoesOnFromTheOldest) {
  start(2);
  purge_many(4);
  const auto log = ask(service->url("/v1/nodes"), {.token = "reader"}).json();
  const auto oldest = log["oldest"].get<purge::Sequence>();
  ASSERT_GT(oldest, 1u);
  stand_at(folder / "one", {.sequence = oldest - 1, .log_id = log["log_id"].get<std::string>(), .digest = 1});
  const TestNode one = node("one");
  EXPECT_TRUE(one.catches_up());
  EXPECT_EQ(one.state().resets, 0u);
}

TEST_F(FollowingTest, ATokenThatIsTakenAwayEndsTheLog) {
  start();
  const TestNode one = node("one");
  ASSERT_TRUE(one.connects());
  service->write_config("127.0.0.1:0", 1'000'000, "[limits]\nheartbeat = \"100ms\"\ndrain = \"20s\"\n",
                        "changed");
  service->signal(SIGHUP);
  EXPECT_TRUE(support::wait_until([&] { return !one.state().connected; }));
  const TestNode other = node("other", "changed");
  EXPECT_TRUE(other.connects());
  EXPECT_FALSE(one.state().connected);
}

TEST_F(FollowingTest, AFaultyConfigurationLeavesTheOldInForce) {
  start();
  service->write_config("127.0.0.1:0", 1'000'000, "[nonsense]\n", "changed");
  service->signal(SIGHUP);
  const TestNode one = node("one");  // with the old secret
  EXPECT_TRUE(one.connects());
}

TEST_F(FollowingTest, TheTermSignalEndsLogsAndWaits) {
  start();
  const TestNode one = node("one");
  ASSERT_TRUE(one.connects());
  const std::string log = service->url("/v1/log?after=0&node=mute");
  std::thread mute([&] { ask(log, {.token = "edge"}); });
  ASSERT_TRUE(support::wait_until([&] {
    return ask(service->url("/v1/nodes"), {.token = "reader"}).body.find("mute") != std::string::npos;
  }));
  Reply waited;
  std::thread waiter([&] { waited = service->purge("?wait=50s"); });
  ASSERT_TRUE(support::wait_until([&] {
    return ask(service->url("/v1/purges/1"), {.token = "reader"}).json()["pending"] ==
           nlohmann::json({"mute"});
  }));
  service->signal(SIGTERM);
  waiter.join();
  mute.join();
  EXPECT_EQ(waited.status, 202) << waited.body;
  EXPECT_EQ(waited.json()["pending"], nlohmann::json({"mute"}));
  service->stop();  // returns: it ended by itself
}

}  // namespace
}  // namespace purgeapi
