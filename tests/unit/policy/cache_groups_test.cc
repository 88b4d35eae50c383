// SPDX-License-Identifier: Apache-2.0
#include "edge/policy/cache_groups.h"

#include <gtest/gtest.h>

#include "edge/policy/storing.h"
#include "tests/support/heads.h"

namespace {

using Groups = std::vector<std::string>;
using support::at;

std::string list_of(int count, std::size_t bytes) {
  std::string out;
  for (int i = 0; i < count; ++i) {
    std::string name = std::to_string(i);
    name.resize(bytes, 'x');
    out += (out.empty() ? "\"" : ", \"") + name + "\"";
  }
  return out;
}

TEST(CacheGroupsRfc9875_2, AreAListOfStrings) {
  const std::pair<std::string, Groups> cases[] = {
      {R"("a")", {"a"}},
      {R"("a", "B c";x=1 , "d\"e")", {"a", "B c", "d\"e"}},
      {R"("a", "a")", {"a"}},
      {R"("a", "A")", {"a", "A"}},
      {R"("")", {""}},
      {"", {}},
      // What is no List of Strings is none at all.
      {"a", {}},
      {R"("a", b)", {}},
      {R"("a", 1)", {}},
      {R"("a", ("b"))", {}},
      {R"("a",)", {}},
      {R"("a)", {}},
  };
  for (const auto& [text, expected] : cases) {
    EXPECT_EQ(policy::groups_of(support::fields({{"cache-groups", text}})), expected) << text;
  }
  EXPECT_EQ(policy::groups_of(support::fields({{"cache-groups", "\"a\""}, {"cache-groups", "\"b\""}})),
            (Groups{"a", "b"}));
  EXPECT_EQ(policy::groups_of({}), Groups{});
}

TEST(CacheGroupsRfc9875_2, HaveBounds) {
  const auto count = [](int groups, std::size_t bytes) {
    return policy::groups_of(support::fields({{"cache-groups", list_of(groups, bytes)}})).size();
  };
  EXPECT_EQ(count(32, 128), 32U);
  EXPECT_EQ(count(33, 8), 0U);
  EXPECT_EQ(count(1, 129), 0U);
}

TEST(CacheGroupsRfc9875_3, OnlyAnUnsafeRequestThatSucceededInvalidates) {
  const auto of = [](const char* method, int status, std::string_view name = "cache-group-invalidation") {
    return policy::group_invalidation(method, support::response(status, {{name, R"("a", "b")"}}));
  };
  for (const char* method : {"POST", "PUT", "DELETE", "PATCH", "FOO"}) {
    EXPECT_EQ(of(method, 200), (Groups{"a", "b"})) << method;
    EXPECT_EQ(of(method, 303), (Groups{"a", "b"})) << method;
    EXPECT_EQ(of(method, 404), Groups{}) << method;
    EXPECT_EQ(of(method, 503), Groups{}) << method;
  }
  for (const char* method : {"GET", "HEAD", "OPTIONS", "TRACE"})
    EXPECT_EQ(of(method, 200), Groups{}) << method;
  EXPECT_EQ(of("POST", 200, "cache-groups"), Groups{});
}

TEST(CacheGroupsRfc9875_2, AreStoredAndSent) {
  const policy::StoredResponse stored =
      policy::make_stored("shop", {}, support::response(200, {{"cache-groups", "\"a\""}, {"etag", "\"e\""}}),
                          {}, at(0), at(0), 0);
  EXPECT_EQ(stored.groups, Groups{"a"});
  EXPECT_EQ(stored.fields.get("cache-groups"), "\"a\"");
  const auto after_304 = [&](support::FieldList update) {
    return policy::freshened(stored, support::response(304, update), {}, at(1), at(1), 0).groups;
  };
  EXPECT_EQ(after_304({}), Groups{"a"});
  EXPECT_EQ(after_304({{"cache-groups", "\"b\", \"c\""}}), (Groups{"b", "c"}));
}

}  // namespace
