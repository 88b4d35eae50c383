// SPDX-License-Identifier: Apache-2.0
#include "purge/clock/purge.h"

#include <gtest/gtest.h>

namespace purge {
namespace {

struct Good {
  const char* name;
  std::string json;
  Purge purge;
};
class GoodPurgeTest : public testing::TestWithParam<Good> {};

TEST_P(GoodPurgeTest, IsReadAndWrittenBack) {
  const auto purge = parse_purge(GetParam().json);
  ASSERT_TRUE(purge) << purge.error().text;
  EXPECT_EQ(*purge, GetParam().purge);
  const std::string text = to_json(*purge);
  EXPECT_EQ(text.find('\n'), std::string::npos);
  const auto again = parse_purge(text);
  ASSERT_TRUE(again) << again.error().text;
  EXPECT_EQ(*again, *purge);
}

INSTANTIATE_TEST_SUITE_P(
    Table, GoodPurgeTest,
    testing::Values(
        Good{"Urls",
             R"({"site":"www","urls":["https://a.test/x","http://a.test/y?z=1"]})",
             {.site = "www", .kind = Kind::Urls, .names = {"https://a.test/x", "http://a.test/y?z=1"}}},
        Good{"Tags",
             R"({"site":"www","tags":["a"],"soft":true})",
             {.site = "www", .kind = Kind::Tags, .names = {"a"}, .soft = true}},
        Good{"Prefixes",
             R"({"prefixes":["a.test/blog/"],"site":"www","soft":false})",
             {.site = "www", .kind = Kind::Prefixes, .names = {"a.test/blog/"}}},
        Good{"Hosts",
             R"({"site":"www","hosts":["a.test"]})",
             {.site = "www", .kind = Kind::Hosts, .names = {"a.test"}}},
        Good{"Wildcards",
             R"({"site":"www","wildcards":["a.test/img/*.png"]})",
             {.site = "www", .kind = Kind::Wildcards, .names = {"a.test/img/*.png"}}},
        Good{
            "Variants",
            R"({"site":"www","variants":[{"url":"https://a.test/x","headers":{"Accept-Language":"de, en","X-Device":""}}]})",
            {.site = "www",
             .kind = Kind::Variants,
             .names = {"https://a.test/x"},
             .headers = {{{"accept-language", "de, en"}, {"x-device", ""}}}}},
        Good{"TagsInAnyCase",
             R"({"site":"www","tags":["News"],"ignore_case":true})",
             {.site = "www", .kind = Kind::Tags, .names = {"News"}, .ignore_case = true}},
        Good{"Everything", R"({"site":"www","everything":true})", {.site = "www"}},
        Good{"UnicodePath",
             R"({"site":"www","urls":["https://a.test/caf\u00e9"]})",
             {.site = "www", .kind = Kind::Urls, .names = {"https://a.test/caf\u00e9"}}},
        Good{"Unicode",
             R"({"site":"www","tags":["b\u00fccher"]})",
             {.site = "www", .kind = Kind::Tags, .names = {"b\u00fccher"}}}),
    [](const auto& tested) { return tested.param.name; });

struct Bad {
  const char* name;
  std::string json;
  std::string says;  ///< a part of the error
};
class BadPurgeTest : public testing::TestWithParam<Bad> {};

TEST_P(BadPurgeTest, IsRefusedWithWhatIsWrong) {
  const auto purge = parse_purge(GetParam().json);
  ASSERT_FALSE(purge);
  EXPECT_EQ(purge.error().code, base::Errc::Invalid);
  EXPECT_NE(purge.error().text.find(GetParam().says), std::string::npos) << purge.error().text;
}

std::string many_tags(std::size_t count) {
  std::string json = R"({"site":"www","tags":[)";
  for (std::size_t i = 0; i < count; ++i) json += i == 0 ? "\"t\"" : ",\"t\"";
  return json + "]}";
}

INSTANTIATE_TEST_SUITE_P(
    Table, BadPurgeTest,
    testing::Values(
        Bad{"Empty", "", "not JSON"}, Bad{"Cut", R"({"site":"www")", "not JSON"}, Bad{"List", "[]", "array"},
        Bad{"NoSite", R"({"tags":["a"]})", "\"site\""},
        Bad{"EmptySite", R"({"site":"","tags":["a"]})", "\"site\""},
        Bad{"NoSelector", R"({"site":"www"})", "found 0 selectors"},
        Bad{"TwoSelectors", R"({"site":"www","tags":["a"],"hosts":["h"]})", "found 2 selectors"},
        Bad{"Unknown", R"({"site":"www","tag":["a"]})", "unknown member \"tag\""},
        Bad{"NotAList", R"({"site":"www","tags":"a"})", "\"tags\" is a string"},
        Bad{"EmptyList", R"({"site":"www","tags":[]})", "\"tags\" is empty"},
        Bad{"NotAText", R"({"site":"www","tags":["a",1]})", "\"tags\"[1] is a number"},
        Bad{"EmptyName", R"({"site":"www","tags":["a",""]})", "\"tags\"[1] \"\" is empty"},
        Bad{"SpacedTag", R"({"site":"www","tags":["a b"]})", "spaces"},
        Bad{"SoftText", R"({"site":"www","tags":["a"],"soft":"yes"})", "\"soft\" is a string"},
        Bad{"EverythingFalse", R"({"site":"www","everything":false})", "allowed: true"},
        Bad{"RelativeUrl", R"({"site":"www","urls":["/x"]})", "absolute"},
        Bad{"UrlWithoutHost", R"({"site":"www","urls":["https:///x"]})", "has no host"},
        Bad{"PrefixQuery", R"({"site":"www","prefixes":["a.test/x?y"]})", "query"},
        Bad{"PrefixPath", R"({"site":"www","prefixes":["/x"]})", "has no host"},
        Bad{"WildcardHost", R"({"site":"www","wildcards":["*.a.test/x"]})", "wildcard"},
        Bad{"WildcardQuery", R"({"site":"www","wildcards":["a.test/*?x"]})", "query"},
        Bad{"WildcardWithoutStar", R"({"site":"www","wildcards":["a.test/x"]})", "has no \"*\""},
        Bad{"VariantText", R"({"site":"www","variants":["https://a.test/x"]})", "\"variants\"[0] is"},
        Bad{"VariantWithoutHeaders", R"({"site":"www","variants":[{"url":"https://a.test/x"}]})", "headers"},
        Bad{"VariantEmptyHeaders", R"({"site":"www","variants":[{"url":"https://a.test/x","headers":{}}]})",
            "1 to 32"},
        Bad{"VariantBadName",
            R"({"site":"www","variants":[{"url":"https://a.test/x","headers":{"a b":"c"}}]})",
            "names of header fields"},
        Bad{"VariantBadValue", R"({"site":"www","variants":[{"url":"https://a.test/x","headers":{"a":1}}]})",
            "a number"},
        Bad{"VariantControl",
            R"({"site":"www","variants":[{"url":"https://a.test/x","headers":{"a":"b\nc"}}]})",
            "control characters"},
        Bad{"VariantRelative", R"({"site":"www","variants":[{"url":"/x","headers":{"a":"b"}}]})", "absolute"},
        Bad{"CaseOfUrls", R"({"site":"www","urls":["https://a.test/x"],"ignore_case":true})",
            "\"tags\" only"},
        Bad{"HostPort", R"({"site":"www","hosts":["a.test:80"]})", "without port"},
        Bad{"UnicodeUrlHost", R"({"site":"www","urls":["https://b\u00fc.test/"]})", "punycode"},
        Bad{"UnicodePrefixHost", R"({"site":"www","prefixes":["b\u00fc.test/x"]})", "punycode"},
        Bad{"UnicodeHost", R"({"site":"www","hosts":["b\u00fc.test"]})", "punycode"},
        Bad{"HugeNumber", R"({"site":"www","tags":["a"],"soft":1e999})", "a number that is too large"},
        Bad{"Deep",
            R"({"site":"www","everything":)" + std::string(100'000, '[') + std::string(100'000, ']') + "}",
            "nested deeper than 16"},
        Bad{"Flat", R"({"site":"www","everything":[[1]]})", "is a array"},
        Bad{"TwiceWithin",
            R"({"site":"www","variants":[{"url":"https://a/","url":"https://b/","headers":{"a":"b"}}]})",
            "there twice"},
        Bad{"TooMany", many_tags(1001), "allowed: 1000"},
        Bad{"TooLong", R"({"site":"www","tags":[")" + std::string(2049, 'x') + "\"]}", "allowed: 2048"}),
    [](const auto& tested) { return tested.param.name; });

TEST(NodeNameTest, IsWhatAPathCanHold) {
  for (const char* good : {"edge-1", "a", "Fra_2.example"}) EXPECT_TRUE(is_node_name(good)) << good;
  for (const char* bad : {"", "a b", "a/b", "a%20", "\xc3\xa4"}) EXPECT_FALSE(is_node_name(bad)) << bad;
  EXPECT_FALSE(is_node_name(std::string(101, 'a')));
}

TEST(ParsePurgeTest, TakesAsManyNamesAsAllowed) { EXPECT_TRUE(parse_purge(many_tags(1000))); }

}  // namespace
}  // namespace purge
