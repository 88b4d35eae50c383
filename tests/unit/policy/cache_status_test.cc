// SPDX-License-Identifier: Apache-2.0
#include "edge/policy/cache_status.h"

#include <gtest/gtest.h>

#include <set>

#include "edge/policy/structured_field.h"

namespace {

using policy::CacheStatus;
using policy::Outcome;
using std::chrono::seconds;

TEST(CacheStatusRfc9211_2, SaysWhatTheCacheDid) {
  const std::pair<CacheStatus, const char*> cases[] = {
      {{.outcome = Outcome::Hit, .ttl = seconds(30)}, "selvage; hit; ttl=30"},
      {{.outcome = Outcome::Hit}, "selvage; hit"},
      {{.outcome = Outcome::Stale, .ttl = seconds(-5)}, "selvage; hit; ttl=-5"},
      {{.outcome = Outcome::Stale, .ttl = seconds(-5), .fwd_status = 503, .forwarded = true},
       "selvage; fwd=stale; fwd-status=503; ttl=-5"},
      {{.outcome = Outcome::Stale, .ttl = seconds(-5), .forwarded = true, .detail = "timeout"},
       "selvage; fwd=stale; ttl=-5; detail=\"timeout\""},
      {{.outcome = Outcome::Revalidated, .ttl = seconds(60), .fwd_status = 304},
       "selvage; fwd=stale; fwd-status=304; ttl=60"},
      {{.outcome = Outcome::Miss, .fwd_status = 200, .stored = true},
       "selvage; fwd=uri-miss; fwd-status=200; stored"},
      {{.outcome = Outcome::Miss, .fwd_status = 200}, "selvage; fwd=uri-miss; fwd-status=200"},
      {{.outcome = Outcome::Expired, .fwd_status = 200, .stored = true},
       "selvage; fwd=stale; fwd-status=200; stored"},
      {{.outcome = Outcome::Collapsed}, "selvage; fwd=uri-miss; collapsed"},
      {{.outcome = Outcome::Miss, .collapsed = true}, "selvage; fwd=uri-miss; collapsed"},
      {{.outcome = Outcome::Pass, .fwd_status = 201}, "selvage; fwd=bypass; fwd-status=201"},
      {{.outcome = Outcome::Synthetic, .detail = "redirect"}, "selvage; detail=\"redirect\""},
      {{.outcome = Outcome::Synthetic}, "selvage"},
      {{.outcome = Outcome::Pass, .detail = "a\"b\\c\n\x80"}, "selvage; fwd=bypass; detail=\"a\\\"b\\\\c\""},
  };
  for (const auto& [status, expected] : cases) EXPECT_EQ(policy::format(status), expected);
}

TEST(CacheStatusRfc9211_2_2, SaysWhyTheRequestWentOn) {
  using policy::Forward;
  const std::pair<CacheStatus, const char*> cases[] = {
      {{.outcome = Outcome::Miss, .reason = Forward::VaryMiss}, "selvage; fwd=vary-miss"},
      {{.outcome = Outcome::Miss, .reason = Forward::UriMiss}, "selvage; fwd=uri-miss"},
      {{.outcome = Outcome::Miss, .reason = Forward::Miss}, "selvage; fwd=miss"},
      {{.outcome = Outcome::Miss, .reason = Forward::Partial}, "selvage; fwd=partial"},
      {{.outcome = Outcome::Collapsed, .reason = Forward::VaryMiss}, "selvage; fwd=vary-miss; collapsed"},
      {{.outcome = Outcome::Revalidated, .fwd_status = 304, .reason = Forward::Request},
       "selvage; fwd=request; fwd-status=304"},
      {{.outcome = Outcome::Expired, .reason = Forward::Stale}, "selvage; fwd=stale"},
      {{.outcome = Outcome::Pass, .reason = Forward::Method}, "selvage; fwd=method"},
      {{.outcome = Outcome::Pass, .reason = Forward::Bypass}, "selvage; fwd=bypass"},
      {{.outcome = Outcome::Pass, .reason = Forward::UriMiss}, "selvage; fwd=uri-miss"},
      // A hit is none that went on.
      {{.outcome = Outcome::Hit, .reason = Forward::Request}, "selvage; hit"},
      {{.outcome = Outcome::Stale, .reason = Forward::Request}, "selvage; hit"},
      {{.outcome = Outcome::Stale, .forwarded = true, .reason = Forward::Request}, "selvage; fwd=request"},
  };
  for (const auto& [status, expected] : cases) EXPECT_EQ(policy::format(status), expected);
}

TEST(CacheStatusRfc9211_2_7, TellsTheKeyIfAsked) {
  EXPECT_EQ(policy::format({.outcome = Outcome::Hit, .detail = "d", .key = "4:shop \"/a\""}),
            "selvage; hit; key=\"4:shop \\\"/a\\\"\"; detail=\"d\"");
}

TEST(CacheStatusRfc9211_2, IsAListInWhichOursIsTheLast) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "selvage; hit"},
      {"shield; fwd=uri-miss", "shield; fwd=uri-miss, selvage; hit"},
      {"a;hit, \"b c\";fwd=stale", "a;hit, \"b c\";fwd=stale, selvage; hit"},
      // What is no List would take ours with it.
      {"a;", "selvage; hit"},
      {"HIT from cache (1)", "selvage; hit"},
  };
  for (const auto& [upstream, expected] : cases) {
    EXPECT_EQ(policy::with_member(upstream, {.outcome = Outcome::Hit}), expected) << upstream;
  }
  for (const Outcome outcome :
       {Outcome::Hit, Outcome::Stale, Outcome::Miss, Outcome::Pass, Outcome::Synthetic}) {
    const CacheStatus status{.outcome = outcome,
                             .ttl = seconds(-1),
                             .fwd_status = 200,
                             .stored = true,
                             .collapsed = true,
                             .detail = "\"\\\n",
                             .key = "\x80\""};
    const auto list = policy::parse_list(policy::with_member("a;x=1", status));
    ASSERT_TRUE(list);
    EXPECT_EQ(list->size(), 2U);
  }
}

TEST(CacheStatusOutcome, NamesAreDistinct) {
  std::set<std::string> names;
  for (const Outcome outcome : {Outcome::Hit, Outcome::Stale, Outcome::Revalidated, Outcome::Miss,
                                Outcome::Expired, Outcome::Collapsed, Outcome::Pass, Outcome::Synthetic}) {
    names.insert(policy::name_of(outcome));
  }
  EXPECT_EQ(names.size(), 8U);
  EXPECT_STREQ(policy::name_of(Outcome::Hit), "hit");
}

}  // namespace
