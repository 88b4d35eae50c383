// SPDX-License-Identifier: Apache-2.0
#include "edge/node/answer.h"

#include <gtest/gtest.h>

namespace node {
namespace {

std::vector<policy::ByteRange> parts_of(std::string_view range, bool in_order) {
  http::RequestHead request;
  request.method = "GET";
  request.fields.add("range", range);
  const AnswerFacts facts{.total = 100, .in_order = in_order};
  return make_answer(request, policy::StoredResponse{}, facts).parts;
}

TEST(Answer, PartsStandInTheOrderAskedForWhereTheBodyCanBeReadSo) {
  const auto parts = parts_of("bytes=90-99,50-59,0-9", false);
  ASSERT_EQ(parts.size(), 3U);
  EXPECT_EQ(parts[0].first, 90U);
  EXPECT_EQ(parts[2].first, 0U);
}

TEST(Answer, PartsFollowOneAnotherWhereWhatHasBeenReadIsGone) {
  const auto parts = parts_of("bytes=90-99,50-59,0-9", true);
  ASSERT_EQ(parts.size(), 3U);
  EXPECT_EQ(parts[0].first, 0U);
  EXPECT_EQ(parts[1].first, 50U);
  EXPECT_EQ(parts[2].first, 90U);
}

TEST(Answer, FromTheCacheTellsItsAgeAndWhatTheCacheDid) {
  const base::Wall then{std::chrono::seconds(1'790'000'000)};
  policy::StoredResponse stored;
  stored.initial_age = std::chrono::seconds(5);
  stored.response_time = then;
  http::RequestHead request;
  request.method = "GET";
  AnswerFacts facts{.total = 100, .now = then + std::chrono::seconds(7)};
  facts.status = {.outcome = policy::Outcome::Hit, .ttl = std::chrono::seconds(3)};
  const http::Fields fields = make_answer(request, stored, facts).head.fields;
  EXPECT_EQ(fields.combined("age"), "12");
  EXPECT_EQ(fields.combined("cache-status"), "selvage; hit; ttl=3");
  EXPECT_EQ(fields.combined("accept-ranges"), "bytes");
}

TEST(Answer, KeepsWhatOtherCachesSaid) {
  policy::StoredResponse stored;
  stored.fields.add("cache-status", "shield; hit");
  stored.fields.add("x", "y");
  http::RequestHead request;
  request.method = "GET";
  const AnswerFacts facts{.total = 100, .status = {.outcome = policy::Outcome::Hit}};
  const http::Fields fields = make_answer(request, stored, facts).head.fields;
  EXPECT_EQ(fields.count("cache-status"), 1U);
  EXPECT_EQ(fields.get("cache-status"), "shield; hit, selvage; hit");
}

TEST(Answer, NotFromTheCacheHasNoAgeOfItsOwn) {
  http::RequestHead request;
  request.method = "GET";
  policy::CacheStatus status;
  status.outcome = policy::Outcome::Pass;
  const auto fields = make_answer(request, {}, {.from_cache = false, .status = status}).head.fields;
  EXPECT_FALSE(fields.has("age"));
  EXPECT_EQ(fields.combined("cache-status"), policy::format(status));
}

}  // namespace
}  // namespace node
