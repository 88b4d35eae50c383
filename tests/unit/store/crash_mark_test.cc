// SPDX-License-Identifier: Apache-2.0
#include "store/lmdb/crash_mark.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "tests/support/child_process.h"
#include "tests/support/temp_folder.h"

namespace lmdb {
namespace {

// Death tests run before others have made threads: a process with threads had better not fork.
class CrashMarkDeathTest : public testing::Test {
 protected:
  bool marked() const { return std::filesystem::exists(file); }
  /// Runs `crash` in a process of its own; whether that left the mark.
  bool marks(const std::function<void()>& crash) const {
    support::ChildProcess child([&](const auto&) {
      crash();
      return 0;
    });
    EXPECT_NE(child.wait(), 0) << "the process did not die";
    return marked();
  }

  support::TempFolder folder;
  const std::string file = folder / "mark";
};

TEST_F(CrashMarkDeathTest, AbortLeavesIt) {
  EXPECT_TRUE(marks([this] {
    const CrashMark mark(file);
    std::abort();
  }));
}

TEST_F(CrashMarkDeathTest, AFaultLeavesIt) {
  EXPECT_TRUE(marks([this] {
    const CrashMark mark(file);
    // A page that nothing may touch: sanitizers see a null pointer before the processor does.
    void* closed = ::mmap(nullptr, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    *static_cast<volatile char*>(closed) = 1;
  }));
}

/// Without end, as broken pages that lead to each other make it.
[[gnu::noinline]] std::uint64_t call_without_end(std::uint64_t depth) {
  volatile char room[1024];
  room[depth % sizeof room] = 1;
  return depth == UINT64_MAX ? 0 : call_without_end(depth + 1) + static_cast<std::uint64_t>(room[0]);
}

TEST_F(CrashMarkDeathTest, AStackThatIsUsedUpLeavesIt) {
  EXPECT_TRUE(marks([this] {
    std::thread([this] {
      const CrashMark mark(file);
      call_without_end(0);
    }).join();
  }));
}

TEST_F(CrashMarkDeathTest, AFaultThatHasOverwrittenTheHeapLeavesIt) {
  EXPECT_TRUE(marks([this] {
    std::string path = file;
    const CrashMark mark(path);
    path.assign(path.size(), 'x');
    std::abort();
  }));
}

TEST_F(CrashMarkDeathTest, BeforeAndAfterItNothingIsLeft) {
  EXPECT_FALSE(marks([this] {
    {
      const CrashMark mark(file);
      const CrashMark inner(file);
    }
    std::abort();
  }));
}

TEST_F(CrashMarkDeathTest, TheEndOfAnInnerOneIsNotTheEnd) {
  EXPECT_TRUE(marks([this] {
    const CrashMark mark(file);
    {
      const CrashMark inner(file);
    }
    std::abort();
  }));
}

TEST_F(CrashMarkDeathTest, ACrashElsewhereLeavesNothing) {
  EXPECT_FALSE(marks([this] {
    const CrashMark mark(file);
    std::thread([] { std::abort(); }).join();
  }));
}

TEST_F(CrashMarkDeathTest, KillingLeavesNothing) {
  for (const int signal : {SIGKILL, SIGABRT}) {
    support::ChildProcess child([&](const auto& tell) {
      const CrashMark mark(file);
      tell(1);
      for (;;) ::pause();
      return 0;
    });
    ASSERT_EQ(child.next(), 1U);
    child.signal(signal);
    EXPECT_NE(child.wait(), 0);
    EXPECT_FALSE(marked()) << signal;
  }
}

}  // namespace
}  // namespace lmdb
