// SPDX-License-Identifier: Apache-2.0
#include "origin/server/site.h"

#include <gtest/gtest.h>

#include "origin/server/config.h"
#include "origin/server/digest.h"

namespace origin {
namespace {

http::Fields showing(const std::string& authorization) {
  http::Fields fields;
  if (!authorization.empty()) fields.add("authorization", authorization);
  return fields;
}

TEST(Site, OnlyTheFirstRuleThatMatchesCounts) {
  Site site;
  site.rules = {{"/assets/*", "max-age=31536000, immutable", {"assets", "static"}, {}},
                {"*.html", "", {}, {{"X-Frame-Options", "SAMEORIGIN"}}},
                {"*", "max-age=60", {"all"}, {{"X-Frame-Options", "DENY"}}}};
  http::Fields asset;
  apply_rules(site, "/assets/app.js", asset);
  EXPECT_EQ(asset.combined("cache-control"), "max-age=31536000, immutable");
  EXPECT_EQ(asset.combined("surrogate-key"), "assets static");
  EXPECT_FALSE(asset.has("x-frame-options"));
  http::Fields page;
  apply_rules(site, "/index.html", page);
  EXPECT_FALSE(page.has("cache-control"));
  EXPECT_FALSE(page.has("surrogate-key"));
  EXPECT_EQ(page.combined("x-frame-options"), "SAMEORIGIN");
  http::Fields other;
  apply_rules(site, "/robots.txt", other);
  EXPECT_EQ(other.combined("cache-control"), "max-age=60");
  EXPECT_EQ(other.combined("surrogate-key"), "all");
}

TEST(Site, TheShippedRulesKeepAssetsLongAndTagged) {
  const ConfigFile file = ConfigFile::read(SELVAGE_DEPLOY_FOLDER "/origin.toml", Reading::Check);
  http::Fields asset;
  apply_rules(*file.config().site, "/assets/app.js", asset);
  EXPECT_EQ(asset.combined("cache-control"), "public, max-age=31536000, immutable");
  EXPECT_EQ(asset.combined("surrogate-key"), "assets");
  http::Fields page;
  apply_rules(*file.config().site, "/index.html", page);
  EXPECT_EQ(page.combined("cache-control"), "public, max-age=3600");
  EXPECT_EQ(page.combined("x-content-type-options"), "nosniff");
}

TEST(Site, TokensOpenOnlyTheirPaths) {
  Site site;
  site.tokens = {{"deploy", sha256_of("secret"), {}}, {"docs", sha256_of("other"), {"/docs/*"}}};
  EXPECT_EQ((*authorize(site, showing("Bearer secret"), "/x"))->name, "deploy");
  EXPECT_EQ((*authorize(site, showing("bearer  other "), "/docs/x"))->name, "docs");
  EXPECT_EQ(authorize(site, showing("Bearer other"), "/x").error().status, 403);
  for (const char* value : {"", "Bearer", "Bearer ", "Basic secret", "Bearer Secret", "secret"}) {
    const auto outcome = authorize(site, showing(value), "/docs/x");
    ASSERT_FALSE(outcome) << value;
    EXPECT_EQ(outcome.error().status, 401) << value;
  }
}

}  // namespace
}  // namespace origin
