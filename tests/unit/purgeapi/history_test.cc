// SPDX-License-Identifier: Apache-2.0
#include "purge/server/history.h"

#include <gtest/gtest.h>

#include "tests/unit/purgeapi/service_rig.h"

namespace purgeapi {
namespace {

using nlohmann::json;
using purge::Kind;

TEST(CoversTest, WhatNamesAUrlOrHoldsIt) {
  const auto covered = [](Kind kind, std::string name, std::string_view url) {
    return covers({.site = "www", .kind = kind, .names = {std::move(name)}}, url);
  };
  EXPECT_TRUE(covered(Kind::Urls, "https://www.example.com/a?b", "http://WWW.example.com/a?b"));
  EXPECT_TRUE(covered(Kind::Urls, "https://www.example.com", "www.example.com/"));
  EXPECT_FALSE(covered(Kind::Urls, "https://www.example.com/a?b", "https://www.example.com/a"));
  EXPECT_TRUE(covered(Kind::Prefixes, "www.example.com/a/", "https://www.example.com/a?b"));
  EXPECT_TRUE(covered(Kind::Prefixes, "www.example.com/a", "https://www.example.com/a/b"));
  EXPECT_FALSE(covered(Kind::Prefixes, "www.example.com/a", "https://www.example.com/ab"));
  EXPECT_TRUE(covered(Kind::Hosts, "www.example.com", "https://www.example.com/ab"));
  EXPECT_FALSE(covered(Kind::Hosts, "example.com", "https://www.example.com/ab"));
  EXPECT_TRUE(covered(Kind::Wildcards, "www.example.com/*.png", "https://www.example.com/a/b.png?c"));
  EXPECT_FALSE(covered(Kind::Wildcards, "www.example.com/*.png", "https://www.example.com/a"));
  EXPECT_FALSE(covered(Kind::Tags, "www.example.com", "https://www.example.com/"));
  EXPECT_TRUE(covers({.site = "www", .kind = Kind::Everything}, "https://www.example.com/"));
}

TEST(ParseHistoryTest, TimesAreMillisecondsOrHowLongAgo) {
  EXPECT_EQ(parse_history("/v1/purges?since=5", 100'000)->since_ms, 5);
  EXPECT_EQ(parse_history("/v1/purges?until=1m", 100'000)->until_ms, 40'000);
  EXPECT_EQ(parse_history("/v1/purges?url=https%3A%2F%2Fa%2F%3Fb%3Dc", 0)->url, "https://a/?b=c");
  for (const char* bad : {"since=yesterday", "limit=0", "limit=1001", "after=x", "page=2"}) {
    EXPECT_FALSE(parse_history(std::string("/v1/purges?") + bad, 0)) << bad;
  }
}

class HistoryTest : public testing::Test {
 protected:
  static std::string shop_token() {
    return "[[token]]\nname = \"all\"\nsha256 = \"" + base::hex(sha256("all")) +
           "\"\nroles = [\"purge\"]\nsites = [\"*\"]\n";
  }
  void purge(const std::string& body, const std::string& token = "purger") {
    ASSERT_EQ(ask(service.url("/v1/purges"), {.token = token, .body = body}).status, 202);
  }
  json history(const std::string& query, const std::string& token = "reader") {
    const Reply reply = ask(service.url("/v1/purges" + query), {.token = token});
    EXPECT_EQ(reply.status, 200) << reply.body;
    return reply.json();
  }
  std::vector<Sequence> numbers(const std::string& query, const std::string& token = "reader") {
    std::vector<Sequence> all;
    const json page = history(query, token);
    for (const json& entry : page["purges"]) all.push_back(entry["sequence"]);
    return all;
  }
  support::TempFolder folder;
  RunningService service{folder.path(), shop_token()};
};

using Numbers = std::vector<Sequence>;

TEST_F(HistoryTest, IsNewestFirstAndSearched) {
  EXPECT_EQ(history("").dump(), R"({"purges":[]})");
  purge(R"({"site":"www","tags":["a","b"]})");
  purge(R"({"site":"shop","urls":["https://shop.example.com/x"]})", "all");
  purge(R"({"site":"www","hosts":["www.example.com"],"soft":true})");
  EXPECT_EQ(numbers(""), (Numbers{3, 2, 1}));
  EXPECT_EQ(numbers("?site=shop"), Numbers{2});
  EXPECT_EQ(numbers("?by=purger"), (Numbers{3, 1}));
  EXPECT_EQ(numbers("?tag=b"), Numbers{1});
  EXPECT_EQ(numbers("?url=https://www.example.com/y"), Numbers{3});
  EXPECT_EQ(numbers("?url=shop.example.com/x"), Numbers{2});
  EXPECT_EQ(numbers("?since=1h&until=0ms"), (Numbers{3, 2, 1}));
  EXPECT_EQ(numbers("?until=1h"), Numbers{});
  const json entry = history("?tag=a")["purges"][0];
  EXPECT_EQ(entry["purge"], json::parse(R"({"site":"www","tags":["a","b"]})"));
  EXPECT_EQ(entry["by"], "purger");
  EXPECT_EQ(entry["from"], "127.0.0.1");
  EXPECT_EQ(entry["api"], "selvage");
  EXPECT_GT(entry["at"], 1'600'000'000'000);
}

TEST_F(HistoryTest, ShowsTheTokensSitesOnly) {
  purge(R"({"site":"www","tags":["a"]})");
  purge(R"({"site":"shop","tags":["a"]})", "all");
  EXPECT_EQ(numbers("", "purger"), Numbers{1});
  EXPECT_EQ(ask(service.url("/v1/purges?site=shop"), {.token = "purger"}).status, 403);
  EXPECT_EQ(ask(service.url("/v1/purges"), {.token = "edge"}).status, 403);
}

TEST_F(HistoryTest, GoesOnWhereItStopped) {
  for (int i = 0; i < 5; ++i) purge(R"({"site":"www","tags":["a"]})");
  json page = history("?limit=2");
  EXPECT_EQ(page["purges"].size(), 2u);
  EXPECT_EQ(page["next"], 4);
  EXPECT_EQ(numbers("?limit=2&after=4"), (Numbers{3, 2}));
  page = history("?limit=2&after=2");
  EXPECT_EQ(page["purges"].size(), 1u);
  EXPECT_FALSE(page.contains("next"));
}

TEST_F(HistoryTest, ReadsFarBackAndPastLargeEntries) {
  purge(R"({"site":"www","tags":["first"]})");
  std::string names;
  for (int i = 0; i < 300; ++i)
    names += (i == 0 ? "\"" : ",\"") + std::string(1900, 'x') + std::to_string(i) + "\"";
  for (int i = 0; i < 4; ++i) purge(R"({"site":"www","tags":[)" + names + "]}");
  for (int batch = 0; batch < 15; ++batch) {
    std::string list;
    for (int i = 0; i < 100; ++i) list += std::string(i == 0 ? "" : ",") + R"({"site":"www","tags":["t"]})";
    purge(R"({"purges":[)" + list + "]}");
  }
  EXPECT_EQ(numbers("?tag=first"), Numbers{1});
  EXPECT_EQ(numbers("?limit=1&tag=" + std::string(1900, 'x') + "7"), Numbers{5});
  EXPECT_EQ(numbers("?limit=1000&tag=t").size(), 1000u);
}

}  // namespace
}  // namespace purgeapi
