// SPDX-License-Identifier: Apache-2.0
// Where the edge's threads run, and how the scheduler treats them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>

#include <filesystem>
#include <fstream>
#include <utility>
#include <vector>

#include "edge/base/cores.h"
#include "tests/integration/harness.h"

namespace harness {
namespace {

using testing::Each;
using testing::Pair;

class Threads : public testing::Test {
 protected:
  void start(const std::string& edge_keys) {
    edge_.options().edge_keys = edge_keys;
    ASSERT_TRUE(edge_.start()) << edge_.output();
  }
  /// Of the running edge, by number: loops, or all others.
  std::vector<std::pair<pid_t, std::string>> threads(bool loops) {
    std::vector<std::pair<pid_t, std::string>> out;
    const std::filesystem::path tasks = "/proc/" + std::to_string(edge_.process().pid()) + "/task";
    for (const auto& task : std::filesystem::directory_iterator(tasks)) {
      std::string name;
      std::getline(std::ifstream(task.path() / "comm"), name);
      const pid_t number = std::stoi(task.path().filename());
      // One that has no name of its own, but for the first, is a sanitizer's.
      if (name == "selvage-edge" && number != edge_.process().pid()) continue;
      if (name.starts_with("loop-") == loops) out.emplace_back(number, name);
    }
    return out;
  }
  std::vector<base::Cores> cores(bool loops) {
    std::vector<base::Cores> out;
    for (const auto& [number, name] : threads(loops)) {
      std::ifstream status("/proc/" + std::to_string(number) + "/status");
      constexpr std::string_view kKey = "Cpus_allowed_list:\t";
      for (std::string line; std::getline(status, line);) {
        if (line.starts_with(kKey)) out.push_back(base::parse_cores(line.substr(kKey.size())).value());
      }
    }
    return out;
  }
  /// With the threads' names.
  std::vector<std::pair<std::string, int>> policies(bool loops) {
    std::vector<std::pair<std::string, int>> out;
    for (const auto& [number, name] : threads(loops)) out.emplace_back(name, ::sched_getscheduler(number));
    return out;
  }

  TempFolder folder_;
  Certificates certificates_{folder_.path()};
  Origin origin_;
  Edge edge_{certificates_, folder_ / "edge", {.origin = origin_.url(), .loops = 1}};
};

TEST_F(Threads, LoopsHaveTheirCoresForThemselves) {
  const base::Cores own = base::own_cores();
  if (own.size() < 2) GTEST_SKIP() << "there is one core";
  const base::Cores first{own.front()};
  ASSERT_NO_FATAL_FAILURE(start("loop_cores = \"" + base::text_of(first) + "\""));
  EXPECT_THAT(cores(true), testing::ElementsAre(first));
  EXPECT_THAT(cores(false), Each(base::without(own, first)));
  origin_.answer_all([](const Seen&) { return Reply{.body = "here"}; });
  EXPECT_EQ(Client(edge_.client_options()).get("https://www.test/").status, 200);
}

TEST_F(Threads, RunWhereTheKernelPutsThemIfNothingIsSaid) {
  ASSERT_NO_FATAL_FAILURE(start(""));
  EXPECT_THAT(cores(true), testing::ElementsAre(base::own_cores()));
  EXPECT_THAT(cores(false), Each(base::own_cores()));
}

// The control loop is the first thread's, which has the program's name.
TEST_F(Threads, ThatNobodyWaitsForAreForTheBackground) {
  if (::sched_getscheduler(0) != SCHED_OTHER) GTEST_SKIP() << "the test was started with a policy of its own";
  ASSERT_NO_FATAL_FAILURE(start(""));
  ASSERT_TRUE(edge_.wait_ready()) << edge_.output();
  EXPECT_THAT(policies(true), testing::ElementsAre(Pair("loop-0", SCHED_OTHER)));
  // A thread has its name before it has its policy.
  ASSERT_TRUE(wait_until([&] {
    return std::ranges::none_of(policies(false), [](const auto& one) {
      return !one.first.starts_with("disk-read-") && one.second == SCHED_OTHER;
    });
  }));
  const auto others = policies(false);
  EXPECT_THAT(others, testing::Contains(Pair("selvage-edge", testing::_)));
  for (const auto& [name, policy] : others)
    EXPECT_EQ(policy, name.starts_with("disk-read-") ? SCHED_OTHER : SCHED_BATCH) << name;
}

}  // namespace
}  // namespace harness
