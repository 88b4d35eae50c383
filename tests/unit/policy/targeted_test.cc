// SPDX-License-Identifier: Apache-2.0
// Fields for caches of our kind: Selvage-Cache-Control, CDN-Cache-Control (RFC 9213) and Surrogate-Control.
#include <gtest/gtest.h>

#include "edge/policy/cache_control.h"
#include "edge/policy/storing.h"
#include "tests/support/heads.h"

namespace {

using policy::CacheControl;
using policy::response_directives;
using policy::Storable;
using policy::StoredResponse;
using std::chrono::seconds;
using support::at;
using support::date;
using support::FieldList;
using support::fields;

CacheControl of(FieldList list) { return response_directives(fields(list)); }

StoredResponse stored_as(FieldList list) {
  return policy::make_stored("shop", {.text = "k", .host = "h", .url = "h/a"}, support::response(200, list),
                             {}, at(-100), at(-100), 7);
}

StoredResponse after_304(FieldList stored, FieldList update) {
  return policy::freshened(stored_as(stored), support::response(304, update), {}, at(-1), at(0), 9);
}

Storable storable(FieldList list, FieldList request = {}, int status = 200) {
  return policy::storable(support::get("/", request), support::response(status, list), {}, at(0), at(0));
}

TEST(TargetedRfc9213_2_2, TheFirstOfTheTargetListThatCountsIsChosen) {
  struct Case {
    const char* what;
    http::Fields response;
    std::optional<std::uint32_t> max_age;
    bool targeted;
  };
  const Case cases[] = {
      {"all",
       fields({{"cache-control", "max-age=1"},
               {"surrogate-control", "max-age=2"},
               {"cdn-cache-control", "max-age=3"},
               {"selvage-cache-control", "max-age=4"}}),
       4, true},
      {"without ours",
       fields({{"cache-control", "max-age=1"},
               {"surrogate-control", "max-age=2"},
               {"cdn-cache-control", "max-age=3"}}),
       3, true},
      {"surrogate", fields({{"cache-control", "max-age=1"}, {"surrogate-control", "max-age=2"}}), 2, true},
      {"none", fields({{"cache-control", "max-age=1"}}), 1, false},
      {"empty", fields({{"cache-control", "max-age=1"}, {"cdn-cache-control", ""}}), 1, false},
      {"invalid", fields({{"cache-control", "max-age=1"}, {"cdn-cache-control", "max-age=3,"}}), 1, false},
      {"invalid, capitals", fields({{"cache-control", "max-age=1"}, {"cdn-cache-control", "Max-Age=3"}}), 1,
       false},
      {"ours invalid, theirs not",
       fields({{"cdn-cache-control", "max-age=3"}, {"selvage-cache-control", "max-age=&"}}), 3, true},
      {"unknown directives count",
       fields({{"cache-control", "max-age=1"}, {"cdn-cache-control", "weather"}}),
       {},
       true},
      {"two lines, one invalid",
       fields({{"cache-control", "max-age=1"},
               {"cdn-cache-control", "max-age=3"},
               {"cdn-cache-control", "\"\"="}}),
       1, false},
      {"alone", fields({{"cdn-cache-control", "max-age=3"}}), 3, true},
      {"nothing", fields({}), {}, false},
  };
  for (const Case& c : cases) {
    const CacheControl got = response_directives(c.response);
    EXPECT_EQ(got.max_age, c.max_age) << c.what;
    EXPECT_EQ(got.targeted, c.targeted) << c.what;
  }
}

TEST(TargetedRfc9213_2_1, ValuesOfAWrongTypeAreTakenStrictly) {
  const std::pair<const char*, std::optional<std::uint32_t>> ages[] = {
      {"max-age=10", 10},
      {"max-age=10;x=1", 10},
      {"max-age=\"10\"", 0},
      {"max-age=10.0", 0},
      {"max-age=-1", 0},
      {"max-age", 0},
      {"max-age=?0", 0},
      {"max-age=(10)", 0},
      {"max-age=@10", 0},
      {"max-age=1, max-age=10", 10},
      {"x=(1 2), max-age=9", 9},
      {"s-maxage=10", {}},
      {"max-age=99999999999", policy::kDeltaSecondsMax},
  };
  for (const auto& [text, expected] : ages)
    EXPECT_EQ(of({{"cdn-cache-control", text}}).max_age, expected) << text;
  for (const char* text : {"no-cache", "no-cache=?1", "no-cache=\"set-cookie\"", "no-cache=1",
                           "no-cache=(a b)", "no-cache=a;b"}) {
    EXPECT_TRUE(of({{"cdn-cache-control", text}}).no_cache) << text;
  }
  EXPECT_FALSE(of({{"cdn-cache-control", "no-cache=?0"}}).no_cache);
  EXPECT_FALSE(of({{"cdn-cache-control", "no-store=?0"}}).no_store);
  EXPECT_TRUE(of({{"cdn-cache-control", "no-store=?0"}}).targeted);
  EXPECT_TRUE(of({{"cdn-cache-control", "no-store;x=?0"}}).no_store);
  EXPECT_TRUE(of({{"cdn-cache-control", "private=\"x\""}}).is_private);
  // What permits needs to be said without an argument.
  EXPECT_TRUE(of({{"cdn-cache-control", "public"}}).is_public);
  EXPECT_FALSE(of({{"cdn-cache-control", "public=x"}}).is_public);
  EXPECT_FALSE(of({{"cdn-cache-control", "immutable=?0"}}).immutable);
  EXPECT_EQ(of({{"cdn-cache-control", "stale-while-revalidate=5"}}).stale_while_revalidate, 5U);
}

TEST(TargetedRfc9213_2_2, CacheControlAndExpiresDoNotCountBesideIt) {
  const std::string hour = date(3600);
  EXPECT_EQ(
      stored_as({{"cdn-cache-control", "max-age=60"}, {"cache-control", "max-age=5, no-cache"}}).lifetime,
      seconds(60));
  EXPECT_FALSE(stored_as({{"cdn-cache-control", "max-age=60"}, {"cache-control", "no-cache"}}).no_cache);
  EXPECT_EQ(stored_as({{"cdn-cache-control", "must-revalidate"}, {"expires", hour}}).lifetime, seconds(0));
  EXPECT_EQ(stored_as({{"cdn-cache-control", ""}, {"date", date(-100)}, {"expires", hour}}).lifetime,
            seconds(3700));
  EXPECT_EQ(storable({{"cdn-cache-control", "max-age=60"}, {"cache-control", "no-store"}}), Storable::Yes);
  EXPECT_EQ(
      storable({{"cdn-cache-control", "max-age=60"}, {"cache-control", "private"}, {"pragma", "no-cache"}}),
      Storable::Yes);
  EXPECT_EQ(storable({{"cdn-cache-control", "no-store"}, {"cache-control", "max-age=60"}}),
            Storable::NoStore);
  EXPECT_EQ(storable({{"selvage-cache-control", "private"}, {"cdn-cache-control", "max-age=60"}}),
            Storable::Private);
  // Expires is no ground for storing a status that is not cacheable by itself.
  EXPECT_EQ(storable({{"expires", hour}}, {}, 403), Storable::Yes);
  EXPECT_EQ(storable({{"cdn-cache-control", "weather"}, {"expires", hour}}, {}, 403), Storable::Status);
  EXPECT_EQ(storable({{"cdn-cache-control", "max-age=60"}}, {}, 403), Storable::Yes);
  EXPECT_EQ(storable({{"cdn-cache-control", "no-store, must-understand, max-age=60"}}), Storable::Yes);
  EXPECT_EQ(storable({{"cdn-cache-control", "no-store, must-understand, max-age=60"}}, {}, 299),
            Storable::Status);
}

TEST(TargetedRfc9213_2_2, WhatIsOneClientsIsSharedByATargetedWordOnly) {
  const FieldList authorized = {{"authorization", "Basic x"}};
  EXPECT_EQ(storable({{"cdn-cache-control", "max-age=60"}, {"cache-control", "public"}}, authorized),
            Storable::Authorization);
  EXPECT_EQ(storable({{"cdn-cache-control", "max-age=60, public"}}, authorized), Storable::Yes);
  EXPECT_EQ(
      storable({{"cdn-cache-control", "must-revalidate"}, {"cache-control", "public, max-age=9"}, {"set-cookie", "a=b"}}),
      Storable::Cookie);
  EXPECT_EQ(storable({{"cdn-cache-control", "s-maxage=60"}, {"set-cookie", "a=b"}}), Storable::Yes);
}

TEST(SurrogateControl, DirectivesThatAreKnown) {
  struct Case {
    const char* text;
    std::optional<std::uint32_t> max_age;
    std::optional<std::uint32_t> window;
    bool no_store;
    bool targeted;
  };
  const Case cases[] = {
      {"max-age=60", 60, {}, false, true},
      {"Max-Age=60", 60, {}, false, true},
      {"max-age=60+30", 60, 30, false, true},
      {"max-age=60+0", 60, 0, false, true},
      {"max-age=\"60+30\"", 60, 30, false, true},
      {"max-age=60+", 0, 0, false, true},
      {"max-age=60+x", 0, 0, false, true},
      {"max-age=60+30+10", 0, 0, false, true},
      {"max-age=+30", 0, 30, false, true},
      {"max-age=x", 0, {}, false, true},
      {"max-age", 0, {}, false, true},
      {"max-age=60, max-age=5", 5, {}, false, true},
      {"no-store, content=\"ESI/1.0\"", {}, {}, true, true},
      {"no-store-remote, max-age=9", 9, {}, false, true},
      // Nothing that is known, so Cache-Control counts.
      {"no-store-remote", 1, {}, false, false},
      {"content=\"ESI/1.0, max-age=9\"", 1, {}, false, false},
      {"max-age=9;other-cdn", 1, {}, false, false},
      {"no-store;other-cdn", 1, {}, false, false},
      {"", 1, {}, false, false},
  };
  for (const Case& c : cases) {
    const CacheControl got = of({{"cache-control", "max-age=1"}, {"surrogate-control", c.text}});
    EXPECT_EQ(got.max_age, c.max_age) << c.text;
    EXPECT_EQ(got.stale_while_revalidate, c.window) << c.text;
    EXPECT_EQ(got.stale_if_error, c.window) << c.text;
    EXPECT_EQ(got.no_store, c.no_store) << c.text;
    EXPECT_EQ(got.targeted, c.targeted) << c.text;
  }
  EXPECT_TRUE(of({{"surrogate-control", "private"}}).is_private);
  EXPECT_TRUE(of({{"surrogate-control", "no-cache, max-age=9"}}).no_cache);
  EXPECT_EQ(of({{"surrogate-control", "max-age=9, stale-if-error=7"}}).stale_if_error, 7U);
}

TEST(TargetedRfc9213_3, OursAreKeptAndNotSent) {
  const StoredResponse out = stored_as({{"selvage-cache-control", "max-age=60"},
                                        {"surrogate-control", "max-age=5"},
                                        {"cdn-cache-control", "max-age=7"},
                                        {"cache-control", "max-age=1"}});
  EXPECT_TRUE(out.hidden ==
              fields({{"selvage-cache-control", "max-age=60"}, {"surrogate-control", "max-age=5"}}));
  EXPECT_FALSE(out.fields.has("selvage-cache-control") || out.fields.has("surrogate-control"));
  EXPECT_EQ(out.fields.get("cdn-cache-control"), "max-age=7");
  EXPECT_EQ(out.fields.get("cache-control"), "max-age=1");
  // Connection takes none of them away.
  EXPECT_EQ(
      stored_as({{"selvage-cache-control", "max-age=60"}, {"connection", "selvage-cache-control"}}).lifetime,
      seconds(60));
}

TEST(FresheningRfc9213_2_2, A304IsJudgedTogetherWithTheStoredTargetedFields) {
  for (const char* name : {"selvage-cache-control", "cdn-cache-control", "surrogate-control"}) {
    const StoredResponse kept =
        after_304({{name, "max-age=60"}, {"etag", "\"e\""}}, {{"cache-control", "no-store, max-age=5"}});
    EXPECT_EQ(kept.lifetime, seconds(60)) << name;
    EXPECT_FALSE(kept.no_cache) << name;
    const StoredResponse replaced =
        after_304({{name, "max-age=60"}, {"cache-control", "max-age=9"}}, {{name, "max-age=30"}});
    EXPECT_EQ(replaced.lifetime, seconds(30)) << name;
    const StoredResponse forbidden = after_304({{name, "max-age=60"}}, {{name, "no-store"}});
    EXPECT_TRUE(forbidden.no_cache) << name;
    EXPECT_EQ(forbidden.lifetime, seconds(0)) << name;
    const StoredResponse added = after_304({{"cache-control", "max-age=9"}}, {{name, "max-age=30"}});
    EXPECT_EQ(added.lifetime, seconds(30)) << name;
    EXPECT_EQ(policy::freshened(added, support::response(304, {}), {}, at(0), at(0), 9).lifetime, seconds(30))
        << name;
  }
  const StoredResponse one =
      after_304({{"surrogate-control", "max-age=60"}, {"selvage-cache-control", "max-age=6"}},
                {{"surrogate-control", "max-age=70"}});
  EXPECT_TRUE(one.hidden ==
              fields({{"selvage-cache-control", "max-age=6"}, {"surrogate-control", "max-age=70"}}));
  EXPECT_EQ(one.lifetime, seconds(6));
}

}  // namespace
