// SPDX-License-Identifier: Apache-2.0
#include "edge/policy/storing.h"

#include <gtest/gtest.h>

#include "tests/support/heads.h"

namespace {

using policy::Handling;
using policy::Storable;
using policy::StoredResponse;
using policy::TtlRule;
using std::chrono::seconds;
using support::at;
using support::date;

const policy::CacheKey kKey{.text = "k", .host = "www.example.com", .url = "www.example.com/a"};

TEST(HandlingRfc9110_9, GetAndHeadWithoutABodyMeetTheCache) {
  const auto of = [](const char* method, bool has_body) {
    http::RequestHead request = support::get("/");
    request.method = method;
    request.has_body = has_body;
    return policy::handling(request);
  };
  EXPECT_EQ(of("GET", false), Handling::Cache);
  EXPECT_EQ(of("HEAD", false), Handling::Cache);
  EXPECT_EQ(of("GET", true), Handling::Pass);
  EXPECT_EQ(of("HEAD", true), Handling::Pass);
  for (const char* method : {"OPTIONS", "POST", "PUT", "DELETE", "PATCH", "TRACE", "M-SEARCH", "get", ""}) {
    EXPECT_EQ(of(method, false), Handling::Pass) << method;
  }
}

TEST(InvalidationRfc9111_4_4, UnsafeAndUnknownMethodsInvalidate) {
  for (const char* method : {"POST", "PUT", "DELETE", "PATCH", "M-SEARCH", "FOO", "get", ""}) {
    EXPECT_TRUE(policy::is_unsafe(method)) << method;
  }
  for (const char* method : {"GET", "HEAD", "OPTIONS", "TRACE", "PROPFIND", "REPORT", "SEARCH", "QUERY"}) {
    EXPECT_FALSE(policy::is_unsafe(method)) << method;
  }
}

struct StorableCase {
  const char* what;
  http::ResponseHead response;
  Storable expected;
};

void storable_all(const http::RequestHead& request, const TtlRule& rule,
                  std::initializer_list<StorableCase> cases) {
  for (const StorableCase& c : cases) {
    const Storable got = policy::storable(request, c.response, rule, at(0), at(0));
    EXPECT_EQ(got, c.expected) << c.what << ": " << policy::name_of(got);
  }
}

TEST(StorableRfc9111_3, WhatItsDirectivesForbid) {
  storable_all(
      support::get("/"), {},
      {
          {"fresh", support::response(200, {{"cache-control", "max-age=9"}}), Storable::Yes},
          {"no-store", support::response(200, {{"cache-control", "no-store"}}), Storable::NoStore},
          {"no-store in any case", support::response(200, {{"cache-control", "max-age=9, No-StOrE"}}),
           Storable::NoStore},
          {"private", support::response(200, {{"cache-control", "private, max-age=9"}}), Storable::Private},
          {"private fields", support::response(200, {{"cache-control", "private=\"a\", max-age=9"}}),
           Storable::Private},
          {"Vary: *", support::response(200, {{"cache-control", "max-age=9"}, {"vary", "*"}}),
           Storable::VaryStar},
          {"Vary: a, *", support::response(200, {{"cache-control", "max-age=9"}, {"vary", "a, *"}}),
           Storable::VaryStar},
          {"Vary: *, in two lines",
           support::response(200, {{"cache-control", "max-age=9"}, {"vary", ""}, {"vary", "*"}}),
           Storable::VaryStar},
          {"Vary: a", support::response(200, {{"cache-control", "max-age=9"}, {"vary", "a"}}), Storable::Yes},
      });
}

TEST(StorableRfc9111_7_3, ACookieNeedsTheOriginsWordOnFreshness) {
  const std::string hour = date(3600);
  const auto with = [](const char* name, std::string_view value) {
    return support::response(200, {{"set-cookie", "a=b"}, {name, value}});
  };
  storable_all(support::get("/"), {},
               {
                   {"only a validator", with("etag", "\"a\""), Storable::Cookie},
                   {"max-age", with("cache-control", "max-age=9"), Storable::Yes},
                   {"Expires", with("expires", hour), Storable::Yes},
                   {"max-age=0", with("cache-control", "max-age=0"), Storable::Cookie},
                   {"Expires in the past", with("expires", "0"), Storable::Cookie},
                   {"max-age, but no-cache", with("cache-control", "max-age=9, no-cache"), Storable::Cookie},
                   {"no-cache", with("cache-control", "no-cache"), Storable::Cookie},
                   {"public", with("cache-control", "public, max-age=9"), Storable::Yes},
                   {"s-maxage", with("cache-control", "s-maxage=9"), Storable::Yes},
                   {"public, but no-store", with("cache-control", "public, no-store"), Storable::NoStore},
               });
  const TtlRule rule{.ttl = seconds(9), .default_ttl = seconds(9), .stale_if_error = seconds(9)};
  storable_all(support::get("/"), rule,
               {{"a rule is no such word", with("etag", "\"a\""), Storable::Cookie}});
  storable_all(support::get("/"), {.store_set_cookie = false},
               {
                   {"max-age", with("cache-control", "max-age=9"), Storable::Cookie},
                   {"Expires", with("expires", hour), Storable::Cookie},
                   {"public", with("cache-control", "public, max-age=9"), Storable::Yes},
                   {"s-maxage", with("cache-control", "s-maxage=9"), Storable::Yes},
               });
}

TEST(CacheablePostRfc9110_9_3_3, ObeysTheSitesRule) {
  http::RequestHead request = support::get("/a", {{"cookie", "session=1"}});
  request.method = "POST";
  request.authority = "www.a.test";
  const auto response = support::response(200, {{"cache-control", "max-age=9"}, {"content-location", "/a"}});
  const auto stored = [&](const TtlRule& rule) {
    return policy::is_cacheable_post(request, response, rule, 443, at(0), at(0));
  };
  EXPECT_TRUE(stored({}));
  EXPECT_FALSE(stored({.bypass = true}));
  EXPECT_FALSE(stored({.bypass_cookies = {"session"}}));
  EXPECT_FALSE(stored({.strip_request = {"cookie"}}));
  EXPECT_FALSE(stored({.strip_response = {"server"}}));
}

TEST(CacheablePostRfc9110_9_3_3, SaysItsFreshnessAndThatItIsWhatAGetWouldBring) {
  struct Row {
    const char* name;
    const char* method;
    int status;
    std::initializer_list<std::pair<std::string_view, std::string_view>> fields;
    std::initializer_list<std::pair<std::string_view, std::string_view>> request;
    bool stored;
    const char* authority = "www.a.test";
  };
  const std::string hour = date(3600);
  for (const Row& row : {
           Row{"another port", "POST", 200, {{"cache-control", "max-age=9"}, {"content-location", "/a?b"}}, {}, false,
               "www.a.test:6666"},
           Row{"its own port", "POST", 200, {{"cache-control", "max-age=9"}, {"content-location", "/a?b"}}, {}, true,
               "www.a.test:8443"},
           Row{"by path", "POST", 200, {{"cache-control", "max-age=9"}, {"content-location", "/a?b"}}, {}, true},
           Row{"by URL", "POST", 200, {{"expires", hour}, {"content-location", "https://www.a.test/a?b"}}, {}, true},
           Row{"another URL", "POST", 200, {{"cache-control", "max-age=9"}, {"content-location", "/a"}}, {}, false},
           Row{"another host", "POST", 200, {{"expires", hour}, {"content-location", "https://b.test/a?b"}}, {}, false},
           Row{"no Content-Location", "POST", 200, {{"cache-control", "max-age=9"}}, {}, false},
           Row{"no freshness", "POST", 200, {{"etag", "\"a\""}, {"content-location", "/a?b"}}, {}, false},
           Row{"no-store", "POST", 200, {{"cache-control", "max-age=9, no-store"}, {"content-location", "/a?b"}}, {}, false},
           Row{"created", "POST", 201, {{"cache-control", "max-age=9"}, {"content-location", "/a?b"}}, {}, false},
           Row{"PUT", "PUT", 200, {{"cache-control", "max-age=9"}, {"content-location", "/a?b"}}, {}, false},
           Row{"for one client", "POST", 200, {{"cache-control", "max-age=9"}, {"content-location", "/a?b"}},
               {{"authorization", "x"}}, false},
           Row{"a field that frameworks take for the URL", "POST", 200,
               {{"cache-control", "max-age=9"}, {"content-location", "/a?b"}}, {{"x-original-url", "/admin"}}, false},
       }) {
    http::RequestHead request = support::get("/a?b", row.request);
    request.method = row.method;
    request.scheme = "https";
    request.authority = row.authority;
    EXPECT_EQ(policy::is_cacheable_post(request, support::response(row.status, row.fields), {}, 8443, at(0), at(0)),
              row.stored)
        << row.name;
  }
}

TEST(StorableRfc9111_3, WhatIsOfNoUse) {
  const std::string past = date(-9);
  const std::string old = date(-9000);
  storable_all(
      support::get("/"), {},
      {
          {"nothing said", support::response(200, {}), Storable::Expired},
          {"max-age=0", support::response(200, {{"cache-control", "max-age=0"}}), Storable::Expired},
          {"Expires in the past", support::response(200, {{"expires", past}}), Storable::Expired},
          {"older than its lifetime", support::response(200, {{"cache-control", "max-age=9"}, {"age", "9"}}),
           Storable::Expired},
          {"no-cache", support::response(200, {{"cache-control", "no-cache, max-age=9"}}), Storable::Expired},
          {"no-cache with ETag", support::response(200, {{"cache-control", "no-cache"}, {"etag", "\"a\""}}),
           Storable::Yes},
          {"only ETag", support::response(200, {{"etag", "\"a\""}}), Storable::Yes},
          {"only Last-Modified", support::response(200, {{"last-modified", old}}), Storable::Yes},
          {"stale, but good on errors",
           support::response(200, {{"cache-control", "max-age=0, stale-if-error=9"}}), Storable::Yes},
          {"stale, but good meanwhile",
           support::response(200, {{"cache-control", "max-age=0, stale-while-revalidate=9"}}), Storable::Yes},
          {"too stale for both",
           support::response(200, {{"cache-control", "max-age=0, stale-if-error=9"}, {"age", "10"}}),
           Storable::Expired},
          {"must-revalidate forbids both",
           support::response(200, {{"cache-control", "max-age=0, stale-if-error=9, must-revalidate"}}),
           Storable::Expired},
      });
}

TEST(StorableRfc9111_3, StatusesWithAndWithoutExplicitFreshness) {
  const std::string old = date(-9000);
  const std::string hour = date(3600);
  for (const int status :
       {200, 203, 204, 299, 301, 302, 303, 307, 308, 400, 404, 410, 499, 500, 502, 503, 504, 599}) {
    for (const char* cc : {"max-age=9", "s-maxage=9"}) {
      EXPECT_EQ(policy::storable(support::get("/"), support::response(status, {{"cache-control", cc}}), {},
                                 at(0), at(0)),
                Storable::Yes)
          << status << cc;
    }
    EXPECT_EQ(
        policy::storable(support::get("/"), support::response(status, {{"expires", hour}}), {}, at(0), at(0)),
        Storable::Yes)
        << status;
  }
  for (const int status : {201, 202, 302, 403, 500, 502, 503, 504, 599}) {
    const auto silent = support::response(status, {{"last-modified", old}, {"etag", "\"a\""}});
    EXPECT_EQ(policy::storable(support::get("/"), silent, {}, at(0), at(0)), Storable::Status) << status;
    const auto open = support::response(status, {{"last-modified", old}, {"cache-control", "public"}});
    EXPECT_EQ(policy::storable(support::get("/"), open, {}, at(0), at(0)), Storable::Yes) << status;
  }
  storable_all(
      support::get("/"), {},
      {
          {"206", support::response(206, {{"cache-control", "max-age=9"}}), Storable::PartialContent},
          {"304", support::response(304, {{"cache-control", "max-age=9"}}), Storable::Status},
          {"103", support::response(103, {{"cache-control", "max-age=9"}}), Storable::Status},
          {"999", support::response(999, {{"cache-control", "max-age=9"}}), Storable::Status},
      });
}

TEST(StorableRfc9111_5_2_2_3, MustUnderstand) {
  storable_all(
      support::get("/"), {},
      {
          {"understood", support::response(200, {{"cache-control", "max-age=9, no-store, must-understand"}}),
           Storable::Yes},
          {"understood error",
           support::response(404, {{"cache-control", "max-age=9, no-store, must-understand"}}),
           Storable::Yes},
          {"unknown status",
           support::response(599, {{"cache-control", "max-age=9, no-store, must-understand"}}),
           Storable::Status},
          {"unknown status, no no-store",
           support::response(599, {{"cache-control", "max-age=9, must-understand"}}), Storable::Status},
          {"private all the same",
           support::response(200, {{"cache-control", "max-age=9, private, must-understand"}}),
           Storable::Private},
      });
}

TEST(StorableRfc9111_3_5, AuthorizationNeedsPermission) {
  const std::string hour = date(3600);
  storable_all(
      support::get("/", {{"authorization", "Basic x"}}), {},
      {
          {"max-age", support::response(200, {{"cache-control", "max-age=9"}}), Storable::Authorization},
          {"Expires", support::response(200, {{"expires", hour}}), Storable::Authorization},
          {"proxy-revalidate is none",
           support::response(200, {{"cache-control", "max-age=9, proxy-revalidate"}}),
           Storable::Authorization},
          {"public", support::response(200, {{"cache-control", "max-age=9, public"}}), Storable::Yes},
          {"must-revalidate", support::response(200, {{"cache-control", "max-age=9, must-revalidate"}}),
           Storable::Yes},
          {"s-maxage", support::response(200, {{"cache-control", "s-maxage=9"}}), Storable::Yes},
          {"private first", support::response(200, {{"cache-control", "private"}}), Storable::Private},
      });
}

TEST(StorableRfc9111_5_2_1_5, RequestNoStoreIsOfTheRequest) {
  storable_all(
      support::get("/", {{"cache-control", "no-store"}}), {},
      {
          {"storable", support::response(200, {{"cache-control", "max-age=9"}}), Storable::RequestNoStore},
          {"not storable anyway", support::response(200, {{"cache-control", "private"}}), Storable::Private},
      });
  EXPECT_TRUE(policy::is_of_request(Storable::RequestNoStore));
  EXPECT_TRUE(policy::is_of_request(Storable::Authorization));
  EXPECT_TRUE(policy::is_of_request(Storable::Method));
  for (const Storable why :
       {Storable::Yes, Storable::Status, Storable::NoStore, Storable::Private, Storable::VaryStar,
        Storable::Bypass, Storable::Expired, Storable::PartialContent, Storable::Cookie}) {
    EXPECT_FALSE(policy::is_of_request(why)) << policy::name_of(why);
  }
}

TEST(StorableRfc9110_9_3_2, AnswerToHeadIsNotStored) {
  http::RequestHead head = support::get("/");
  head.method = "HEAD";
  storable_all(head, {},
               {{"fresh", support::response(200, {{"cache-control", "max-age=9"}}), Storable::Method}});
}

TEST(ShareErrorRfc9111_4, OnlyWhatNothingForbids) {
  const auto shared = [](int status, std::string_view name, std::string_view value) {
    return policy::may_share_error(support::get("/"), support::response(status, {{name, value}}));
  };
  EXPECT_TRUE(shared(503, "retry-after", "9"));
  EXPECT_TRUE(shared(500, "vary", "accept-encoding"));
  EXPECT_FALSE(shared(404, "retry-after", "9"));
  for (const char* directive : {"private", "no-store", "no-cache", "private, must-understand"}) {
    EXPECT_FALSE(shared(503, "cache-control", directive)) << directive;
  }
  EXPECT_FALSE(shared(503, "vary", "*"));
  EXPECT_FALSE(shared(503, "set-cookie", "a=b"));
  EXPECT_FALSE(
      policy::may_share_error(support::get("/", {{"authorization", "x"}}), support::response(503, {})));
}

TEST(StorableRule, BypassAndLifetimes) {
  const http::ResponseHead silent = support::response(200, {});
  storable_all(support::get("/"), {.bypass = true},
               {{"bypass", support::response(200, {{"cache-control", "max-age=9"}}), Storable::Bypass}});
  storable_all(support::get("/"), {.default_ttl = seconds(9)},
               {
                   {"silent", silent, Storable::Yes},
                   {"error", support::response(500, {}), Storable::Status},
                   {"missing", support::response(404, {}), Storable::Expired},
                   {"cookie", support::response(200, {{"set-cookie", "a=b"}}), Storable::Cookie},
                   {"private", support::response(200, {{"cache-control", "private"}}), Storable::Private},
                   {"no-store", support::response(200, {{"cache-control", "no-store"}}), Storable::NoStore},
               });
  storable_all(support::get("/"), {.stale_if_error = seconds(9)}, {{"grace", silent, Storable::Yes}});
}

TEST(StorableRule, OverridesNoDirectiveThatForbids) {
  const TtlRule rule{.ttl = seconds(99), .min_ttl = seconds(99)};
  const auto response = support::response(200, {{"cache-control", "no-cache"}, {"etag", "\"a\""}});
  const StoredResponse stored = policy::make_stored("shop", kKey, response, rule, at(0), at(0), 1);
  EXPECT_EQ(policy::judge(stored, {}, at(0), {}), policy::Use::Revalidate);
  storable_all(support::get("/"), rule,
               {
                   {"private", support::response(200, {{"cache-control", "private"}}), Storable::Private},
                   {"no-store", support::response(200, {{"cache-control", "no-store"}}), Storable::NoStore},
               });
}

StoredResponse make(const http::ResponseHead& response, const TtlRule& rule = {}) {
  return policy::make_stored("shop", kKey, response, rule, at(-2), at(0), 77);
}

TEST(MakeStoredRfc9111_3_1, KeepsFieldsButNotThoseOfTheConnection) {
  http::ResponseHead response = support::response(200, {{"date", date(-5)},
                                                        {"cache-control", "max-age=9"},
                                                        {"connection", "a, b"},
                                                        {"a", "1"},
                                                        {"b", "2"},
                                                        {"c", "3"},
                                                        {"keep-alive", "x"},
                                                        {"proxy-authenticate", "x"},
                                                        {"proxy-authentication-info", "x"},
                                                        {"proxy-connection", "x"},
                                                        {"te", "x"},
                                                        {"trailer", "x"},
                                                        {"transfer-encoding", "x"},
                                                        {"upgrade", "x"},
                                                        {"age", "3"},
                                                        {"content-length", "7"},
                                                        {"cache-status", "other; hit"},
                                                        {"surrogate-key", "k1"},
                                                        {"cache-tag", "k2"},
                                                        {"surrogate-control", "x"},
                                                        {"content-range", "x"},
                                                        {"set-cookie", "s"},
                                                        {"proxy-status", "p"}});
  response.body_bytes = 7;
  const StoredResponse stored = make(response);
  const http::Fields expected = support::fields({{"date", date(-5)},
                                                 {"cache-control", "max-age=9"},
                                                 {"c", "3"},
                                                 {"cache-status", "other; hit"},
                                                 {"content-range", "x"},
                                                 {"set-cookie", "s"},
                                                 {"proxy-status", "p"}});
  EXPECT_TRUE(stored.fields == expected);
  EXPECT_EQ(stored.body_bytes, 7U);
  EXPECT_EQ(stored.status, 200);
}

TEST(MakeStoredRfc9110_7_6_1, ConnectionTakesNoCachingFieldAway) {
  const StoredResponse stored =
      make(support::response(200, {{"connection", "cache-control, vary, set-cookie, age, cache-tag"},
                                   {"cache-control", "no-cache, max-age=9"},
                                   {"vary", "a"},
                                   {"age", "4"},
                                   {"cache-tag", "t"}}));
  EXPECT_TRUE(stored.no_cache);
  EXPECT_EQ(stored.fields.get("vary"), "a");
  EXPECT_EQ(stored.fields.get("cache-control"), "no-cache, max-age=9");
  EXPECT_EQ(stored.initial_age.count(), 6);
  EXPECT_EQ(stored.tags, std::vector<std::string>{"t"});
}

TEST(MakeStored, TakesTimesRulesAndNames) {
  const StoredResponse stored = make(support::response(
      200, {{"cache-control",
             "max-age=60, stale-while-revalidate=30, stale-if-error=40, immutable, must-revalidate"},
            {"age", "10"}}));
  EXPECT_EQ(stored.kind, StoredResponse::Kind::Response);
  EXPECT_EQ(stored.request_time, at(-2));
  EXPECT_EQ(stored.response_time, at(0));
  EXPECT_EQ(stored.initial_age, seconds(12));
  EXPECT_EQ(stored.lifetime, seconds(60));
  EXPECT_EQ(stored.stale_while_revalidate, seconds(30));
  EXPECT_EQ(stored.stale_if_error, seconds(40));
  EXPECT_TRUE(stored.immutable);
  EXPECT_TRUE(stored.must_revalidate);
  EXPECT_FALSE(stored.no_cache);
  EXPECT_EQ(stored.site, "shop");
  EXPECT_EQ(stored.host, "www.example.com");
  EXPECT_EQ(stored.url, "www.example.com/a");
  EXPECT_EQ(stored.fill_stamp, 77U);
  EXPECT_EQ(stored.fields.get("date"), date(0));  // RFC 9110 6.6.1: added, since it was missing
}

TEST(MakeStoredRfc9111_5_2_2_10, SMaxageForbidsStalenessUnlessTheSiteAllowsIt) {
  const auto response = support::response(200, {{"cache-control", "s-maxage=60, stale-if-error=40"}});
  EXPECT_TRUE(make(response).must_revalidate);
  EXPECT_FALSE(make(response, {.stale_if_error = seconds(5)}).must_revalidate);
  EXPECT_EQ(make(response, {.stale_if_error = seconds(5)}).stale_if_error, seconds(5));
  const auto strict = support::response(200, {{"cache-control", "max-age=60, proxy-revalidate"}});
  EXPECT_TRUE(make(strict).must_revalidate);
  EXPECT_TRUE(make(strict, {.stale_if_error = seconds(5)}).must_revalidate);
}

TEST(MakeStored, TagsOfBothFieldsWithoutDoubles) {
  const StoredResponse stored = make(support::response(
      200, {{"surrogate-key", " a  b "}, {"cache-tag", "c d, a ,, e"}, {"surrogate-key", "b f"}}));
  EXPECT_EQ(stored.tags, (std::vector<std::string>{"a", "b", "c d", "e", "f"}));
}

}  // namespace
