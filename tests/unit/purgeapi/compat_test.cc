// SPDX-License-Identifier: Apache-2.0
#include "purge/server/compat.h"

#include <gtest/gtest.h>

#include "purge/server/cloudflare_body.h"
#include "purge/server/cloudflare_request.h"
#include "purge/server/rate_gates.h"
#include "tests/unit/purgeapi/service_rig.h"

namespace purgeapi {
namespace {

using namespace std::chrono_literals;
using purge::Kind;

CloudflareAsk good(const std::string& body, bool soft = false) {
  auto ask = parse_cloudflare(body, "www", soft, {});
  if (!ask) ADD_FAILURE() << ask.error().text;
  return ask ? *ask : CloudflareAsk{};
}

TEST(CloudflareBodyTest, EachSelectorIsAPurge) {
  const auto everything = good(R"({"purge_everything":true})");
  EXPECT_EQ(everything.purges, std::vector{(purge::Purge{.site = "www", .kind = Kind::Everything})});
  const auto all = good(
      R"({"tags":["a","b"],"hosts":["WWW.Example.com"],"prefixes":["www.example.com/blog/"],
          "files":["https://www.example.com/a",{"url":"https://www.example.com/b"}],"unknown":1})",
      true);
  ASSERT_EQ(all.purges.size(), 4u);
  EXPECT_EQ(all.files, 2u);
  EXPECT_EQ(all.purges[0].kind, Kind::Urls);
  EXPECT_EQ(all.purges[0].names.size(), 2u);
  EXPECT_EQ(all.purges[1].kind, Kind::Tags);
  EXPECT_EQ(all.purges[2].names, std::vector<std::string>{"www.example.com"});
  EXPECT_EQ(all.purges[3].kind, Kind::Prefixes);
  for (const purge::Purge& purge : all.purges) EXPECT_TRUE(purge.soft);
}

TEST(CloudflareBodyTest, FilesWithHeaderFieldsAreVariants) {
  const auto ask = good(
      R"({"files":["https://a/1",{"url":"https://a/2","headers":{"Accept-Language":"de","CF-Device-Type":"x"}},
          {"url":"https://a/3","headers":{}}]})");
  ASSERT_EQ(ask.purges.size(), 2u);
  EXPECT_EQ(ask.files, 3u);
  EXPECT_EQ(ask.purges[0].names, (std::vector<std::string>{"https://a/1", "https://a/3"}));
  EXPECT_EQ(ask.purges[1].kind, Kind::Variants);
  EXPECT_EQ(ask.purges[1].names, std::vector<std::string>{"https://a/2"});
  EXPECT_EQ(ask.purges[1].headers[0],
            (purge::VariantHeaders{{"accept-language", "de"}, {"cf-device-type", "x"}}));
}

TEST(CloudflareBodyTest, TagsAreOfAnyCase) { EXPECT_TRUE(good(R"({"tags":["a"]})").purges[0].ignore_case); }

TEST(CloudflareBodyTest, NullAndEmptyListsAskForNothing) {
  EXPECT_EQ(good(R"({"files":null,"hosts":[],"tags":["a"]})").purges.size(), 1u);
}

struct BadBody {
  const char* name;
  std::string body;
  int code;
  std::string pointer;
};
class BadBodyTest : public testing::TestWithParam<BadBody> {};

TEST_P(BadBodyTest, HasCloudflaresCodeAndAPlace) {
  const auto ask = parse_cloudflare(GetParam().body, "www", false, {});
  ASSERT_FALSE(ask);
  EXPECT_EQ(ask.error().number, GetParam().code) << ask.error().text;
  EXPECT_EQ(ask.error().status, 400);
  EXPECT_EQ(ask.error().pointer, GetParam().pointer);
}

std::string many(std::size_t count, const std::string& name) {
  std::string list;
  for (std::size_t i = 0; i < count; ++i) list += (i == 0 ? "\"" : ",\"") + name + std::to_string(i) + "\"";
  return list;
}

std::string deep(int separators) {
  std::string prefix = "www.example.com";
  for (int i = 0; i < separators; ++i) prefix += "/x";
  return prefix;
}

