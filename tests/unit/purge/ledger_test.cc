// SPDX-License-Identifier: Apache-2.0
#include "purge/clock/ledger.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "edge/policy/cache_key.h"
#include "tests/unit/purge/fakes.h"

namespace purge {
namespace {

struct Match {
  const char* name;
  Purge purge;
  bool matches;
};

const std::vector<std::string> kTags = {"news", "front page"};
constexpr std::string_view kUrl = "www.a.test/blog/2024/post.html?page=2";

// The variant for those who want German.
class German final : public Variant {
 public:
  bool is_chosen_by(const VariantHeaders& headers) const override {
    return headers == VariantHeaders{{"accept-language", "de"}};
  }
};
const German kGerman;

Subject subject() {
  return {.site = "www",
          .host = "www.a.test",
          .url = kUrl,
          .tags = kTags,
          .status = 404,
          .content_type = "Text/HTML; charset=utf-8",
          .variant = &kGerman};
}
Purge of(Kind kind, std::vector<std::string> names, std::string site = "www") {
  return {.site = std::move(site), .kind = kind, .names = std::move(names)};
}

Purge in_any_case(std::vector<std::string> tags) {
  return {.site = "www", .kind = Kind::Tags, .names = std::move(tags), .ignore_case = true};
}
Purge of_variant(std::string url, VariantHeaders headers) {
  return {.site = "www", .kind = Kind::Variants, .names = {std::move(url)}, .headers = {std::move(headers)}};
}

class LedgerMatchTest : public testing::TestWithParam<Match> {};

TEST_P(LedgerMatchTest, HardKillsAndSoftMakesStaleExactlyWhatItNames) {
  for (const bool soft : {false, true}) {
    Ledger ledger(without_scheme);
    ledger.load(1, 10, {});
    Purge purge = GetParam().purge;
    purge.soft = soft;
    ledger.apply(11, purge);
    const Verdict hit = soft ? Verdict::Stale : Verdict::Dead;
    EXPECT_EQ(ledger.verdict(subject(), make_stamp(1, 10)), GetParam().matches ? hit : Verdict::Live);
    EXPECT_EQ(ledger.verdict(subject(), make_stamp(1, 11)), Verdict::Live);
    EXPECT_EQ(ledger.now(), make_stamp(1, 11));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Table, LedgerMatchTest,
    testing::Values(
        Match{"Url", of(Kind::Urls, {"https://www.a.test/blog/2024/post.html?page=2"}), true},
        Match{"UrlAmongOthers",
              of(Kind::Urls, {"https://b.test/", "https://www.a.test/blog/2024/post.html?page=2"}), true},
        Match{"UrlOtherQuery", of(Kind::Urls, {"https://www.a.test/blog/2024/post.html?page=3"}), false},
        Match{"UrlWithoutQuery", of(Kind::Urls, {"https://www.a.test/blog/2024/post.html"}), false},
        Match{"UrlOtherSite", of(Kind::Urls, {"https://www.a.test/blog/2024/post.html?page=2"}, "shop"),
              false},
        Match{"Tag", of(Kind::Tags, {"news"}), true},
        Match{"SecondTag", of(Kind::Tags, {"front page"}), true},
        Match{"TagPart", of(Kind::Tags, {"new"}), false}, Match{"TagCase", of(Kind::Tags, {"News"}), false},
        Match{"TagOtherSite", of(Kind::Tags, {"news"}, "shop"), false},
        Match{"TagNamedAsTheHost", of(Kind::Tags, {"www.a.test"}), false},
        Match{"PrefixHost", of(Kind::Prefixes, {"www.a.test"}), true},
        Match{"PrefixHostSlash", of(Kind::Prefixes, {"www.a.test/"}), true},
        Match{"PrefixFolder", of(Kind::Prefixes, {"www.a.test/blog"}), true},
        Match{"PrefixFolderSlash", of(Kind::Prefixes, {"www.a.test/blog/"}), true},
        Match{"PrefixWithScheme", of(Kind::Prefixes, {"https://www.a.test/blog/2024"}), true},
        Match{"PrefixWholePath", of(Kind::Prefixes, {"www.a.test/blog/2024/post.html"}), true},
        Match{"PrefixWithinSegment", of(Kind::Prefixes, {"www.a.test/blog/20"}), false},
        Match{"PrefixBeyond", of(Kind::Prefixes, {"www.a.test/blog/2024/post.html/x"}), false},
        Match{"PrefixOtherHost", of(Kind::Prefixes, {"a.test/blog"}), false},
        Match{"TagInAnyCase", in_any_case({"NEWS"}), true},
        Match{"OtherTagInAnyCase", in_any_case({"NEWSY"}), false},
        Match{"Status", of(Kind::Tags, {"status=404"}), true},
        Match{"OtherStatus", of(Kind::Tags, {"status=200"}), false},
        Match{"Type", of(Kind::Tags, {"type=text/html"}), true},
        Match{"TypeGroup", of(Kind::Tags, {"type=text/*"}), true},
        Match{"OtherType", of(Kind::Tags, {"type=image/*"}), false},
        Match{"TypePart", of(Kind::Tags, {"type=text"}), false},
        Match{"Wildcard", of(Kind::Wildcards, {"www.a.test/blog/*.html"}), true},
        Match{"WildcardInTheMiddle", of(Kind::Wildcards, {"www.a.test/*/2024/*"}), true},
        Match{"WildcardForNothing", of(Kind::Wildcards, {"www.a.test/blog*/2024/post.html*"}), true},
        Match{"WildcardOfTheQuery", of(Kind::Wildcards, {"www.a.test/*page=2"}), false},
        Match{"WildcardTooShort", of(Kind::Wildcards, {"www.a.test/*/2024"}), false},
        Match{"WildcardOtherHost", of(Kind::Wildcards, {"a.test/*"}), false},
        Match{"WildcardOtherSite", of(Kind::Wildcards, {"www.a.test/*"}, "shop"), false},
        Match{"Variant",
              of_variant("https://www.a.test/blog/2024/post.html?page=2", {{"Accept-Language", "de"}}), true},
        Match{"OtherVariant",
              of_variant("https://www.a.test/blog/2024/post.html?page=2", {{"accept-language", "fr"}}),
              false},
        Match{"VariantOtherUrl", of_variant("https://www.a.test/", {{"accept-language", "de"}}), false},
        Match{"Host", of(Kind::Hosts, {"WWW.A.test"}), true},
        Match{"OtherHost", of(Kind::Hosts, {"a.test"}), false},
        Match{"HostOtherSite", of(Kind::Hosts, {"www.a.test"}, "shop"), false},
        Match{"Everything", of(Kind::Everything, {}), true},
        Match{"EverythingOtherSite", of(Kind::Everything, {}, "shop"), false}),
    [](const auto& tested) { return tested.param.name; });

TEST(LedgerTest, APurgeMatchesEverySpellingOfItsName) {
  const auto normalise = [](std::string_view, std::string_view url) { return policy::normal_url({}, url); };
  const std::vector<std::string> spellings = {"a.test/caf\u00e9/x%", "a.test/caf%C3%A9/x%25",
                                              "a.test/%63af%c3\xa9/x%"};
  for (const std::string& purged : spellings) {
    for (const Purge& purge : {of(Kind::Urls, {"https://" + purged}), of(Kind::Prefixes, {purged})}) {
      Ledger ledger(normalise);
      ledger.load(1, 0, {});
      ledger.apply(1, purge);
      for (const std::string& asked : spellings) {
        const std::string url = policy::normal_url({}, asked);
        const Subject subject = {.site = "www", .host = "a.test", .url = url};
        EXPECT_EQ(ledger.verdict(subject, make_stamp(1, 0)), Verdict::Dead) << purged << ' ' << asked;
      }
    }
  }
}

TEST(LedgerTest, TheNewestEntryOfEachKindCounts) {
  Ledger ledger(without_scheme);
  ledger.load(1, 0, {});
  ledger.apply(1, of(Kind::Tags, {"news"}));
  Purge soft = of(Kind::Everything, {});
  soft.soft = true;
  ledger.apply(2, soft);
  EXPECT_EQ(ledger.verdict(subject(), make_stamp(1, 0)), Verdict::Dead);
  EXPECT_EQ(ledger.verdict(subject(), make_stamp(1, 1)), Verdict::Stale);
  EXPECT_EQ(ledger.verdict(subject(), make_stamp(1, 2)), Verdict::Live);
  EXPECT_EQ(ledger.newest(subject()), make_stamp(1, 2));
}

TEST(LedgerTest, IgnoresEntriesThatItHasApplied) {
  Ledger ledger(without_scheme);
  ledger.load(1, 5, {});
  ledger.apply(5, of(Kind::Everything, {}));
  ledger.apply(3, of(Kind::Everything, {}));
  EXPECT_EQ(ledger.now(), make_stamp(1, 5));
  EXPECT_EQ(ledger.entries(), 0u);
}

TEST(LedgerTest, AResetKillsAllOfEarlierEpochsAndNothingAfter) {
  Ledger ledger(without_scheme);
  ledger.load(1, 900, {});
  ledger.apply(901, of(Kind::Tags, {"news"}));
  ledger.reset(2, 7);
  EXPECT_EQ(ledger.epoch(), 2);
  EXPECT_EQ(ledger.entries(), 0u);
  EXPECT_EQ(ledger.verdict(subject(), make_stamp(1, 901)), Verdict::Dead);
  EXPECT_EQ(ledger.verdict(subject(), make_stamp(2, 7)), Verdict::Live);
}

TEST(LedgerTest, RowsLoadedBackGiveTheSameVerdicts) {
  Ledger ledger(without_scheme);
  ledger.load(3, 100, {});
  std::vector<Ledger::Row> rows;
  Purge soft = of(Kind::Prefixes, {"www.a.test/blog"});
  soft.soft = true;
  Sequence at = 100;
  for (const Purge& purge :
       {of(Kind::Tags, {"news", "other"}), soft, of(Kind::Hosts, {"b.test"}),
        of(Kind::Wildcards, {"www.a.test/*.html", "b.test/*"}), in_any_case({"News"}),
        of_variant("https://www.a.test/blog/2024/post.html?page=2", {{"accept-language", "de"}}),
        of_variant("https://www.a.test/blog/2024/post.html?page=2", {{"accept-language", "fr"}})}) {
    ++at;
    for (const Ledger::Row& row : ledger.rows_of(at, purge)) rows.push_back(row);
    ledger.apply(at, purge);
  }
  Ledger again(without_scheme);
  again.load(3, at, rows);
  EXPECT_EQ(again.now(), ledger.now());
  EXPECT_EQ(again.entries(), ledger.entries());
  for (Sequence since = 100; since <= at; ++since) {
    EXPECT_EQ(again.verdict(subject(), make_stamp(3, since)), ledger.verdict(subject(), make_stamp(3, since)))
        << since;
  }
  EXPECT_EQ(again.verdict(subject(), make_stamp(2, 5000)), Verdict::Dead);
}

TEST(LedgerTest, AVariantThatIsNotKnownYetMayBeAny) {
  Ledger ledger(without_scheme);
  ledger.load(1, 0, {});
  ledger.apply(1, of_variant("https://www.a.test/blog/2024/post.html?page=2", {{"accept-language", "fr"}}));
  Subject unknown = subject();
  EXPECT_EQ(ledger.verdict(unknown, make_stamp(1, 0)), Verdict::Live);
  unknown.variant = nullptr;
  EXPECT_EQ(ledger.verdict(unknown, make_stamp(1, 0)), Verdict::Dead);
}

TEST(LedgerTest, ARowThatCannotBeReadKillsAllThatIsOlder) {
  Ledger ledger(without_scheme);
  ledger.load(1, 9, {{.name_high = 1, .name_low = 2, .hard = make_stamp(1, 5), .text = "w3:www"}});
  EXPECT_EQ(ledger.floor(), make_stamp(1, 5));
  EXPECT_EQ(ledger.verdict(subject(), make_stamp(1, 4)), Verdict::Dead);
  EXPECT_EQ(ledger.verdict(subject(), make_stamp(1, 5)), Verdict::Live);
}

// The bound of a site is 4: with the fifth, the three oldest become a purge of the whole site.
TEST(LedgerTest, TooManyWildcardsOfASiteBecomeAPurgeOfTheSite) {
  Ledger ledger(without_scheme, {.wildcards = 4});
  ledger.load(1, 0, {});
  std::vector<Ledger::Row> rows;
  for (Sequence n = 1; n <= 5; ++n) {
    Purge purge = of(Kind::Wildcards, {"b.test/" + std::to_string(n) + "/*"});
    purge.soft = n < 3;
    for (auto& row : ledger.rows_of(n, purge)) rows.push_back(row);
    for (auto& row : ledger.apply(n, purge)) rows.push_back(row);
    EXPECT_EQ(ledger.verdict(subject(), make_stamp(1, 0)), n < 5 ? Verdict::Live : Verdict::Dead) << n;
  }
  EXPECT_EQ(ledger.verdict(subject(), make_stamp(1, 3)), Verdict::Live);
  EXPECT_EQ(ledger.entries(), 3u);  // two wildcards, and the site
  const Subject later{.site = "www", .host = "b.test", .url = "b.test/5/x"};
  EXPECT_EQ(ledger.verdict(later, make_stamp(1, 4)), Verdict::Dead);
  Ledger again(without_scheme, {.wildcards = 4});
  again.load(1, 5, rows);
  EXPECT_EQ(again.verdict(subject(), make_stamp(1, 0)), Verdict::Dead);
  EXPECT_EQ(again.verdict(subject(), make_stamp(1, 3)), Verdict::Live);
}

// One soft purge that names more than half of what may be kept does not turn an older hard one into a soft
// one.
TEST(LedgerTest, AHardWildcardStaysHardWhenManySoftOnesPushItOut) {
  Ledger ledger(without_scheme, {.wildcards = 4});
  ledger.load(1, 0, {});
  ledger.apply(1, of(Kind::Wildcards, {"www.a.test/blog/*"}));
  Purge soft = of(Kind::Wildcards, {"b.test/1/*", "b.test/2/*", "b.test/3/*", "www.a.test/blog/*"});
  soft.soft = true;
  ledger.apply(2, soft);
  EXPECT_EQ(ledger.verdict(subject(), make_stamp(1, 0)), Verdict::Dead);
  soft.names = {"b.test/4/*", "b.test/5/*", "b.test/6/*"};
  ledger.apply(3, soft);
  EXPECT_EQ(ledger.verdict(subject(), make_stamp(1, 0)), Verdict::Dead);
}

TEST(LedgerTest, WhatLiesVeryDeepIsPurgedWithItsAncestor) {
  std::string url = "www.a.test";
  for (int i = 0; i < 100; ++i) url += "/x";
  const std::string with_slash = url + "/";
  const Subject deep{.site = "www", .host = "www.a.test", .url = url};
  const std::string parent = url.substr(0, url.size() - 2);
  const std::string cousin = url.substr(0, url.size() - 2) + "/y";
  Ledger ledger(without_scheme);
  ledger.load(1, 0, {});
  ledger.apply(1, of(Kind::Prefixes, {"www.a.test/x/x/y"}));
  EXPECT_EQ(ledger.verdict(deep, make_stamp(1, 0)), Verdict::Live);
  for (const std::string& prefix : {parent, cousin, url}) {
    Ledger another(without_scheme);
    another.load(1, 0, {});
    another.apply(1, of(Kind::Prefixes, {prefix}));
    EXPECT_EQ(another.verdict(deep, make_stamp(1, 0)), Verdict::Dead) << prefix;
    const Subject folder{.site = "www", .host = "www.a.test", .url = with_slash};
    EXPECT_EQ(another.verdict(folder, make_stamp(1, 0)), Verdict::Dead)
        << prefix << ", with a slash at its end";
  }
}

// Whoever looks while the older half of a site's wildcards gives way to a purge of the site finds the one or
// the other.
TEST(LedgerTest, NothingComesToLifeWhilePatternsGiveWay) {
  std::atomic<int> alive{0};
  for (int round = 0; round < 500; ++round) {
    Ledger ledger(without_scheme, {.wildcards = 4});
    ledger.load(1, 0, {});
    ledger.apply(1, of(Kind::Wildcards, {"www.a.test/blog/*"}));
    std::atomic<bool> looking{false};
    std::atomic<bool> ended{false};
    std::thread reader([&] {
      while (!ended) {
        alive += ledger.verdict(subject(), make_stamp(1, 0)) != Verdict::Dead;
        looking = true;
      }
    });
    while (!looking) std::this_thread::yield();
    for (Sequence n = 2; n <= 40; ++n)
      ledger.apply(n, of(Kind::Wildcards, {"b.test/" + std::to_string(n) + "/*"}));
    ended = true;
    reader.join();
  }
  EXPECT_EQ(alive, 0);
}

TEST(LedgerTest, DropForgetsWhatIsNotNewerAndNotSpared) {
  Ledger ledger(without_scheme);
  ledger.load(1, 0, {});
  Purge soft = of(Kind::Wildcards, {"www.a.test/blog/*"});
  soft.soft = true;
  ledger.apply(1, soft);
  ledger.apply(2, of(Kind::Tags, {"other"}));
  ledger.apply(3, of(Kind::Tags, {"late"}));
  Ledger::Names spared;
  ledger.names_above(subject(), make_stamp(1, 0), spared);
  EXPECT_EQ(spared.size(), 3u);  // with the site and the URL, which may come in its place
  EXPECT_EQ(ledger.drop(make_stamp(1, 2), spared), 1u);
  EXPECT_EQ(ledger.entries(), 2u);
  EXPECT_EQ(ledger.verdict(subject(), make_stamp(1, 0)), Verdict::Stale);
  EXPECT_EQ(ledger.now(), make_stamp(1, 3));
  EXPECT_EQ(ledger.drop(make_stamp(1, 3), {}), 2u);
  EXPECT_EQ(ledger.verdict(subject(), make_stamp(1, 0)), Verdict::Live);
}

TEST(LedgerTest, ARowKeepsTheStampOfTheOtherKind) {
  Ledger ledger(without_scheme);
  ledger.load(1, 0, {});
  ledger.apply(1, of(Kind::Tags, {"news"}));
  Purge soft = of(Kind::Tags, {"news"});
  soft.soft = true;
  const auto rows = ledger.rows_of(2, soft);
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].hard, make_stamp(1, 1));
  EXPECT_EQ(rows[0].soft, make_stamp(1, 2));
}

// Whoever has seen the clock at n must find what entry n killed, while one thread applies and others look.
TEST(LedgerTest, WhoSeesTheClockSeesItsEffect) {
  constexpr Sequence kLast = 20'000;
  constexpr std::size_t kNames = 30;
  Ledger ledger(without_scheme);
  ledger.load(1, 0, {});
  std::atomic<bool> ended{false};
  std::atomic<int> missed{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      while (!ended) {
        const Stamp now = ledger.now();
        if (sequence_of(now) == 0) continue;
        // Entry n purges tag n % 10, so each of the last ten tags died at most ten entries ago.
        const std::vector<std::string> tags = {std::to_string(sequence_of(now) % 10)};
        const Subject asked{.site = "www", .host = "h", .url = "h/x", .tags = tags};
        if (ledger.verdict(asked, now - 1) != Verdict::Dead) ++missed;
      }
    });
  }
  // The tag that is looked for comes last of many, so that a clock that runs ahead is seen.
  std::vector<std::string> names(kNames);
  for (Sequence n = 1; n <= kLast; ++n) {
    names.back() = std::to_string(n % 10);
    ledger.apply(n, of(Kind::Tags, names));
  }
  ended = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(missed, 0);
  EXPECT_EQ(ledger.entries(), 11u);
}

}  // namespace
}  // namespace purge
