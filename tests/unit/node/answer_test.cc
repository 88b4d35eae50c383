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

}  // namespace
}  // namespace node
