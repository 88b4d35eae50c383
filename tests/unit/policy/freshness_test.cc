// SPDX-License-Identifier: Apache-2.0
#include "edge/policy/freshness.h"

#include <gtest/gtest.h>

#include "tests/support/heads.h"

namespace {

using policy::CacheControl;
using policy::Situation;
using policy::StoredResponse;
using policy::TtlRule;
using policy::Use;
using std::chrono::seconds;
using support::at;
using support::date;

constexpr std::int64_t kHour = 3600;
constexpr std::int64_t kDay = 24 * kHour;

std::int64_t lifetime_of(const http::ResponseHead& head, const TtlRule& rule = {}) {
  return policy::lifetime(head, policy::response_directives(head.fields), rule, at(0)).count();
}

struct LifetimeCase {
  const char* what;
  http::ResponseHead head;
  std::int64_t expected;
};

TEST(LifetimeRfc9111_4_2_1, ExplicitInOrderOfPrecedence) {
  const std::string now = date(0);
  const std::string hour = date(kHour);
  const std::string past = date(-kDay);
  const LifetimeCase cases[] = {
      {"s-maxage over all",
       support::response(200, {{"cache-control", "max-age=1, s-maxage=60"}, {"expires", hour}}), 60},
      {"s-maxage may be shorter", support::response(200, {{"cache-control", "max-age=60, s-maxage=1"}}), 1},
      {"on several lines",
       support::response(200, {{"cache-control", "max-age=60"}, {"cache-control", "s-maxage=1"}}), 1},
      {"max-age over Expires", support::response(200, {{"cache-control", "max-age=60"}, {"expires", past}}),
       60},
      {"max-age over bad Expires",
       support::response(200, {{"cache-control", "max-age=60"}, {"expires", "0"}}), 60},
      {"max-age=0 over Expires", support::response(200, {{"cache-control", "max-age=0"}, {"expires", hour}}),
       0},
      {"Expires minus Date", support::response(200, {{"expires", hour}, {"date", now}}), kHour},
      {"Expires without Date", support::response(200, {{"expires", hour}}), kHour},
      {"Expires with a bad Date", support::response(200, {{"expires", hour}, {"date", "yesterday"}}), kHour},
      {"both clocks fast", support::response(200, {{"expires", date(300)}, {"date", date(400)}}), 0},
      {"Date slow", support::response(200, {{"expires", date(300)}, {"date", date(-100)}}), 400},
      {"Expires now", support::response(200, {{"expires", now}, {"date", now}}), 0},
      {"Expires past", support::response(200, {{"expires", past}, {"date", now}}), 0},
      {"any status", support::response(599, {{"cache-control", "max-age=60"}}), 60},
      {"far future", support::response(200, {{"expires", "Sun, 21 Nov 2286 04:46:39 GMT"}}),
       std::int64_t{1} << 31},
      {"largest", support::response(200, {{"cache-control", "max-age=99999999999"}}), std::int64_t{1} << 31},
      {"quoted text is not a directive",
       support::response(200, {{"cache-control", "x=\"max-age=60\", max-age=1"}}), 1},
  };
  for (const LifetimeCase& c : cases) EXPECT_EQ(lifetime_of(c.head), c.expected) << c.what;
}

TEST(LifetimeRfc9111_5_3, InvalidExpiresIsExpiredAndEndsTheHeuristic) {
  const std::string old = date(-100 * kDay);
  for (const char* bad :
       {"0", "-1", "", "Thu, 18 Aug 2050 02:01:18 UTC", "Thu 18 Aug 2050 02:01:18 GMT", "soon"}) {
    EXPECT_EQ(lifetime_of(support::response(200, {{"expires", bad}, {"last-modified", old}})), 0) << bad;
  }
  const std::string hour = date(kHour);
  const std::string two = date(2 * kHour);
  EXPECT_EQ(lifetime_of(support::response(200, {{"expires", hour}, {"expires", hour}})), kHour);
  EXPECT_EQ(lifetime_of(support::response(200, {{"expires", hour}, {"expires", two}})), 0);
}

TEST(LifetimeRfc9111_4_2_2, HeuristicIsATenthOfTheAgeAtMostADay) {
  const std::string now = date(0);
  const std::string day_old = date(-kDay);
  const LifetimeCase cases[] = {
      {"a tenth", support::response(200, {{"date", now}, {"last-modified", day_old}}), kDay / 10},
      {"without Date", support::response(200, {{"last-modified", day_old}}), kDay / 10},
      {"at most a day", support::response(200, {{"last-modified", date(-1000 * kDay)}}), kDay},
      {"modified in the future", support::response(200, {{"last-modified", date(kDay)}}), 0},
      {"unreadable", support::response(200, {{"last-modified", "long ago"}}), 0},
      {"none", support::response(200, {{"date", now}}), 0},
      {"a cookie", support::response(200, {{"last-modified", day_old}, {"set-cookie", "a=b"}}), 0},
      {"a cookie, but public",
       support::response(200,
                         {{"last-modified", day_old}, {"set-cookie", "a=b"}, {"cache-control", "public"}}),
       kDay / 10},
      {"Pragma means nothing", support::response(200, {{"last-modified", day_old}, {"pragma", "no-cache"}}),
       kDay / 10},
      {"the first millennium", support::response(200, {{"last-modified", "Mon, 01 Jan 0001 00:00:00 GMT"}}),
       kDay},
  };
  for (const LifetimeCase& c : cases) EXPECT_EQ(lifetime_of(c.head), c.expected) << c.what;
}

TEST(LifetimeRfc9110_15_1, HeuristicOnlyForStatusesThatAllowIt) {
  const std::string old = date(-kDay);
  for (const int status : {200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501}) {
    EXPECT_EQ(lifetime_of(support::response(status, {{"last-modified", old}})), kDay / 10) << status;
  }
  for (const int status : {201, 202, 206, 302, 303, 307, 400, 403, 500, 502, 503, 504, 599}) {
    EXPECT_EQ(lifetime_of(support::response(status, {{"last-modified", old}})), 0) << status;
    EXPECT_EQ(lifetime_of(support::response(status, {{"last-modified", old}, {"cache-control", "public"}})),
              kDay / 10)
        << status;
  }
}

TEST(LifetimeRule, ChangesWhatTheResponseSays) {
  const http::ResponseHead silent = support::response(200, {});
  const http::ResponseHead minute = support::response(200, {{"cache-control", "max-age=60"}});
  const std::string old = date(-kDay);
  const http::ResponseHead guessed = support::response(200, {{"last-modified", old}});
  EXPECT_EQ(lifetime_of(silent, {.default_ttl = seconds(30)}), 30);
  EXPECT_EQ(lifetime_of(minute, {.default_ttl = seconds(30)}), 60);
  EXPECT_EQ(lifetime_of(guessed, {.default_ttl = seconds(30)}), 30);
  EXPECT_EQ(lifetime_of(minute, {.ttl = seconds(5)}), 5);
  EXPECT_EQ(lifetime_of(minute, {.min_ttl = seconds(100)}), 100);
  EXPECT_EQ(lifetime_of(minute, {.max_ttl = seconds(10)}), 10);
  EXPECT_EQ(lifetime_of(minute, {.ttl = seconds(500), .max_ttl = seconds(100)}), 100);
  EXPECT_EQ(lifetime_of(minute, {.ttl = seconds(-5)}), 0);
}

TEST(LifetimeRule, LengthensNoErrorAndSharesNoCookie) {
  const TtlRule rule{.ttl = seconds(500), .default_ttl = seconds(500), .min_ttl = seconds(500)};
  for (const int status : {302, 404, 410, 500, 503}) {
    EXPECT_EQ(lifetime_of(support::response(status, {}), rule), 0) << status;
    EXPECT_EQ(lifetime_of(support::response(status, {{"cache-control", "max-age=5"}}), rule), 5) << status;
  }
  EXPECT_EQ(lifetime_of(support::response(200, {{"set-cookie", "a=b"}}), rule), 0);
  EXPECT_EQ(
      lifetime_of(support::response(200, {{"set-cookie", "a=b"}, {"cache-control", "max-age=5"}}), rule),
      5);
  EXPECT_EQ(lifetime_of(support::response(200, {{"set-cookie", "a=b"}, {"cache-control", "s-maxage=5"}}), rule), 500);
  EXPECT_EQ(lifetime_of(support::response(503, {{"cache-control", "max-age=50"}}), {.max_ttl = seconds(10)}),
            10);
}

struct AgeCase {
  const char* what;
  http::Fields fields;
  std::int64_t requested;  // relative to the arrival of the response
  std::int64_t expected;
};

TEST(AgeRfc9111_4_2_3, InitialAgeIsTheLargerOfApparentAndCorrected) {
  const AgeCase cases[] = {
      {"no field", support::fields({}), 0, 0},
      {"no field, slow answer", support::fields({}), -7, 7},
      {"Date now", support::fields({{"date", date(0)}}), 0, 0},
      {"Date in the past", support::fields({{"date", date(-30)}}), 0, 30},
      {"Date in the future", support::fields({{"date", date(30)}}), 0, 0},
      {"Date unreadable", support::fields({{"date", "x"}}), 0, 0},
      {"Age", support::fields({{"age", "30"}}), 0, 30},
      {"Age and a slow answer", support::fields({{"age", "30"}}), -7, 37},
      {"apparent larger", support::fields({{"age", "30"}, {"date", date(-50)}}), -7, 50},
      {"corrected larger", support::fields({{"age", "30"}, {"date", date(-20)}}), 0, 30},
      {"request after response: the clock was set back", support::fields({{"age", "30"}}), 9, 30},
  };
  for (const AgeCase& c : cases) {
    EXPECT_EQ(policy::initial_age(c.fields, at(c.requested), at(0)).count(), c.expected) << c.what;
  }
}

TEST(AgeRfc9111_5_1, UnreadableAgeIsIgnoredAndTheFirstMemberCounts) {
  const AgeCase cases[] = {
      {"letters", support::fields({{"age", "abc"}}), 0, 0},
      {"negative", support::fields({{"age", "-7200"}}), 0, 0},
      {"float", support::fields({{"age", "7200.0"}}), 0, 0},
      {"parameter", support::fields({{"age", "7200;foo=bar"}}), 0, 0},
      {"empty", support::fields({{"age", ""}}), 0, 0},
      {"old, 0", support::fields({{"age", "7200, 0"}}), 0, 7200},
      {"0, old", support::fields({{"age", "0, 7200"}}), 0, 0},
      {"two lines, old first", support::fields({{"age", "7200"}, {"age", "0"}}), 0, 7200},
      {"two lines, 0 first", support::fields({{"age", "0"}, {"age", "7200"}}), 0, 0},
      {"2^31 - 1", support::fields({{"age", "2147483647"}}), 0, 2147483647},
      {"2^31", support::fields({{"age", "2147483648"}}), 0, 2147483648},
      {"2^31 + 1", support::fields({{"age", "2147483649"}}), 0, 2147483648},
      {"beyond 64 bits", support::fields({{"age", "99999999999999999999999"}}), 0, 2147483648},
  };
  for (const AgeCase& c : cases) {
    EXPECT_EQ(policy::initial_age(c.fields, at(c.requested), at(0)).count(), c.expected) << c.what;
  }
}

StoredResponse stored_with(std::int64_t lifetime, std::int64_t initial_age = 0) {
  StoredResponse out;
  out.request_time = at(0);
  out.response_time = at(0);
  out.lifetime = seconds(lifetime);
  out.initial_age = seconds(initial_age);
  return out;
}

TEST(AgeRfc9111_4_2_3, CurrentAgeGrowsWithTheStayAndNeverShrinks) {
  const StoredResponse stored = stored_with(100, 30);
  EXPECT_EQ(policy::current_age(stored, at(0)).count(), 30);
  EXPECT_EQ(policy::current_age(stored, at(12)).count(), 42);
  EXPECT_EQ(policy::current_age(stored, at(-500)).count(), 30);
  EXPECT_EQ(policy::remaining(stored, at(12)).count(), 58);
  EXPECT_EQ(policy::remaining(stored, at(100)).count(), -30);
  EXPECT_EQ(policy::current_age(stored_with(1, std::int64_t{1} << 31), base::Wall::max()).count(),
            std::int64_t{1} << 31);
}

struct JudgeCase {
  const char* what;
  std::int64_t now;
  const char* request;  // Cache-Control
  Use expected;
  Situation situation{};
};

void judge_all(const StoredResponse& stored, std::initializer_list<JudgeCase> cases) {
  for (const JudgeCase& c : cases) {
    const CacheControl request = policy::parse_cache_control_text(c.request);
    EXPECT_EQ(policy::judge(stored, request, at(c.now), c.situation), c.expected) << c.what;
  }
}

StoredResponse with_etag(StoredResponse stored) {
  stored.fields.add("etag", "\"a\"");
  return stored;
}

TEST(JudgeRfc9111_4_2, FreshUntilItsLifetimeIsOver) {
  judge_all(with_etag(stored_with(100, 10)), {
                                                 {"fresh", 0, "", Use::Fresh},
                                                 {"last second", 89, "", Use::Fresh},
                                                 {"over", 90, "", Use::Revalidate},
                                                 {"never fresh after being set back", -5, "", Use::Fresh},
                                             });
  judge_all(stored_with(100), {{"no validator", 100, "", Use::Fetch}});
  judge_all(with_etag(stored_with(0)), {{"no lifetime", 0, "", Use::Revalidate},
                                        {"not for max-stale either", 0, "max-stale", Use::Revalidate}});
  StoredResponse dated = stored_with(0);
  dated.fields.add("last-modified", date(-50));
  judge_all(dated, {{"Last-Modified is a validator", 0, "", Use::Revalidate}});
}

TEST(JudgeRfc9111_4, WhoWaitedSharesWhatMayBeReused) {
  const Situation waited{.waited = true};
  StoredResponse slow = with_etag(stored_with(2, 5));  // five seconds under way
  slow.request_time = at(-5);
  judge_all(slow, {
                      {"came later", 0, "", Use::Revalidate},
                      {"waited", 0, "", Use::Fresh, waited},
                      {"waited, and was told late", 9, "", Use::Fresh, waited},
                      {"a reload", 0, "max-age=0", Use::Fresh, waited},
                      {"wants more", 0, "min-fresh=3", Use::Revalidate, waited},
                      {"wants its own", 0, "no-cache", Use::Revalidate, waited},
                  });
  judge_all(with_etag(stored_with(2, 5)), {{"stale when it was sent", 0, "", Use::Revalidate, waited}});
  judge_all(with_etag(stored_with(0)),
            {{"without lifetime", 0, "", Use::Revalidate, waited},
             {"a client cannot ask for it", 0, "max-stale", Use::Revalidate, waited}});
  StoredResponse no_cache = with_etag(stored_with(100));
  no_cache.no_cache = true;
  judge_all(no_cache, {{"no-cache", 0, "", Use::Revalidate, waited}});
}

TEST(JudgeRfc9111_5_2_2_4, NoCacheIsValidatedBeforeEachUse) {
  StoredResponse stored = with_etag(stored_with(100));
  stored.no_cache = true;
  stored.stale_while_revalidate = seconds(100);
  judge_all(stored, {
                        {"fresh", 0, "", Use::Revalidate},
                        {"stale", 150, "", Use::Revalidate},
                        {"max-stale", 150, "max-stale", Use::Revalidate},
                        {"only-if-cached", 0, "only-if-cached", Use::OnlyIfCached504},
                    });
}

TEST(JudgeRfc9111_5_2_1, RequestDirectives) {
  judge_all(with_etag(stored_with(100, 20)),
            {
                {"no-cache", 0, "no-cache", Use::Revalidate},
                {"max-age above", 0, "max-age=20", Use::Fresh},
                {"max-age below", 0, "max-age=19", Use::Revalidate},
                {"max-age=0", 0, "max-age=0", Use::Revalidate},
                {"max-age does not lengthen", 90, "max-age=1000", Use::Revalidate},
                {"min-fresh met", 0, "min-fresh=80", Use::Fresh},
                {"min-fresh not met", 0, "min-fresh=81", Use::Revalidate},
                {"max-stale met", 90, "max-stale=10", Use::Fresh},
                {"max-stale not met", 91, "max-stale=10", Use::Revalidate},
                {"max-stale without limit", 100'000, "max-stale", Use::Fresh},
                {"max-stale and max-age", 90, "max-stale=10, max-age=50", Use::Revalidate},
                {"max-stale and large max-age", 90, "max-stale=10, max-age=500", Use::Fresh},
                {"only-if-cached, fresh", 0, "only-if-cached", Use::Fresh},
                {"only-if-cached, stale", 90, "only-if-cached", Use::OnlyIfCached504},
                {"only-if-cached and max-stale", 90, "only-if-cached, max-stale", Use::Fresh},
                {"no-store does not forbid what is stored", 0, "no-store", Use::Fresh},
            });
}

TEST(JudgeRfc9111_5_2_2_2, MustRevalidateForbidsStaleness) {
  StoredResponse stored = with_etag(stored_with(100));
  stored.must_revalidate = true;
  stored.stale_while_revalidate = seconds(100);
  judge_all(stored, {
                        {"fresh", 99, "", Use::Fresh},
                        {"stale", 100, "", Use::Revalidate},
                        {"max-stale", 100, "max-stale", Use::Revalidate},
                        {"soft purge", 0, "", Use::Revalidate, {.soft_purged = true}},
                    });
}

TEST(JudgeRfc5861_3, StaleWhileRevalidateWithinItsWindow) {
  StoredResponse stored = with_etag(stored_with(100));
  stored.stale_while_revalidate = seconds(50);
  judge_all(stored, {
                        {"fresh", 99, "", Use::Fresh},
                        {"begin", 100, "", Use::StaleWhile},
                        {"end", 150, "", Use::StaleWhile},
                        {"beyond", 151, "", Use::Revalidate},
                        {"client wants it validated", 100, "no-cache", Use::Revalidate},
                        {"client names an age", 100, "max-age=0", Use::Revalidate},
                        {"client names freshness", 100, "min-fresh=1", Use::Revalidate},
                        {"only-if-cached", 100, "only-if-cached", Use::StaleWhile},
                        {"soft purge begins the window", 10, "", Use::StaleWhile, {.soft_purged = true}},
                        {"soft purge, window over", 151, "", Use::Revalidate, {.soft_purged = true}},
                        {"distrust", 100, "", Use::Revalidate, {.distrust = true}},
                    });
}

TEST(JudgeRfc8246, ImmutableSparesReloadsWhileFresh) {
  StoredResponse stored = with_etag(stored_with(100));
  stored.immutable = true;
  judge_all(stored, {
                        {"reload", 50, "max-age=0", Use::Fresh},
                        {"forced reload", 50, "no-cache", Use::Revalidate},
                        {"stale", 100, "", Use::Revalidate},
                        {"stale reload", 100, "max-age=0", Use::Revalidate},
                        {"min-fresh holds", 50, "min-fresh=80", Use::Revalidate},
                    });
}

TEST(JudgePurge, SoftPurgeAndDistrustEndFreshness) {
  judge_all(with_etag(stored_with(100)),
            {
                {"soft purge", 0, "", Use::Revalidate, {.soft_purged = true}},
                {"soft purge, max-stale", 0, "max-stale", Use::Revalidate, {.soft_purged = true}},
                {"distrust", 0, "", Use::Revalidate, {.distrust = true}},
                {"distrust, max-stale", 0, "max-stale", Use::Revalidate, {.distrust = true}},
            });
  judge_all(stored_with(100), {{"no validator", 0, "", Use::Fetch, {.soft_purged = true}}});
}

TEST(ServeOnErrorRfc5861_4, OnlyWithinTheWindowThatTheResponseGives) {
  StoredResponse stored = stored_with(100);
  EXPECT_TRUE(policy::may_serve_on_error(stored, at(50), {}));  // fresh: the client had asked for validation
  EXPECT_FALSE(policy::may_serve_on_error(stored, at(100), {}));
  EXPECT_FALSE(policy::may_serve_on_error(stored, at(50), {.soft_purged = true}));
  stored.stale_if_error = seconds(50);
  EXPECT_TRUE(policy::may_serve_on_error(stored, at(150), {}));
  EXPECT_FALSE(policy::may_serve_on_error(stored, at(151), {}));
  EXPECT_TRUE(policy::may_serve_on_error(stored, at(50), {.soft_purged = true}));
  EXPECT_FALSE(policy::may_serve_on_error(stored, at(50), {.distrust = true}));
}

TEST(ServeOnErrorRfc9111_4_2_4, NeverAgainstMustRevalidateOrNoCache) {
  StoredResponse stored = stored_with(100);
  stored.stale_if_error = seconds(500);
  stored.must_revalidate = true;
  EXPECT_TRUE(policy::may_serve_on_error(stored, at(99), {}));
  EXPECT_FALSE(policy::may_serve_on_error(stored, at(100), {}));
  stored.must_revalidate = false;
  stored.no_cache = true;
  EXPECT_FALSE(policy::may_serve_on_error(stored, at(99), {}));
}

}  // namespace
