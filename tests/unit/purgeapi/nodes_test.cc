// SPDX-License-Identifier: Apache-2.0
#include "purge/server/nodes.h"

#include <gtest/gtest.h>

#include <numeric>

#include "tests/support/manual_executor.h"

namespace purgeapi {
namespace {

using namespace std::chrono_literals;

class NodesTest : public testing::Test {
 protected:
  support::ManualClock clock;
  Nodes nodes{clock, {.nodes = 3, .recent_purges = 2}};
};

TEST_F(NodesTest, TellsHowLongEachNodeTook) {
  nodes.connected("a");
  nodes.connected("b");
  nodes.accepted(1);
  clock.advance(30ms);
  nodes.acknowledged("a", 1);
  const Progress progress = nodes.progress(1);
  ASSERT_EQ(progress.applied.size(), 1u);
  EXPECT_EQ(progress.applied[0].node, "a");
  EXPECT_EQ(progress.applied[0].ms, 30);
  EXPECT_EQ(progress.pending, std::vector<std::string>{"b"});
  EXPECT_TRUE(progress.away.empty());
  EXPECT_EQ(std::accumulate(nodes.times().counts.begin(), nodes.times().counts.end(), std::uint64_t{0}), 1u);
  EXPECT_DOUBLE_EQ(nodes.times().sum, 0.03);
}

TEST_F(NodesTest, LagIsTheAgeOfTheOldestThatIsMissing) {
  nodes.connected("a");
  const Node& node = nodes.all().at("a");
  EXPECT_EQ(nodes.lag(node, 0), 0ms);
  nodes.accepted(1);
  clock.advance(2s);
  nodes.accepted(2);
  clock.advance(1s);
  EXPECT_EQ(nodes.lag(node, 2), 3s);
  nodes.acknowledged("a", 1);
  EXPECT_EQ(nodes.lag(node, 2), 1s);
  nodes.acknowledged("a", 2);
  EXPECT_EQ(nodes.lag(node, 2), 0ms);
}

TEST_F(NodesTest, OneAcknowledgementStandsForAllBefore) {
  nodes.connected("a");
  for (Sequence n : {1, 2, 3}) nodes.accepted(n);
  clock.advance(5ms);
  nodes.acknowledged("a", 3);
  EXPECT_EQ(nodes.progress(2).applied.at(0).ms, 5);
  EXPECT_EQ(nodes.progress(3).applied.at(0).ms, 5);
  EXPECT_FALSE(nodes.progress(1).applied.at(0).ms) << "only two purges are remembered";
}

TEST_F(NodesTest, AnAcknowledgementSentAgainChangesNoTime) {
  nodes.connected("a");
  nodes.accepted(1);
  nodes.acknowledged("a", 1);
  clock.advance(1s);
  nodes.acknowledged("a", 1);
  EXPECT_EQ(nodes.progress(1).applied.at(0).ms, 0);
}

TEST_F(NodesTest, WhoIsSilentOrGoneIsAway) {
  nodes.connected("a");
  nodes.connected("b");
  nodes.accepted(1);
  nodes.disconnected("b");
  EXPECT_EQ(nodes.progress(1).pending, std::vector<std::string>{"a"});
  EXPECT_EQ(nodes.progress(1).away, std::vector<std::string>{"b"});
  clock.advance(16s);
  EXPECT_EQ(nodes.progress(1).away.size(), 2u);
  EXPECT_EQ(nodes.live_count(), 0u);
  nodes.acknowledged("a", 0);
  EXPECT_EQ(nodes.progress(1).pending, std::vector<std::string>{"a"});
}

TEST_F(NodesTest, ANodeThatReconnectsBeforeItsOldConnectionEndsStaysLive) {
  nodes.connected("a");
  nodes.connected("a");
  nodes.disconnected("a");
  EXPECT_EQ(nodes.live_count(), 1u);
}

TEST_F(NodesTest, TakesNoMoreThanAllowedButForgetsTheAbsentOnes) {
  for (const char* name : {"a", "b", "c"}) EXPECT_TRUE(nodes.connected(name));
  EXPECT_FALSE(nodes.connected("d"));
  EXPECT_FALSE(nodes.acknowledged("d", 1));
  nodes.disconnected("b");
  EXPECT_FALSE(nodes.connected("d"));
  clock.advance(25h);
  EXPECT_TRUE(nodes.connected("d"));
  EXPECT_FALSE(nodes.all().contains("b"));
}

TEST_F(NodesTest, ANodeOfBeforeTheStartIsAwayUntilItIsHeardOrForgotten) {
  std::vector<std::string> forgotten;
  nodes.on_keep([&](const std::string& name, const Node* node) {
    if (node == nullptr) forgotten.push_back(name);
    return true;
  });
  nodes.restore("a", 5, 0ms);
  nodes.restore("b", 5, 48h);
  nodes.forget_absent();  // the API was absent itself
  EXPECT_EQ(nodes.progress(5).applied.size(), 2u);
  EXPECT_EQ(nodes.progress(6).away, (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(nodes.progress(6).expected);
  EXPECT_FALSE(nodes.progress(6).complete());
  clock.advance(16s);
  nodes.forget_absent();
  EXPECT_EQ(forgotten, std::vector<std::string>{"b"});
  EXPECT_EQ(nodes.progress(6).away, std::vector<std::string>{"a"});
  EXPECT_FALSE(nodes.progress(6).expected);
  nodes.connected("a");
  nodes.acknowledged("a", 6);
  EXPECT_TRUE(nodes.progress(6).complete());
}

TEST_F(NodesTest, KeepsANameAtOnceAndItsPlaceNowAndThen) {
  std::vector<Sequence> kept;
  bool takes = false;
  nodes.on_keep([&](const std::string&, const Node* node) {
    if (takes) kept.push_back(node->applied);
    return takes;
  });
  nodes.connected("a");
  takes = true;
  nodes.acknowledged("a", 1);  // what was not taken is tried again
  nodes.acknowledged("a", 2);
  clock.advance(11s);
  nodes.acknowledged("a", 3);
  nodes.acknowledged("a", 1);  // it lost its place: that must not be missed
  clock.advance(11s);
  nodes.acknowledged("a", 1);
  EXPECT_EQ(kept, (std::vector<Sequence>{1, 3, 1}));
}

TEST_F(NodesTest, ANodeIsKnownUntilItIsForgottenForGood) {
  bool takes = false;
  nodes.on_keep([&](const std::string&, const Node*) { return takes; });
  for (const char* name : {"a", "b"}) {
    nodes.connected(name);
    nodes.disconnected(name);
  }
  EXPECT_EQ(nodes.retire("a"), Nodes::Retired::NotNow);
  clock.advance(25h);
  nodes.forget_absent();
  EXPECT_EQ(nodes.progress(1).away, (std::vector<std::string>{"a", "b"}));
  takes = true;
  EXPECT_EQ(nodes.retire("a"), Nodes::Retired::Done);
  EXPECT_EQ(nodes.progress(1).away, std::vector<std::string>{"b"});
  nodes.forget_absent();
  EXPECT_TRUE(nodes.all().empty());
}

TEST_F(NodesTest, OfAnotherLogNobodyHasAppliedAnything) {
  nodes.connected("a");
  nodes.accepted(1);
  nodes.acknowledged("a", 7);
  nodes.another_log();
  EXPECT_EQ(nodes.progress(1).pending, std::vector<std::string>{"a"});
  EXPECT_TRUE(nodes.awaits(1));
  nodes.acknowledged("a", 1);
  EXPECT_FALSE(nodes.awaits(1));
}

TEST_F(NodesTest, WhoBeginsToLeadGivesAllNodesTheTimeToCome) {
  nodes.restore("a", 5, 48h);
  clock.advance(1h);
  nodes.lead();
  nodes.forget_absent();
  clock.advance(16s);
  nodes.forget_absent();
  EXPECT_EQ(nodes.progress(6).away, std::vector<std::string>{"a"});
}

TEST_F(NodesTest, TellsOfEachChange) {
  int told = 0;
  nodes.on_changed([&] { ++told; });
  nodes.connected("a");
  nodes.acknowledged("a", 1);
  nodes.acknowledged("a", 1);  // is none
  nodes.disconnected("a");
  EXPECT_EQ(told, 3);
}

}  // namespace
}  // namespace purgeapi
