// SPDX-License-Identifier: Apache-2.0
#include "purge/ctl/put.h"

#include <gtest/gtest.h>
#include <pthread.h>

#include <filesystem>

#include "purge/ctl/exit_code.h"
#include "tests/support/temp_folder.h"

namespace ctl {
namespace {

struct Upload {
  PutOptions options{};
  int code = -1;
};

void* put_all(void* upload) {
  static_cast<Upload*>(upload)->code = put(Access{}, static_cast<Upload*>(upload)->options);
  return nullptr;
}

TEST(PutTest, TakesNoMoreStackForManyFilesThatCannotBeRead) {
  constexpr std::size_t kStackBytes = 1U << 20;
  constexpr int kFiles = 10'000;
  const support::TempFolder folder;
  // A regular file that opens, whoever asks, and cannot be read.
  for (int i = 0; i < kFiles; ++i) {
    std::filesystem::create_symlink("/proc/self/mem", folder / ("file-" + std::to_string(i)));
  }
  Upload upload{.options = {.source = folder.path(), .url = "http://127.0.0.1:9/"}};
  pthread_attr_t attributes;
  ASSERT_EQ(::pthread_attr_init(&attributes), 0);
  ASSERT_EQ(::pthread_attr_setstacksize(&attributes, kStackBytes), 0);
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  pthread_t thread{};
  ASSERT_EQ(::pthread_create(&thread, &attributes, &put_all, &upload), 0);
  ::pthread_join(thread, nullptr);
  const std::string summary = testing::internal::GetCapturedStdout();
  testing::internal::GetCapturedStderr();
  ::pthread_attr_destroy(&attributes);
  EXPECT_EQ(upload.code, kFailed);
  EXPECT_EQ(summary, "0 sent (0 bytes), 0 unchanged, 10000 failed\n");
}

}  // namespace
}  // namespace ctl
