// SPDX-License-Identifier: Apache-2.0
#include "edge/base/path.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/support/temp_folder.h"

namespace base {
namespace {

using testing::HasSubstr;

namespace fs = std::filesystem;

class PathTest : public testing::Test {
 protected:
  PathTest() { std::ofstream(folder / "file") << "x"; }
  support::TempFolder folder;
};

TEST_F(PathTest, AFolderThatIsThereOrCanBeMadeWillDo) {
  EXPECT_TRUE(can_use_folder(folder.path()));
  EXPECT_TRUE(can_use_folder(folder.path() + "/"));
  EXPECT_TRUE(can_use_folder(folder / "a/b/c"));
  EXPECT_FALSE(fs::exists(folder / "a"));
}

TEST_F(PathTest, AFileIsNoFolderNorIsThereOneBelowIt) {
  for (const char* name : {"file", "file/a", "file/a/b"}) {
    const auto status = can_use_folder(folder / name);
    ASSERT_FALSE(status) << name;
    EXPECT_THAT(status.error().text, HasSubstr("\"" + (folder / "file") + "\" is no folder"));
  }
}

TEST_F(PathTest, RightsAreLookedAt) {
  // Root may do all: as root the test becomes a nobody for a while.
  const uid_t self = ::geteuid();
  fs::permissions(folder.path(), fs::perms(0555));
  fs::permissions(folder / "file", fs::perms(0444));
  ASSERT_TRUE(self != 0 || ::seteuid(65'534) == 0);
  const auto here = can_use_folder(folder.path());
  const auto below = can_use_folder(folder / "a");
  const auto file = can_write_file(folder / "file");
  const auto new_file = can_write_file(folder / "new");
  ASSERT_TRUE(self != 0 || ::seteuid(self) == 0);
  fs::permissions(folder.path(), fs::perms::owner_all);
  for (const Status* status : {&here, &below, &file, &new_file}) {
    ASSERT_FALSE(*status);
    EXPECT_THAT(status->error().text, HasSubstr("by this user"));
  }
}

TEST_F(PathTest, AFileCanBeWrittenIfItsFolderIsThere) {
  EXPECT_TRUE(can_write_file(folder / "file"));
  EXPECT_TRUE(can_write_file(folder / "new"));
  EXPECT_FALSE(fs::exists(folder / "new"));
  EXPECT_TRUE(can_write_file("/dev/null"));
  EXPECT_THAT(can_write_file(folder.path()).error().text, HasSubstr("is a folder"));
  EXPECT_THAT(can_write_file(folder / "no/new").error().text,
              HasSubstr("no folder \"" + (folder / "no") + "\""));
}

TEST_F(PathTest, OverlapsAreSeenThroughDotsAndLinks) {
  fs::create_directory(folder / "a");
  fs::create_directory_symlink(folder / "a", folder / "link");
  for (const auto& [one, other] :
       std::initializer_list<std::pair<const char*, const char*>>{{"a", "a"},
                                                                  {"a/", "a"},
                                                                  {"a", "a/b"},
                                                                  {"a/b/c", "a"},
                                                                  {"x/../a/b", "a"},
                                                                  {"link/b", "a"},
                                                                  {"a/b", "link"}}) {
    EXPECT_TRUE(paths_overlap(folder / one, folder / other)) << one << " " << other;
  }
  for (const auto& [one, other] : std::initializer_list<std::pair<const char*, const char*>>{
           {"a", "b"}, {"a", "ab"}, {"a/b", "a/c"}, {"a/b", "a/bc"}}) {
    EXPECT_FALSE(paths_overlap(folder / one, folder / other)) << one << " " << other;
  }
}

}  // namespace
}  // namespace base
