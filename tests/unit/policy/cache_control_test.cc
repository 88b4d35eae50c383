// SPDX-License-Identifier: Apache-2.0
#include "edge/policy/cache_control.h"

#include <gtest/gtest.h>

#include "tests/support/heads.h"

namespace {

using policy::CacheControl;
using policy::kDeltaSecondsMax;
using policy::parse_cache_control_text;

TEST(CacheControlRfc9111_5_2, ReadsEveryDirectiveInAnyCase) {
  const CacheControl cc = parse_cache_control_text(
      "MAX-AGE=1, s-maxage=2, max-stale=3, min-fresh=4, stale-while-revalidate=5, stale-if-error=6, "
      "No-Store, no-cache, private, "
      "public, must-revalidate, proxy-revalidate, no-transform, only-if-cached, immutable, must-understand, "
      "extension=7");
  EXPECT_EQ(cc.max_age, 1U);
  EXPECT_EQ(cc.s_maxage, 2U);
  EXPECT_EQ(cc.max_stale, 3U);
  EXPECT_EQ(cc.min_fresh, 4U);
  EXPECT_EQ(cc.stale_while_revalidate, 5U);
  EXPECT_EQ(cc.stale_if_error, 6U);
  EXPECT_TRUE(cc.no_store && cc.no_cache && cc.is_private && cc.is_public && cc.must_revalidate &&
              cc.proxy_revalidate);
  EXPECT_TRUE(cc.no_transform && cc.only_if_cached && cc.immutable && cc.must_understand && cc.present);
}

TEST(CacheControlRfc9111_5_2, NothingIsSetByNothing) {
  for (const char* text : {"", ",", " , ,", "foo", "foo=bar", "=", "=3", "\"", "\"max-age=5\""}) {
    const CacheControl cc = parse_cache_control_text(text);
    EXPECT_FALSE(cc.max_age || cc.s_maxage || cc.max_stale || cc.min_fresh || cc.stale_while_revalidate ||
                 cc.stale_if_error || cc.no_store || cc.no_cache || cc.is_private || cc.is_public ||
                 cc.immutable)
        << text;
  }
}

TEST(CacheControlRfc9111_1_2_2, MaxAgeArguments) {
  const std::pair<const char*, std::optional<std::uint32_t>> cases[] = {
      {"max-age=3600", 3600},
      {"max-age=\"3600\"", 3600},
      {"max-age=\"36\\00\"", 3600},
      {"max-age=003600", 3600},
      {"max-age=0", 0},
      {"max-age=2147483647", 2147483647},
      {"max-age=2147483648", kDeltaSecondsMax},
      {"max-age=2147483649", kDeltaSecondsMax},
      {"max-age=99999999999999999999999999", kDeltaSecondsMax},
      {"foobar, max-age=3600", 3600},
      {"max-age=3600, foobar", 3600},
      // What cannot be read is zero.
      {"max-age", 0},
      {"max-age=", 0},
      {"max-age=\"\"", 0},
      {"max-age=-3600", 0},
      {"max-age=+3600", 0},
      {"max-age='3600'", 0},
      {"max-age=3600.0", 0},
      {"max-age=a3600", 0},
      {"max-age=3600a", 0},
      {"max-age=3600;a=b", 0},
      {"max-age =3600", 0},
      {"max-age= 3600", 0},
      {"max-age=\"3600", 0},
      // Of several the smallest counts.
      {"max-age=1800, max-age=1", 1},
      {"max-age=1, max-age=1800", 1},
      {"max-age=x, max-age=1800", 0},
      // Not the directive at all.
      {"extension=\"max-age=3600\", max-age=1", 1},
      {"max-age=1, extension=\"max-age=3600\"", 1},
      {"extension=\"max-age=3600\"", {}},
      {"extension=\"a, max-age=3600\"", {}},
      {"extension=\"a\\\", max-age=3600\"", {}},
      {"xmax-age=3600", {}},
      {"max-age-x=3600", {}},
  };
  for (const auto& [text, expected] : cases)
    EXPECT_EQ(parse_cache_control_text(text).max_age, expected) << text;
}

TEST(CacheControlRfc9111_4_2_1, OfDoubledDirectivesTheStrictestCounts) {
  EXPECT_EQ(parse_cache_control_text("s-maxage=9, s-maxage=3, s-maxage=5").s_maxage, 3U);
  EXPECT_EQ(
      parse_cache_control_text("stale-while-revalidate=9, stale-while-revalidate=3").stale_while_revalidate,
      3U);
  EXPECT_EQ(parse_cache_control_text("stale-if-error=3, stale-if-error=9").stale_if_error, 3U);
  EXPECT_EQ(parse_cache_control_text("max-stale, max-stale=3").max_stale, 3U);
  EXPECT_EQ(parse_cache_control_text("min-fresh=3, min-fresh=9").min_fresh, 9U);
}

TEST(CacheControlRfc9111_5_2_1, RequestArguments) {
  EXPECT_EQ(parse_cache_control_text("max-stale").max_stale, kDeltaSecondsMax);
  EXPECT_EQ(parse_cache_control_text("max-stale=x").max_stale, 0U);
  EXPECT_EQ(parse_cache_control_text("min-fresh=x").min_fresh, kDeltaSecondsMax);
  EXPECT_EQ(parse_cache_control_text("min-fresh").min_fresh, kDeltaSecondsMax);
}

TEST(CacheControlRfc5861, WindowsThatCannotBeReadAreNone) {
  EXPECT_EQ(parse_cache_control_text("stale-while-revalidate=x").stale_while_revalidate, 0U);
  EXPECT_EQ(parse_cache_control_text("stale-if-error").stale_if_error, 0U);
}

TEST(CacheControlRfc9111_5_2_2, FieldNamesAreTakenForTheWholeResponse) {
  EXPECT_TRUE(parse_cache_control_text("private=\"set-cookie\"").is_private);
  EXPECT_TRUE(parse_cache_control_text("no-cache=\"a, b\", max-age=5").no_cache);
  EXPECT_EQ(parse_cache_control_text("no-cache=\"a, b\", max-age=5").max_age, 5U);
  EXPECT_TRUE(parse_cache_control_text("no-store=x").no_store);
}

TEST(CacheControlRfc9111_5_2_2, PermissionsWithAnArgumentAreNone) {
  const CacheControl cc = parse_cache_control_text("public=x, immutable=x, must-understand=x");
  EXPECT_FALSE(cc.is_public || cc.immutable || cc.must_understand);
}

TEST(CacheControlRfc9111_5_2, AnOpenQuoteHidesNoDirective) {
  EXPECT_TRUE(parse_cache_control_text("extension=\"open, no-store").no_store);
  EXPECT_TRUE(parse_cache_control_text("private=\"open").is_private);
}

TEST(CacheControlRfc9111_5_2, AllFieldsOfAMessageCount) {
  const auto fields =
      support::fields({{"cache-control", "max-age=3600"}, {"x", "y"}, {"cache-control", "no-cache"}});
  const CacheControl cc = policy::parse_cache_control(fields);
  EXPECT_EQ(cc.max_age, 3600U);
  EXPECT_TRUE(cc.no_cache);
}

TEST(CacheControlRfc9111_5_4, PragmaCountsOnlyInRequestsWithoutCacheControl) {
  EXPECT_TRUE(policy::parse_cache_control(support::fields({{"pragma", "No-Cache"}})).no_cache);
  EXPECT_TRUE(policy::parse_cache_control(support::fields({{"pragma", "a, no-cache"}})).no_cache);
  EXPECT_FALSE(policy::parse_cache_control(support::fields({{"pragma", "foo"}})).no_cache);
  EXPECT_FALSE(
      policy::parse_cache_control(support::fields({{"pragma", "no-cache"}, {"cache-control", "max-age=1"}}))
          .no_cache);
  EXPECT_FALSE(policy::parse_cache_control(support::fields({{"pragma", "no-cache"}})).present);
  EXPECT_FALSE(policy::response_directives(support::fields({{"pragma", "no-cache"}})).no_cache);
}

}  // namespace
