// SPDX-License-Identifier: Apache-2.0
// The part of storing.h that deals with 304.
#include <gtest/gtest.h>

#include "edge/policy/storing.h"
#include "tests/support/heads.h"

namespace {

using policy::StoredResponse;
using std::chrono::seconds;
using support::at;
using support::date;
using support::FieldList;

StoredResponse stored_as(FieldList fields) {
  http::ResponseHead response = support::response(200, fields);
  response.body_bytes = 5;
  return policy::make_stored("shop", {.text = "k", .host = "h", .url = "h/a"}, response, {}, at(-100),
                             at(-100), 7);
}

StoredResponse after_304(FieldList stored, FieldList update, const policy::TtlRule& rule = {}) {
  return policy::freshened(stored_as(stored), support::response(304, update), rule, at(-1), at(0), 9);
}

TEST(FresheningRfc9111_3_2, ReplacesAndAddsFields) {
  const StoredResponse out =
      after_304({{"date", date(-100)}, {"cache-control", "max-age=2"}, {"a", "1"}, {"a", "2"}, {"b", "1"}},
                {{"date", date(0)}, {"cache-control", "max-age=60"}, {"a", "3"}, {"c", "4"}, {"c", "5"}});
  EXPECT_TRUE(out.fields == support::fields({{"b", "1"},
                                             {"date", date(0)},
                                             {"cache-control", "max-age=60"},
                                             {"a", "3"},
                                             {"c", "4"},
                                             {"c", "5"}}));
  EXPECT_EQ(out.lifetime, seconds(60));
  EXPECT_EQ(out.body_bytes, 5U);
  EXPECT_EQ(out.status, 200);
}

TEST(FresheningRfc9111_3_2, UpdatesEveryFieldThatDoesNotDescribeTheBody) {
  for (const char* name :
       {"test-header", "x-test-header", "content-foo", "x-content-foo", "content-location", "content-type",
        "content-security-policy", "expires", "x-frame-options", "last-modified", "vary", "link", "warning"}) {
    const StoredResponse out =
        after_304({{"etag", "\"e\""}, {name, "old"}}, {{"etag", "\"e\""}, {name, "new"}});
    EXPECT_EQ(out.fields.combined(name), "new") << name;
  }
}

TEST(FresheningRfc9111_3_2, KeepsWhatDescribesTheBody) {
  for (const char* name : {"content-encoding", "content-range", "content-md5", "digest", "content-digest",
                           "repr-digest", "etag"}) {
    EXPECT_EQ(after_304({{name, "old"}}, {{name, "new"}}).fields.combined(name), "old") << name;
  }
  EXPECT_FALSE(after_304({}, {{"content-length", "10"}}).fields.has("content-length"));
  EXPECT_FALSE(after_304({}, {{"content-encoding", "gzip"}}).fields.has("content-encoding"));
  EXPECT_EQ(after_304({}, {{"etag", "\"e\""}}).etag(), "\"e\"");
}

TEST(FresheningRfc9111_7_3, ACookieOfTheValidationIsNotShared) {
  EXPECT_FALSE(after_304({}, {{"set-cookie", "session=1"}}).fields.has("set-cookie"));
  EXPECT_EQ(after_304({{"set-cookie", "a=b"}, {"cache-control", "public"}}, {{"set-cookie", "a=c"}})
                .fields.combined("set-cookie"),
            "a=b");
  EXPECT_FALSE(
      after_304({{"set-cookie", "a=b"}, {"cache-control", "public"}}, {{"cache-control", "no-cache"}})
          .fields.has("set-cookie"));
}

TEST(FresheningRfc9111_3_1, StoresNoFieldOfTheConnection) {
  const StoredResponse out = after_304({{"x", "1"}}, {{"connection", "x, y"},
                                                      {"x", "2"},
                                                      {"y", "3"},
                                                      {"keep-alive", "4"},
                                                      {"age", "5"},
                                                      {"cache-status", "z"},
                                                      {"cache-tag", "t"}});
  for (const char* name : {"y", "connection", "keep-alive", "age", "cache-status", "cache-tag"}) {
    EXPECT_FALSE(out.fields.has(name)) << name;
  }
  EXPECT_EQ(out.fields.get("x"), "1");
}

TEST(FresheningRfc9111_4_3_4, TakesTimesAgeStampAndTags) {
  const StoredResponse out = after_304({{"cache-control", "max-age=60"}, {"age", "40"}, {"cache-tag", "old"}},
                                       {{"age", "5"}, {"cache-tag", "new, newer"}});
  EXPECT_EQ(out.request_time, at(-1));
  EXPECT_EQ(out.response_time, at(0));
  EXPECT_EQ(out.initial_age, seconds(6));
  EXPECT_EQ(out.fill_stamp, 9U);
  EXPECT_EQ(out.tags, (std::vector<std::string>{"new", "newer"}));
  EXPECT_EQ(out.fields.get("date"), date(0));
  EXPECT_EQ(out.url, "h/a");
  EXPECT_EQ(out.site, "shop");
  EXPECT_EQ(policy::remaining(out, at(0)), seconds(54));
}

TEST(FresheningRfc9111_4_3_4, KeepsTagsAndLifetimeThatThe304DoesNotMention) {
  const StoredResponse out =
      after_304({{"cache-control", "max-age=60, stale-if-error=9"}, {"cache-tag", "old"}}, {});
  EXPECT_EQ(out.tags, std::vector<std::string>{"old"});
  EXPECT_EQ(out.lifetime, seconds(60));
  EXPECT_EQ(out.stale_if_error, seconds(9));
  EXPECT_EQ(out.initial_age, seconds(1));
}

TEST(FresheningRfc9111_4_2_1, LifetimeIsOfTheNewFields) {
  // An Expires that the 304 leaves as it was does not move with the new Date.
  const std::string hour = date(3600);
  EXPECT_EQ(after_304({{"date", date(-100)}, {"expires", hour}}, {{"date", date(0)}}).lifetime,
            seconds(3600));
  EXPECT_EQ(after_304({{"cache-control", "max-age=60"}}, {{"cache-control", "no-cache"}}).no_cache, true);
  EXPECT_EQ(after_304({{"cache-control", "no-cache"}}, {{"cache-control", "max-age=5"}}).no_cache, false);
  EXPECT_EQ(after_304({{"cache-control", "max-age=60"}}, {}, {.max_ttl = seconds(10)}).lifetime, seconds(10));
}

TEST(FresheningRfc9111_3, AResponseThatMayNoLongerBeStoredIsNeverFresh) {
  policy::CacheControl takes_stale;
  takes_stale.max_stale = policy::kDeltaSecondsMax;
  for (const char* directives : {"no-store, max-age=60, stale-while-revalidate=60, stale-if-error=60",
                                 "private, max-age=60, stale-while-revalidate=60, stale-if-error=60"}) {
    const StoredResponse out =
        after_304({{"cache-control", "max-age=60"}, {"etag", "\"e\""}}, {{"cache-control", directives}});
    EXPECT_EQ(policy::judge(out, {}, at(0), {}), policy::Use::Revalidate) << directives;
    EXPECT_EQ(policy::judge(out, takes_stale, at(0), {}), policy::Use::Revalidate) << directives;
    EXPECT_FALSE(policy::may_serve_on_error(out, at(0), {})) << directives;
  }
  const StoredResponse understood = after_304({{"cache-control", "max-age=60"}},
                                              {{"cache-control", "no-store, must-understand, max-age=60"}});
  EXPECT_EQ(policy::judge(understood, {}, at(0), {}), policy::Use::Fresh);
}

TEST(ConfirmsRfc9111_4_3_4, A304OfAnotherRepresentationFreshensNothing) {
  struct Case {
    const char* what;
    http::Fields stored;
    http::Fields update;
    bool expected;
  };
  const std::string one = date(-10);
  const std::string two = date(-5);
  const Case cases[] = {
      {"same strong", support::fields({{"etag", "\"a\""}}), support::fields({{"etag", "\"a\""}}), true},
      {"other strong", support::fields({{"etag", "\"a\""}}), support::fields({{"etag", "\"b\""}}), false},
      {"weak of the same", support::fields({{"etag", "\"a\""}}), support::fields({{"etag", "W/\"a\""}}),
       true},
      {"other weak", support::fields({{"etag", "W/\"a\""}}), support::fields({{"etag", "W/\"b\""}}), false},
      {"none said", support::fields({{"etag", "\"a\""}}), support::fields({}), true},
      {"same date", support::fields({{"last-modified", one}}), support::fields({{"last-modified", one}}),
       true},
      {"other date", support::fields({{"last-modified", one}}), support::fields({{"last-modified", two}}),
       false},
      {"tag decides over date", support::fields({{"etag", "\"a\""}, {"last-modified", one}}),
       support::fields({{"etag", "\"a\""}, {"last-modified", two}}), true},
      {"new tag, same date", support::fields({{"last-modified", one}}),
       support::fields({{"etag", "\"a\""}, {"last-modified", one}}), true},
      {"new tag, other date", support::fields({{"last-modified", one}}),
       support::fields({{"etag", "\"a\""}, {"last-modified", two}}), false},
  };
  for (const Case& c : cases) {
    StoredResponse stored;
    stored.fields = c.stored;
    EXPECT_EQ(policy::confirms(stored, {304, c.update, {}}), c.expected) << c.what;
  }
}

}  // namespace
