// SPDX-License-Identifier: Apache-2.0
#include "purge/clock/patterns.h"

#include <gtest/gtest.h>

#include "edge/base/random.h"
#include "edge/base/wildcard.h"
#include "purge/clock/names.h"

namespace purge {
namespace {

// What a '*' stands for, by trying everything.
bool tried(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) return text.empty();
  if (pattern.front() == '*')
    return tried(pattern.substr(1), text) || (!text.empty() && tried(pattern, text.substr(1)));
  return !text.empty() && pattern.front() == text.front() && tried(pattern.substr(1), text.substr(1));
}

TEST(WildcardTest, MatchesWhatTryingEverythingFinds) {
  base::Random random(7);
  int matched = 0;
  for (int i = 0; i < 50'000; ++i) {
    std::string pattern;
    std::string text;
    for (auto n = random.below(8); n > 0; --n) pattern += "ab*"[random.below(3)];
    for (auto n = random.below(10); n > 0; --n) text += "ab"[random.below(2)];
    ASSERT_EQ(base::matches_wildcard(pattern, text), tried(pattern, text)) << pattern << ' ' << text;
    matched += tried(pattern, text);
  }
  EXPECT_GT(matched, 1'000);
}

TEST(WildcardTest, ManyStarsTakeNoMoreThanTheProductOfTheLengths) {
  std::string pattern;
  for (int i = 0; i < 500; ++i) pattern += "*a";
  EXPECT_FALSE(base::matches_wildcard(pattern + "b", std::string(2'000, 'a')));
}

TEST(NamesTest, KindsAndSitesHaveNamesOfTheirOwn) {
  const Namer www("www");
  EXPECT_NE(www.name(NameKind::Tag, "x"), www.name(NameKind::Host, "x"));
  EXPECT_NE(www.name(NameKind::Tag, "x"), Namer("shop").name(NameKind::Tag, "x"));
  EXPECT_EQ(www.name(NameKind::Tag, "x"), Namer("www").name(NameKind::Tag, "x"));
}

TEST(NamesTest, TextsThatAreJoinedCanBeTakenOutAgain) {
  const std::string bytes = joined({"", "a:b", "3:x"});
  std::string_view rest = bytes;
  std::string text = "before";
  for (const char* expected : {"", "a:b", "3:x"}) {
    ASSERT_TRUE(take_text(rest, text));
    EXPECT_EQ(text, expected);
  }
  EXPECT_FALSE(take_text(rest, text));
  for (std::string_view broken : {"4:abc", "x", "3", "99999999999999999999:x"})
    EXPECT_FALSE(take_text(broken, text));
}

TEST(NamesTest, HeadersAreTheSameInAnyOrderAndCase) {
  EXPECT_EQ(text_of({{"B", "1"}, {"a", "2"}}), text_of({{"A", "2"}, {"b", "1"}}));
  EXPECT_NE(text_of({{"a", "x"}}), text_of({{"a", "X"}}));
}

TEST(PatternTableTest, GivesTheNewestFirstAndOnlyWhatIsNewer) {
  PatternTable table(10);
  const base::Hash128 group{1, 1};
  for (std::uint64_t n : {1, 2, 3}) table.raise(group, {{0, n}, std::to_string(n), {.hard = n}});
  table.raise(group, {{0, 1}, "1", {.soft = 4}});
  std::string seen;
  table.each(group, 2, [&](const PatternTable::Pattern& pattern) { seen += pattern.text; });
  EXPECT_EQ(seen, "13");
  EXPECT_EQ(table.stamps_of(group, {0, 1}).hard, 1u);
  EXPECT_EQ(table.stamps_of(group, {0, 1}).soft, 4u);
  table.each({2, 2}, 0, [](const PatternTable::Pattern&) { FAIL() << "of another group"; });
  EXPECT_EQ(table.size(), 3u);
}

}  // namespace
}  // namespace purge
