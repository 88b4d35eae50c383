// SPDX-License-Identifier: Apache-2.0
#include "edge/base/thread.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <thread>

namespace base {
namespace {

/// Nanoseconds, of sched_getattr(2)'s runtime; 0: this kernel tells none.
std::uint64_t slice() {
  std::array<std::uint64_t, 7> attributes{};  // 56 bytes: runtime is the fourth word of eight bytes
  if (::syscall(SYS_sched_getattr, 0, attributes.data(), sizeof attributes, 0) != 0) return 0;
  return attributes[3];
}

class ThreadWork : public testing::Test {
 protected:
  void SetUp() override {
    if (::sched_getscheduler(0) != SCHED_OTHER)
      GTEST_SKIP() << "the test was started with a policy of its own";
  }
};

TEST_F(ThreadWork, OfTheBackgroundIsABatch) {
  std::thread([] {
    set_work(Work::Background);
    EXPECT_EQ(::sched_getscheduler(0), SCHED_BATCH);
    std::thread([] {
      EXPECT_EQ(::sched_getscheduler(0), SCHED_BATCH) << "is inherited";
      set_work(Work::Prompt);
      EXPECT_EQ(::sched_getscheduler(0), SCHED_OTHER);
    }).join();
  }).join();
}

TEST_F(ThreadWork, ThatIsPromptHasShorterSlices) {
  const std::uint64_t own = slice();
  if (own == 0) GTEST_SKIP() << "slices are told by Linux 6.12";
  std::thread([own] {
    set_work(Work::Prompt);
    EXPECT_LT(slice(), own);
    EXPECT_GT(slice(), 0u);
  }).join();
}

}  // namespace
}  // namespace base
