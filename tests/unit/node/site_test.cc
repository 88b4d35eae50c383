// SPDX-License-Identifier: Apache-2.0
#include "edge/node/site.h"

#include <gtest/gtest.h>

namespace node {
namespace {

using namespace std::chrono_literals;

std::shared_ptr<const Site> named(const std::string& name) {
  auto site = std::make_shared<Site>();
  site->name = name;
  return site;
}
std::string found(const SiteTable& table, std::string_view host) {
  const Site* site = table.find(host);
  return site == nullptr ? "none" : site->name;
}

TEST(SiteTable, ExactNamesBeforeWildcardsLongerWildcardsBeforeShorter) {
  SiteTable table;
  EXPECT_TRUE(table.add("www.a.test", named("exact")));
  EXPECT_TRUE(table.add("*.a.test", named("wild")));
  EXPECT_TRUE(table.add("*.b.a.test", named("deeper")));
  EXPECT_EQ(found(table, "www.a.test"), "exact");
  EXPECT_EQ(found(table, "img.a.test"), "wild");
  EXPECT_EQ(found(table, "x.img.a.test"), "wild");
  EXPECT_EQ(found(table, "x.b.a.test"), "deeper");
  EXPECT_EQ(found(table, "b.a.test"), "wild");
}

TEST(SiteTable, AWildcardDoesNotCoverItsOwnDomainOrALookalike) {
  SiteTable table;
  table.add("*.a.test", named("wild"));
  EXPECT_EQ(found(table, "a.test"), "none");
  EXPECT_EQ(found(table, "xa.test"), "none");
  EXPECT_EQ(found(table, ""), "none");
  EXPECT_EQ(found(table, "."), "none");
}

TEST(SiteTable, APatternBelongsToOneSite) {
  SiteTable table;
  EXPECT_TRUE(table.add("a.test", named("one")));
  EXPECT_FALSE(table.add("a.test", named("two")));
  EXPECT_EQ(found(table, "a.test"), "one");
  EXPECT_EQ(table.named("one"), table.find("a.test"));
  EXPECT_EQ(table.named("two"), nullptr);
}

TEST(Site, TheFirstRuleWhosePathMatchesCounts) {
  Site site;
  site.defaults.ttl = 1s;
  site.rules.push_back({"/a/*", {}});
  site.rules.back().ttl.ttl = 2s;
  site.rules.push_back({"*.css", {}});
  site.rules.back().ttl.ttl = 3s;
  EXPECT_EQ(site.rule_for("/a/x.css").ttl, 2s);
  EXPECT_EQ(site.rule_for("/b/x.css").ttl, 3s);
  EXPECT_EQ(site.rule_for("/b/x.js").ttl, 1s);
}

TEST(Site, WhatIsCodedSaysTheFirstRuleWhosePathMatches) {
  Site site;
  site.coding.types = {"text/*"};
  site.rules.push_back({"/a/*", {}, {}});
  EXPECT_TRUE(site.coding_for("/a/x").types.empty());
  EXPECT_FALSE(site.coding_for("/b").types.empty());
}

TEST(Site, TheOriginIsToldTheSchemeOnlyWhereItIsInTheKeyOrTheSameForAll) {
  Site site;
  EXPECT_TRUE(site.towards("n", true).scheme);
  site.plain = PlainMode::Serve;
  EXPECT_FALSE(site.towards("n", true).scheme);
  site.key.scheme = true;
  EXPECT_TRUE(site.towards("n", true).scheme);
}

}  // namespace
}  // namespace node
