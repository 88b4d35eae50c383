// SPDX-License-Identifier: Apache-2.0
#include "edge/node/ban_pattern.h"

#include <gtest/gtest.h>

namespace node {
namespace {

using Texts = std::vector<std::string>;

BanPattern good(std::string_view text, Dot dot = Dot::Fault) {
  const auto pattern = parse_ban_pattern(text, dot);
  if (!pattern) ADD_FAILURE() << pattern.error().text;
  return pattern.value_or(BanPattern{});
}

TEST(BanPattern, AnythingIsAnything) {
  for (const char* text : {".*", "^.*$", "", "^.*", ".*$", "^", "$"}) EXPECT_TRUE(good(text).all()) << text;
  EXPECT_FALSE(good("^$").all());
}

TEST(BanPattern, KnowsItsEnds) {
  const auto is = [](std::string_view text, bool start, bool end, const Texts& texts) {
    const BanPattern pattern = good(text);
    EXPECT_EQ(pattern.from_start, start) << text;
    EXPECT_EQ(pattern.to_end, end) << text;
    EXPECT_EQ(pattern.texts, texts) << text;
  };
  is("/a", false, false, {"/a"});
  is("^/a", true, false, {"/a"});
  is("^/a$", true, true, {"/a"});
  is("^/a.*", true, false, {"/a"});
  is("^/a.*$", true, false, {"/a"});
  is("^.*/a$", false, true, {"/a"});
  is("^(/a|/b)$", true, true, {"/a", "/b"});
  is(R"(^/a\.html$)", true, true, {"/a.html"});
  is(R"(^/a\?b\=1\-2$)", true, true, {"/a?b=1-2"});
}

TEST(BanPattern, RefusesWhatItCannotSayExactly) {
  for (const char* text : {"^/a.html$", "^/a/.*/b", "[ab]", "^/a+$", "^/a?$", R"(^/\d$)", "(a|b", "a|b",
                           "^(a|(b))$", "(a|)", "^a$b", "\\", "a{2}"}) {
    EXPECT_FALSE(parse_ban_pattern(text, Dot::Fault)) << text;
  }
  EXPECT_TRUE(parse_ban_pattern("^www.a.test$", Dot::Itself));
}

TEST(BanPattern, MatchesAsItsExpressionWould) {
  EXPECT_TRUE(good("^(a|b)$").matches("b"));
  EXPECT_FALSE(good("^(a|b)$").matches("ba"));
  EXPECT_TRUE(good("^a").matches("ab"));
  EXPECT_TRUE(good("b$").matches("ab"));
  EXPECT_TRUE(good("b").matches("abc"));
  EXPECT_FALSE(good("b").matches("ac"));
}

TEST(BanTags, AreAListOrWhatFosHttpCacheMakesOfOne) {
  const auto tags = [](std::string_view text) { return parse_ban_tags(text).value_or(Texts{}); };
  EXPECT_EQ(tags("a, b c"), (Texts{"a", "b", "c"}));
  EXPECT_EQ(tags("(^|,)(a|b)(,|$)"), (Texts{"a", "b"}));
  EXPECT_EQ(tags("(a|b)(,.+)?$"), (Texts{"a", "b"}));
  EXPECT_EQ(tags(R"((^|,)(product\-1|x\.y)(,|$))"), (Texts{"product-1", "x.y"}));
  for (const char* text : {"(a|b).*", "a.*", "^a$", "(a|b)(,.+)$"})
    EXPECT_FALSE(parse_ban_tags(text)) << text;
}

}  // namespace
}  // namespace node
