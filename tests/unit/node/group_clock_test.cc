// SPDX-License-Identifier: Apache-2.0
#include "edge/node/group_clock.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/support/heads.h"

namespace node {
namespace {

using support::at;

policy::StoredResponse asked_at(std::int64_t seconds, std::vector<std::string> groups) {
  policy::StoredResponse out;
  out.site = "shop";
  out.host = "www.example.com";
  out.request_time = at(seconds);
  out.groups = std::move(groups);
  return out;
}

TEST(GroupClockRfc9875_3, WhatWasAskedForUpToTheInvalidationIsDead) {
  GroupClock clock(at(0));
  clock.invalidate("shop", "www.example.com", "a", at(10));
  EXPECT_EQ(clock.verdict(asked_at(9, {"a"}), at(20)), GroupVerdict::Dead);
  EXPECT_EQ(clock.verdict(asked_at(10, {"b", "a"}), at(20)), GroupVerdict::Dead);
  EXPECT_EQ(clock.verdict(asked_at(11, {"a"}), at(20)), GroupVerdict::Live);
  EXPECT_EQ(clock.verdict(asked_at(9, {"b"}), at(20)), GroupVerdict::Live);
  EXPECT_EQ(clock.verdict(asked_at(9, {}), at(20)), GroupVerdict::Live);
  // A later one counts, an earlier one that comes late does not take it back.
  clock.invalidate("shop", "www.example.com", "a", at(15));
  clock.invalidate("shop", "www.example.com", "a", at(12));
  EXPECT_EQ(clock.verdict(asked_at(15, {"a"}), at(20)), GroupVerdict::Dead);
  EXPECT_EQ(clock.entries(), 1U);
}

TEST(GroupClockRfc9875_3, GroupsAreOfOneSiteAndHost) {
  GroupClock clock(at(0));
  clock.invalidate("shop", "www.example.com", "a", at(10));
  policy::StoredResponse other_host = asked_at(5, {"a"});
  other_host.host = "img.example.com";
  EXPECT_EQ(clock.verdict(other_host, at(20)), GroupVerdict::Live);
  policy::StoredResponse other_site = asked_at(5, {"a"});
  other_site.site = "blog";
  EXPECT_EQ(clock.verdict(other_site, at(20)), GroupVerdict::Live);
}

TEST(GroupClock, WhatIsOlderThanItsMemoryIsDoubtful) {
  GroupClock clock(at(0));
  EXPECT_EQ(clock.verdict(asked_at(0, {"a"}), at(20)), GroupVerdict::Doubtful);
  EXPECT_EQ(clock.verdict(asked_at(0, {}), at(20)), GroupVerdict::Live);
  EXPECT_EQ(clock.verdict(asked_at(1, {"a"}), at(20)), GroupVerdict::Live);
  EXPECT_EQ(clock.verdict(asked_at(30, {"a"}), at(20)), GroupVerdict::Doubtful);  // the clock was set back
}

TEST(GroupClock, IsBoundedByAFloor) {
  GroupClock clock(at(0), 100);
  for (int i = 1; i <= 1000; ++i) {
    clock.invalidate("shop", "www.example.com", std::to_string(i), at(i));
    ASSERT_LE(clock.entries(), 100U);
    for (int group = 1; group <= i; group += 37) {
      // Nothing that was invalidated is live again.
      EXPECT_NE(clock.verdict(asked_at(group, {std::to_string(group)}), at(2000)), GroupVerdict::Live);
    }
  }
  EXPECT_EQ(clock.verdict(asked_at(1001, {"1000"}), at(2000)), GroupVerdict::Live);
  EXPECT_EQ(clock.verdict(asked_at(1000, {"1000"}), at(2000)), GroupVerdict::Dead);
}

}  // namespace
}  // namespace node