INSTANTIATE_TEST_SUITE_P(
    Table, BadBodyTest,
    testing::Values(
        BadBody{"Empty", "", 1012, ""}, BadBody{"NoSelector", "{}", 1012, ""},
        BadBody{"NoName", R"({"files":[]})", 1012, ""}, BadBody{"NotJson", "{", 6007, ""},
        BadBody{"NoObject", "[]", 6007, ""},
        BadBody{"FalseFlag", R"({"purge_everything":false})", 1013, "/purge_everything"},
        BadBody{"FlagAndMore", R"({"purge_everything":true,"tags":["a"]})", 1092, ""},
        BadBody{"NoArray", R"({"tags":"a"})", 1014, "/tags"},
        BadBody{"NoText", R"({"tags":["a",1]})", 1015, "/tags/1"},
        BadBody{"LongTag", R"({"tags":[")" + std::string(1025, 't') + R"("]})", 1100, "/tags/0"},
        BadBody{"TagWithSpace", R"({"tags":["a b"]})", 1015, "/tags/0"},
        BadBody{"TagNotAscii", R"({"tags":["ä"]})", 1015, "/tags/0"},
        BadBody{"ManyTags", R"({"tags":[)" + many(101, "t") + "]}", 1101, "/tags"},
        BadBody{"ManyHosts", R"({"hosts":[)" + many(101, "h") + "]}", 1111, "/hosts"},
        BadBody{"LongHost", R"({"hosts":[")" + std::string(201, 'h') + R"("]})", 1114, "/hosts/0"},
        BadBody{"HostWithPort", R"({"hosts":["a:80"]})", 1115, "/hosts/0"},
        BadBody{"ManyFiles", R"({"files":[)" + many(501, "https://a/") + "]}", 1094, "/files"},
        BadBody{"RelativeFile", R"({"files":["https://a/b","/c"]})", 1015, "/files/1"},
        BadBody{"HeadersNoObject", R"({"files":[{"url":"https://a/","headers":[]}]})", 1015,
                "/files/0/headers"},
        BadBody{"HeaderNoText", R"({"files":[{"url":"https://a/","headers":{"A":1}}]})", 1015,
                "/files/0/headers/A"},
        BadBody{"HeaderNoName", R"({"files":["https://b/",{"url":"https://a/","headers":{"A B":""}}]})", 1015,
                "/files/1"},
        BadBody{"FileWithoutUrl", R"({"files":[{"headers":{}}]})", 1015, "/files/0"},
        BadBody{"PrefixWithScheme", R"({"prefixes":["https://a/b"]})", 1015, "/prefixes/0"},
        BadBody{"PrefixWithQuery", R"({"prefixes":["a/b?c"]})", 1015, "/prefixes/0"},
        BadBody{"DeepPrefix", R"({"prefixes":[")" + deep(32) + R"("]})", 1015, "/prefixes/0"}),
    [](const auto& tested) { return tested.param.name; });

TEST(CloudflareBodyTest, APrefixMayHaveThirtyOneSeparators) {
  EXPECT_EQ(good(R"({"prefixes":[")" + deep(31) + R"("]})").purges.size(), 1u);
}

TEST(CloudflareIdTest, HoldsTheNumber) {
  const std::string id = cloudflare_id("a log", 0x1234);
  EXPECT_EQ(id.size(), 32u);
  EXPECT_EQ(id.substr(16), "0000000000001234");
  EXPECT_NE(cloudflare_id("another", 0x1234), id);
}

TEST(RateGatesTest, TakeAllFeesOrNone) {
  RateGates gates;
  const base::Steady now{1h};
  const std::vector<RateGates::Fee> both = {
      {.bucket = "a", .rate = {.per_second = 2, .burst = 10}, .cost = 6},
      {.bucket = "b", .rate = {.per_second = 1, .burst = 3}}};
  auto passage = gates.pass(both, now);
  EXPECT_TRUE(passage.allowed);
  EXPECT_EQ(passage.left, 2u);
  EXPECT_EQ(passage.this_second, 6u);
  passage = gates.pass(both, now);
  EXPECT_FALSE(passage.allowed) << "4 of 6 were left";
  EXPECT_EQ(passage.retry_s, 1u);
  EXPECT_EQ(passage.left, 2u) << "the other bucket gave nothing";
  EXPECT_EQ(passage.full_s, 1u);
  EXPECT_FALSE(gates.pass(both, now + 999ms).allowed);
  EXPECT_TRUE(gates.pass(both, now + 1s).allowed);
}

TEST(RateGatesTest, WhatWeighsMoreThanTheBurstTakesAFullBucket) {
  RateGates gates;
  const RateGates::Fee fee = {.bucket = "a", .rate = {.per_second = 10, .burst = 10}, .cost = 500};
  EXPECT_TRUE(gates.pass({&fee, 1}, base::Steady{1h}).allowed);
  const auto second = gates.pass({&fee, 1}, base::Steady{1h});
  EXPECT_FALSE(second.allowed);
  EXPECT_EQ(second.retry_s, 1u);
}

const std::string kZones = R"(
[[cloudflare_zone]]
id = "zone1"
site = "www"
environments = { staging = "shop" }
[[fastly_service]]
id = "svc"
site = "www"
hosts = ["www.example.com", "*.img.example.com"]
[cloudflare]
purge_rate = 0.001
purge_burst = 3
[fastly]
purge_all_rate = 0.001
purge_all_burst = 1
)";

class CompatTest : public testing::Test {
 protected:
  Reply cloudflare(const std::string& path, const std::string& body, const std::string& token = "purger") {
    return ask(service.url("/client/v4/zones/" + path), {.token = token, .body = body});
  }
  Reply fastly(const std::string& method, const std::string& path) {
    return ask(service.url(path), {.token = "purger", .method = method});
  }
  nlohmann::json purge(int number) {
    return ask(service.url("/v1/purges/" + std::to_string(number)), {.token = "reader"}).json()["purge"];
  }
  support::TempFolder folder;
  RunningService service{folder.path(), kZones};
};

TEST_F(CompatTest, ACloudflareBodyBecomesPurgesOfTheZonesSite) {
  const Reply reply =
      cloudflare("zone1/purge_cache", R"({"files":["https://www.example.com/a"],"tags":["t"]})");
  EXPECT_EQ(reply.status, 200);
  const std::string id = reply.json().value("/result/id"_json_pointer, "");
  EXPECT_EQ(reply.body, R"({"success":true,"errors":[],"messages":[],"result":{"id":")" + id + "\"}}");
  EXPECT_EQ(id.substr(16), "0000000000000002") << "the number of the last";
  EXPECT_NE(reply.headers.find("atelimit: \"default\";r=2;t="), std::string::npos) << reply.headers;
  EXPECT_NE(reply.headers.find("atelimit-policy: \"burst\";q=3;w=3000"), std::string::npos) << reply.headers;
  EXPECT_EQ(purge(1), nlohmann::json::parse(R"({"site":"www","urls":["https://www.example.com/a"]})"));
  EXPECT_EQ(purge(2)["tags"], nlohmann::json::array({"t"}));
}

TEST_F(CompatTest, CloudflaresRefusalsHaveItsEnvelope) {
  const Reply unknown = cloudflare("zone2/purge_cache", R"({"purge_everything":true})");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_EQ(
      unknown.body,
      R"({"success":false,"errors":[{"code":7003,"message":"Could not route to /zones/zone2/purge_cache, )"
      R"(perhaps your object identifier is invalid?"}],"messages":[],"result":null})");
  EXPECT_EQ(cloudflare("zone1/environments/x/purge_cache", "{}").status, 404);
  EXPECT_EQ(cloudflare("zone1/purge_cache", "{}", "guess").status, 401);
  EXPECT_EQ(cloudflare("zone1/purge_cache", "{}", "reader").status, 403);
  const Reply other = cloudflare("zone1/environments/staging/purge_cache", R"({"purge_everything":true})");
  EXPECT_EQ(other.status, 403) << "the environment is of a site that the token may not purge";
  EXPECT_EQ(other.json()["errors"][0]["code"], 1095);
  const Reply wrong = cloudflare("zone1/purge_cache", R"({"files":["/a"]})");
  EXPECT_EQ(wrong.status, 400);
  EXPECT_EQ(wrong.json()["errors"][0]["source"]["pointer"], "/files/0");
  EXPECT_EQ(cloudflare("zone1/elsewhere", "{}").json()["errors"][0]["code"], 7000);
  EXPECT_EQ(ask(service.url("/client/v4/zones/zone1/purge_cache"), {.token = "purger"}).status, 405);
}

