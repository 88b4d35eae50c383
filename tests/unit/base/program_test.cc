// SPDX-License-Identifier: Apache-2.0
#include "edge/base/program.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>

#include "edge/base/file.h"
#include "tests/support/temp_folder.h"

namespace base {
namespace {

TEST(Program, FaultsGoOneALineToStandardError) {
  testing::internal::CaptureStderr();
  EXPECT_EQ(report_faults({{"a.toml", 1, 2, "x: unknown key"}, {"a.toml", 3, 4, "y: unknown key"}}), 2);
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "a.toml:1:2: x: unknown key\na.toml:3:4: y: unknown key\n");
}

TEST(Program, PreparedProcessMayOpenAllFilesAndSurvivesSigpipe) {
  prepare_process();
  rlimit files{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &files), 0);
  EXPECT_EQ(files.rlim_cur, files.rlim_max);
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  ::close(ends[0]);
  EXPECT_EQ(::write(ends[1], "x", 1), -1);
  ::close(ends[1]);
}

TEST(Program, ReadyFileTellsWhereItListens) {
  const support::TempFolder folder;
  ASSERT_TRUE(write_ready_file(folder / "ready", {{"tls", "127.0.0.1:8443"}}, "127.0.0.1:9180"));
  EXPECT_EQ(
      read_file(folder / "ready").value(),
      "{\"admin\":\"127.0.0.1:9180\",\"listeners\":[{\"address\":\"127.0.0.1:8443\",\"name\":\"tls\"}]}\n");
  EXPECT_FALSE(write_ready_file("/nonexistent/ready", {}, ""));
  EXPECT_TRUE(write_ready_file("", {}, ""));
}

TEST(File, LargerThanAllowedIsAnError) {
  const support::TempFolder folder;
  ASSERT_TRUE(replace_file(folder / "f", "12345"));
  EXPECT_EQ(read_file(folder / "f", 5).value(), "12345");
  const auto too_large = read_file(folder / "f", 4);
  ASSERT_FALSE(too_large);
  EXPECT_EQ(too_large.error().code, Errc::Limit);
}

}  // namespace
}  // namespace base
