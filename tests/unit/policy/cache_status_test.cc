// SPDX-License-Identifier: Apache-2.0
#include "edge/policy/cache_status.h"

#include <gtest/gtest.h>

#include <set>

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
