// SPDX-License-Identifier: Apache-2.0
#include "origin/fetch/pass_marks.h"

#include <gtest/gtest.h>

namespace fetch {
namespace {

using namespace std::chrono_literals;

TEST(PassMarks, LastUntilTheirTime) {
  PassMarks marks(100);
  const store::Key key{1, 2};
  const base::Steady now{1h};
  EXPECT_FALSE(marks.marked(key, now));
  marks.mark(key, now + 10s);
  EXPECT_TRUE(marks.marked(key, now + 9s));
  EXPECT_FALSE(marks.marked(store::Key{2, 2}, now));
  EXPECT_FALSE(marks.marked(key, now + 10s));
  EXPECT_EQ(marks.size(), 0U);  // found out of date: forgotten
}

TEST(PassMarks, AreClearedWhenTheAnswerCanBeStoredAgain) {
  PassMarks marks(100);
  const store::Key key{1, 2};
  marks.mark(key, base::Steady{2h});
  marks.clear(key);
  EXPECT_FALSE(marks.marked(key, base::Steady{1h}));
}

TEST(PassMarks, KeepToTheirCapacityAndTakeTheNewest) {
  PassMarks marks(160);
  for (std::uint64_t i = 0; i < 10'000; ++i) {
    const store::Key key{i, i};
    marks.mark(key, base::Steady{2h});
    ASSERT_TRUE(marks.marked(key, base::Steady{1h}));
  }
  EXPECT_LE(marks.size(), 160U + 16U);
  EXPECT_GE(marks.size(), 160U);
}

}  // namespace
}  // namespace fetch
