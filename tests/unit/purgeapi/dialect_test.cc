// SPDX-License-Identifier: Apache-2.0
#include "purge/server/dialect.h"

#include <gtest/gtest.h>

#include <vector>

#include "purge/server/routes.h"

namespace purgeapi {
namespace {

using Names = std::vector<std::string>;

struct Secret {
  const char* name;
  const Dialect* dialect;
  std::vector<std::pair<std::string, std::string>> fields;
  std::optional<std::string_view> secret;
};
class SecretTest : public testing::TestWithParam<Secret> {};

TEST_P(SecretTest, IsFoundWhereTheApiHasIt) {
  http::Fields fields;
  for (const auto& [name, value] : GetParam().fields) fields.add(name, value);
  EXPECT_EQ(GetParam().dialect->secret(fields), GetParam().secret);
}

INSTANTIATE_TEST_SUITE_P(
    Table, SecretTest,
    testing::Values(
        Secret{"Bearer", &kSelvageDialect, {{"authorization", "Bearer s3"}}, "s3"},
        Secret{"SchemeInAnyCase", &kSelvageDialect, {{"authorization", "bEARER s3"}}, "s3"},
        Secret{"Spaces", &kSelvageDialect, {{"authorization", "Bearer   s3 "}}, "s3"},
        Secret{"OtherScheme", &kSelvageDialect, {{"authorization", "Basic s3"}}, std::nullopt},
        Secret{"NoScheme", &kSelvageDialect, {{"authorization", "s3"}}, std::nullopt},
        Secret{"KeyOfAnotherApi", &kSelvageDialect, {{"fastly-key", "s3"}}, std::nullopt},
        Secret{"CloudflareToken", &kCloudflareDialect, {{"authorization", "Bearer s3"}}, "s3"},
        Secret{"CloudflareKey", &kCloudflareDialect, {{"x-auth-email", "a@b"}, {"x-auth-key", "s3"}}, "s3"},
        Secret{"CloudflareKeyWithoutEmail", &kCloudflareDialect, {{"x-auth-key", "s3"}}, std::nullopt},
        Secret{"CloudflareServiceKey", &kCloudflareDialect, {{"x-auth-user-service-key", "s3"}}, "s3"},
        Secret{"FastlyKey", &kFastlyDialect, {{"fastly-key", "s3"}}, "s3"},
        Secret{"FastlyBearer", &kFastlyDialect, {{"authorization", "Bearer s3"}}, "s3"},
        Secret{"None", &kFastlyDialect, {}, std::nullopt}),
    [](const auto& tested) { return tested.param.name; });

TEST(DialectTest, IsToldByPathAndMethod) {
  const auto of = [](const char* method, const char* target) {
    return dialect_of({.method = method, .target = target}).name;
  };
  EXPECT_EQ(of("POST", "/v1/purges"), "selvage");
  EXPECT_EQ(of("GET", "/"), "selvage");
  EXPECT_EQ(of("POST", "/client/v4/zones/z/purge_cache"), "cloudflare");
  EXPECT_EQ(of("POST", "/service/s/purge"), "fastly");
  EXPECT_EQ(of("POST", "/purge/www.example.com/"), "fastly");
  EXPECT_EQ(of("PURGE", "/client/v4/"), "fastly");
}

TEST(PatternTest, OneSegmentOrTheRest) {
  EXPECT_EQ(match("/v1/purges", "/v1/purges?wait=1s"), Names{});
  EXPECT_EQ(match("/v1/purges", "/v1/purges/"), std::nullopt);
  EXPECT_EQ(match("/v1/purges/{}", "/v1/purges/17"), Names{"17"});
  EXPECT_EQ(match("/v1/purges/{}", "/v1/purges/"), std::nullopt);
  EXPECT_EQ(match("/v1/purges/{}", "/v1/purges/1/2"), std::nullopt);
  EXPECT_EQ(match("/a/{}/b/{}/c", "/a/x/b/y/c"), (Names{"x", "y"}));
  EXPECT_EQ(match("/a/{}/b/{}/c", "/a/x/b/y/d"), std::nullopt);
  EXPECT_EQ(match("/service/{}/purge/{*}", "/service/s/purge/https://a/b?c=d"),
            (Names{"s", "https://a/b?c=d"}));
  EXPECT_EQ(match("/service/{}/purge/{*}", "/service/s/purge/"), (Names{"s", ""}));
  EXPECT_EQ(match("/service/{}/purge/{*}", "/service/s/purge"), std::nullopt);
}

}  // namespace
}  // namespace purgeapi
