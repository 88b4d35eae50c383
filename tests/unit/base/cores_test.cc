// SPDX-License-Identifier: Apache-2.0
#include "edge/base/cores.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>

#include <thread>

namespace base {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Cores, AreReadAsTasksetTakesThem) {
  EXPECT_THAT(parse_cores("").value(), IsEmpty());
  EXPECT_THAT(parse_cores("3").value(), ElementsAre(3));
  EXPECT_THAT(parse_cores("8,0-2,2").value(), ElementsAre(0, 1, 2, 8));
  for (const char* bad :
       {"a", "1-", "-1", "2-1", "0,", ",0", "1024", "0-9999999999", "0 1", "99999999999999999999"}) {
    EXPECT_FALSE(parse_cores(bad)) << bad;
  }
}

TEST(Cores, AreWrittenInRanges) {
  EXPECT_EQ(text_of({}), "");
  EXPECT_EQ(text_of({0, 1, 2, 5, 7, 8}), "0-2,5,7-8");
}

TEST(Cores, WithoutOthers) { EXPECT_THAT(without({0, 1, 2, 3}, {1, 3, 7}), ElementsAre(0, 2)); }

TEST(Cores, AThreadStaysOnThem) {
  const Cores own = own_cores();
  ASSERT_FALSE(own.empty());
  std::thread([&] {
    ASSERT_TRUE(stay_on({own.back()}));
    EXPECT_EQ(static_cast<unsigned>(::sched_getcpu()), own.back());
    EXPECT_EQ(own_cores(), own) << "what the program was started on";
    EXPECT_FALSE(stay_on({}));
  }).join();
}

}  // namespace
}  // namespace base