TEST_F(CompatTest, PastTheRateARetryTimeIsGiven) {
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(cloudflare("zone1/invalidate_cache", R"({"tags":["t"]})").status, 200);
  const Reply reply = cloudflare("zone1/purge_cache", R"({"tags":["t"]})");
  EXPECT_EQ(reply.status, 429);
  EXPECT_EQ(reply.json()["errors"][0]["code"], 1102);
  const std::size_t at = reply.headers.find("etry-after: ");
  ASSERT_NE(at, std::string::npos) << reply.headers;
  const int seconds = std::stoi(reply.headers.substr(at + 12));  // less what these requests took
  EXPECT_GT(seconds, 900);
  EXPECT_LE(seconds, 1000);
  EXPECT_EQ(cloudflare("zone1/purge_cache", R"({"files":["https://www.example.com/"]})").status, 200);
}

TEST_F(CompatTest, AReloadBringsNewZonesAndTheirLimits) {
  for (int i = 0; i < 3; ++i) EXPECT_EQ(cloudflare("zone1/purge_cache", R"({"tags":["t"]})").status, 200);
  EXPECT_EQ(cloudflare("zone1/purge_cache", R"({"tags":["t"]})").status, 429);
  service.write_config("127.0.0.1:0", 1'000'000,
                       "[[cloudflare_zone]]\nid = \"zone2\"\nsite = \"www\"\n"
                       "[[cloudflare_zone]]\nid = \"zone1\"\nsite = \"www\"\n");
  service.signal(SIGHUP);
  EXPECT_TRUE(support::wait_until(
      [&] { return cloudflare("zone2/purge_cache", R"({"tags":["t"]})").status == 200; }));
  EXPECT_EQ(cloudflare("zone1/purge_cache", R"({"tags":["t"]})").status, 200);
}

TEST_F(CompatTest, PurgeAsAMethodIsOfTheHostWithoutItsPort) {
  EXPECT_EQ(fastly("PURGE", "/a").status, 404) << "127.0.0.1 is of no service";
  const Reply reply =
      ask(service.url("/a?b=c"), {.token = "purger", .method = "PURGE", .host = "www.example.com:8443"});
  EXPECT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(purge(1)["urls"], nlohmann::json::array({"http://www.example.com/a?b=c"}));
}

TEST_F(CompatTest, FastlyKeysAreTakenWhateverStandsInThem) {
  const Reply reply = fastly("POST", "/service/svc/purge/a%2Fb/c?d");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.json()["status"], "ok");
  EXPECT_TRUE(reply.json()["id"].get<std::string>().ends_with("-1"));
  EXPECT_NE(reply.headers.find("astly-surrogate-key-count: 1"), std::string::npos) << reply.headers;
  EXPECT_EQ(purge(1)["tags"], nlohmann::json::array({"a/b/c?d"}));
  EXPECT_EQ(fastly("POST", "/service/svc/purge/%ff").status, 400) << "not UTF-8";
  EXPECT_EQ(fastly("POST", "/service/svc/purge/a%20b").status, 400);
}

TEST_F(CompatTest, FastlyUrlsFindTheirService) {
  EXPECT_EQ(fastly("POST", "/purge/https://www.example.com/a?b=c").status, 200);
  EXPECT_EQ(purge(1)["urls"], nlohmann::json::array({"https://www.example.com/a?b=c"}));
  EXPECT_EQ(fastly("POST", "/purge/a.img.example.com/x").status, 200);
  EXPECT_EQ(purge(2)["urls"], nlohmann::json::array({"https://a.img.example.com/x"}));
  const Reply unknown = fastly("POST", "/purge/img.example.com/x");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_EQ(unknown.json()["msg"], "Record not found");
}

TEST_F(CompatTest, FastlysPurgeAllHasItsOwnRateAndIsNeverSoft) {
  const Reply reply = fastly("POST", "/service/svc/purge_all");
  EXPECT_EQ(reply.body, R"({"status":"ok"})");
  EXPECT_NE(reply.headers.find("astly-ratelimit-remaining: 0"), std::string::npos) << reply.headers;
  EXPECT_EQ(fastly("POST", "/service/svc/purge_all").status, 429);
  EXPECT_EQ(fastly("POST", "/service/other/purge_all").status, 404);
}

}  // namespace
}  // namespace purgeapi
