// SPDX-License-Identifier: Apache-2.0
#include "edge/base/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "edge/base/file.h"
#include "edge/base/log_text.h"
#include "tests/support/temp_folder.h"
#include "tests/support/wait_until.h"

namespace logs {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

std::vector<std::string> lines_of(const std::string& path) {
  std::vector<std::string> lines;
  const std::string text = base::read_file(path).value_or("");
  std::size_t begin = 0;
  for (std::size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n', begin)) {
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

TEST(LogText, QuotesValuesThatWouldNotReadBack) {
  EXPECT_EQ(line_text("fetch failed", {{"origin", "main"}, {"status", 502}}),
            "fetch failed origin=main status=502");
  EXPECT_EQ(line_text("m", {{"a", "two words"}, {"b", ""}, {"c", "x=y"}, {"d", "say \"hi\"\\"}}),
            R"(m a="two words" b="" c="x=y" d="say \"hi\"\\")");
}

TEST(LogText, OneEventIsOneLine) {
  EXPECT_EQ(line_text("a\nb", {{"k", std::string_view("x\r\n\t\x01\x7f", 6)}}),
            R"(a\nb k="x\r\n\t\x01\x7f")");
}

TEST(Log, WritesLevelsAtAndAboveTheChosenOne) {
  const support::TempFolder folder;
  ASSERT_TRUE(open({Level::Info, folder / "a.log"}));
  debug("hidden");
  info("shown", {{"n", 1}});
  error("also shown");
  close();
  const auto lines = lines_of(folder / "a.log");
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_THAT(lines[0], EndsWith("Z info shown n=1"));
  EXPECT_THAT(lines[1], EndsWith("Z error also shown"));
}

TEST(Log, OpeningAgainMovesOnToTheNewFile) {
  const support::TempFolder folder;
  ASSERT_TRUE(open({Level::Info, folder / "a.log"}));
  info("first");
  std::rename((folder / "a.log").c_str(), (folder / "a.log.1").c_str());
  ASSERT_TRUE(open({Level::Debug, folder / "a.log"}));
  debug("second");
  close();
  ASSERT_EQ(lines_of(folder / "a.log.1").size(), 1U);
  ASSERT_EQ(lines_of(folder / "a.log").size(), 1U);
  EXPECT_THAT(lines_of(folder / "a.log")[0], EndsWith("debug second"));
}

TEST(Log, AFileThatCannotBeOpenedLeavesTheOldOneInForce) {
  const support::TempFolder folder;
  ASSERT_TRUE(open({Level::Info, folder / "a.log"}));
  const base::Status status = open({Level::Info, folder.path()});
  ASSERT_FALSE(status);
  EXPECT_THAT(status.error().text, HasSubstr(folder.path()));
  info("still here");
  close();
  EXPECT_EQ(lines_of(folder / "a.log").size(), 1U);
}

// Nobody reads the pipe, so the log thread is stuck in its write, as with a disk that hangs.
TEST(Log, AStuckFileDropsTheOldestLinesAndHoldsUpNobody) {
  const support::TempFolder folder;
  const std::string pipe = folder / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  std::FILE* reader = std::fopen(pipe.c_str(), "r+");
  ASSERT_NE(reader, nullptr);
  ASSERT_TRUE(open({Level::Info, pipe, 16}));
  const std::uint64_t before = dropped();
  const std::string filler(1000, 'x');
  for (int i = 0; i < 1000; ++i) info(filler, {{"i", i}});
  EXPECT_GT(dropped(), before);
  std::vector<std::string> tail;
  std::thread drain([&] {
    char line[4096];
    while (std::fgets(line, sizeof line, reader) &&
           std::string_view(line).find("the end") == std::string::npos) {
      tail.emplace_back(line);
    }
  });
  info("the end");
  close();
  drain.join();
  std::fclose(reader);
  ASSERT_FALSE(tail.empty());
  EXPECT_THAT(tail.back(), EndsWith("i=999\n"));
}

TEST(LineFile, AppendsWholeLinesInOrder) {
  const support::TempFolder folder;
  {
    const auto lines = open_lines(folder / "access.log", 100'000);
    ASSERT_TRUE(lines);
    for (int i = 0; i < 50'000; ++i) (*lines)->append("line " + std::to_string(i));
    EXPECT_EQ((*lines)->dropped(), 0U);
  }
  const auto written = lines_of(folder / "access.log");
  ASSERT_EQ(written.size(), 50'000U);
  for (std::size_t i = 0; i < written.size(); ++i) ASSERT_EQ(written[i], "line " + std::to_string(i));
}

TEST(LineFile, ManyThreadsLoseNoLine) {
  const support::TempFolder folder;
  {
    const auto lines = open_lines(folder / "access.log", 100'000);
    ASSERT_TRUE(lines);
    std::vector<std::jthread> writers;
    for (int t = 0; t < 4; ++t) {
      writers.emplace_back([&] {
        for (int i = 0; i < 1000; ++i) (*lines)->append("x");
      });
    }
    for (int i = 0; i < 20; ++i) ASSERT_TRUE((*lines)->reopen());
  }
  EXPECT_EQ(lines_of(folder / "access.log").size(), 4000U);
}

TEST(LineFile, ReopenFollowsTheName) {
  const support::TempFolder folder;
  {
    const auto lines = open_lines(folder / "access.log", 100);
    ASSERT_TRUE(lines);
    std::rename((folder / "access.log").c_str(), (folder / "old.log").c_str());
    ASSERT_TRUE((*lines)->reopen());
    (*lines)->append("new");
  }
  EXPECT_EQ(lines_of(folder / "access.log"), std::vector<std::string>{"new"});
}

TEST(LineFile, AFullDiskIsCountedAndHoldsUpNobody) {
  const auto lines = open_lines("/dev/full", 4);
  ASSERT_TRUE(lines);
  // Each line is either refused by the full queue or lost by the writer.
  for (int i = 0; i < 100; ++i) (*lines)->append("x");
  support::wait_until([&] { return (*lines)->dropped() >= 100; });
  EXPECT_EQ((*lines)->dropped(), 100U);
}

TEST(LineFile, AnUnusablePathIsAnErrorThatNamesIt) {
  const auto lines = open_lines("/nonexistent/access.log", 4);
  ASSERT_FALSE(lines);
  EXPECT_THAT(lines.error().text, HasSubstr("/nonexistent/access.log"));
}

}  // namespace
}  // namespace logs
