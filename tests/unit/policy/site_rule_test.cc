// SPDX-License-Identifier: Apache-2.0
#include "edge/policy/site_rule.h"

#include <gtest/gtest.h>

#include "edge/policy/storing.h"
#include "tests/support/heads.h"

namespace {

using policy::Storable;
using policy::StoredResponse;
using policy::TtlRule;
using std::chrono::seconds;
using support::at;
using support::FieldList;
using support::fields;

TtlRule by_status() {
  return {.status_ttl = {{400, 499, seconds(10)}, {404, 404, seconds(60)}, {500, 599, seconds(5)}}};
}

StoredResponse stored(int status, FieldList list, const TtlRule& rule) {
  return policy::make_stored("shop", {}, support::response(status, list), rule, at(0), at(0), 0);
}

Storable storable(int status, FieldList list, const TtlRule& rule) {
  return policy::storable(support::get("/"), support::response(status, list), rule, at(0), at(0));
}

TEST(StatusTtlRule, AnExactStatusStandsBeforeItsClass) {
  const std::pair<int, std::optional<int>> cases[] = {{404, 60}, {400, 10}, {499, 10}, {503, 5},
                                                      {200, {}}, {302, {}}, {399, {}}};
  for (const auto& [status, expected] : cases) {
    const auto got = policy::status_lifetime(by_status(), status);
    ASSERT_EQ(got.has_value(), expected.has_value()) << status;
    if (got) {
      EXPECT_EQ(got->count(), *expected) << status;
    }
  }
  const TtlRule reversed{.status_ttl = {{404, 404, seconds(60)}, {400, 499, seconds(10)}}};
  EXPECT_EQ(policy::status_lifetime(reversed, 404), seconds(60));
}

TEST(StatusTtlRule, CountsWhereTheOriginSaysNothing) {
  EXPECT_EQ(stored(404, {}, by_status()).lifetime, seconds(60));
  EXPECT_EQ(stored(503, {}, by_status()).lifetime, seconds(5));
  EXPECT_EQ(stored(404, {{"cache-control", "max-age=7"}}, by_status()).lifetime, seconds(7));
  EXPECT_EQ(stored(404, {{"cdn-cache-control", "max-age=7"}}, by_status()).lifetime, seconds(7));
  const std::string old = support::date(-100'000);
  EXPECT_EQ(stored(404, {{"last-modified", old}}, by_status()).lifetime, seconds(60));
  EXPECT_EQ(stored(404, {{"set-cookie", "a=b"}, {"cache-control", "public"}}, by_status()).lifetime,
            seconds(0));
  TtlRule short_lived = by_status();
  short_lived.max_ttl = seconds(3);
  EXPECT_EQ(stored(404, {}, short_lived).lifetime, seconds(3));
  const TtlRule content{.default_ttl = seconds(9), .status_ttl = {{200, 299, seconds(4)}}};
  EXPECT_EQ(stored(200, {}, content).lifetime, seconds(4));
}

TEST(StatusTtlRule, MakesNothingStorableThatIsForbidden) {
  EXPECT_EQ(storable(403, {}, by_status()), Storable::Yes);
  EXPECT_EQ(storable(503, {}, by_status()), Storable::Yes);
  EXPECT_EQ(storable(503, {}, {.status_ttl = {{404, 404, seconds(60)}}}), Storable::Status);
  EXPECT_EQ(storable(302, {}, by_status()), Storable::Status);
  EXPECT_EQ(storable(404, {{"cache-control", "no-store"}}, by_status()), Storable::NoStore);
  EXPECT_EQ(storable(404, {{"cache-control", "private"}}, by_status()), Storable::Private);
  EXPECT_EQ(storable(404, {{"cache-control", "no-cache"}}, by_status()), Storable::Expired);
  EXPECT_EQ(storable(404, {{"set-cookie", "a=b"}}, by_status()), Storable::Cookie);
  EXPECT_EQ(storable(404, {{"vary", "*"}}, by_status()), Storable::VaryStar);
}

TEST(BypassRule, CookiesByNameAndFields) {
  const TtlRule rule{.bypass_cookies = {"session", "wp_*"}, .bypass_headers = {"x-debug"}};
  struct Case {
    const char* what;
    http::Fields request;
    bool expected;
  };
  const Case cases[] = {
      {"none", fields({}), false},
      {"another", fields({{"cookie", "a=b; c=session; d=wp_x"}}), false},
      {"by name", fields({{"cookie", "session=1"}}), true},
      {"among others", fields({{"cookie", "a=b;session=1 ; c=d"}}), true},
      {"in another field", fields({{"cookie", "a=b"}, {"cookie", "session=1"}}), true},
      {"without a value", fields({{"cookie", "session"}}), true},
      {"of another case", fields({{"cookie", "Session=1"}}), false},
      {"longer", fields({{"cookie", "session2=1"}}), false},
      {"wildcard", fields({{"cookie", "wp_logged_in=1"}}), true},
      {"wildcard, shorter", fields({{"cookie", "wp=1"}}), false},
      {"field", fields({{"x-debug", ""}}), true},
      {"field of a longer name", fields({{"x-debug-2", "1"}}), false},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(policy::bypasses(rule, c.request), c.expected) << c.what;
    EXPECT_FALSE(policy::bypasses({}, c.request)) << c.what;
    EXPECT_TRUE(policy::bypasses({.bypass = true}, c.request)) << c.what;
  }
}

TEST(StripRule, RemovesFieldsByName) {
  http::Fields response = fields({{"set-cookie", "a=b"}, {"x", "1"}, {"set-cookie", "c=d"}, {"server", "s"}});
  EXPECT_EQ(
      policy::storable(support::get("/"), {200, response, {}}, {.default_ttl = seconds(9)}, at(0), at(0)),
      Storable::Cookie);
  policy::strip(response, {"set-cookie", "server", "absent"});
  EXPECT_TRUE(response == fields({{"x", "1"}}));
  EXPECT_EQ(
      policy::storable(support::get("/"), {200, response, {}}, {.default_ttl = seconds(9)}, at(0), at(0)),
      Storable::Yes);
}

}  // namespace
