// SPDX-License-Identifier: Apache-2.0
#include "origin/server/incoming_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/time.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>

#include "tests/support/temp_folder.h"

namespace origin {
namespace {

namespace fs = std::filesystem;

std::string content_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

Judge always() {
  return [](const FileFacts*) -> Outcome<void> { return {}; };
}

class IncomingFileTest : public testing::Test {
 protected:
  IncomingFileTest() : root_(std::move(*Root::open(folder_.path(), true))) {}

  Outcome<IncomingFile::Committed> put(const std::string& name, const std::string& content,
                                       const Judge& judge = always()) {
    auto file = IncomingFile::open(root_, name, {}, judge);
    if (!file) return std::unexpected(file.error());
    if (auto written = (*file)->write(content); !written) return std::unexpected(written.error());
    return (*file)->commit(judge);
  }
  FileFacts facts(const std::string& name) { return *facts_of(root_.open_file(name)->get(), name); }
  bool scratch_is_empty() const { return fs::is_empty(folder_ / ".selvage"); }

  support::TempFolder folder_;
  Root root_;
};

TEST_F(IncomingFileTest, PutsAFileInPlaceWithItsParents) {
  const auto first = put("a/b/c.txt", "one");
  ASSERT_TRUE(first) << first.error().text;
  EXPECT_FALSE(first->replaced);
  EXPECT_EQ(first->facts.sha256, sha256_of("one"));
  EXPECT_EQ(content_of(folder_ / "a/b/c.txt"), "one");
  const auto second = put("a/b/c.txt", "two");
  ASSERT_TRUE(second);
  EXPECT_TRUE(second->replaced);
  EXPECT_NE(second->facts.etag, first->facts.etag);
  EXPECT_EQ(facts("a/b/c.txt").etag, second->facts.etag);
  EXPECT_TRUE(scratch_is_empty());
}

TEST_F(IncomingFileTest, SameContentHasTheSameTag) {
  const auto first = put("a", "same");
  const auto second = put("b", "same");
  EXPECT_EQ(first->facts.etag, second->facts.etag);
}

TEST_F(IncomingFileTest, AFileChangedByHandLosesItsHash) {
  const auto placed = put("a", "content");
  ASSERT_EQ(facts("a").sha256, sha256_of("content"));
  std::ofstream(folder_ / "a") << "CONTENT";
  EXPECT_EQ(facts("a").sha256, "");
  EXPECT_NE(facts("a").etag, placed->facts.etag);
}

TEST_F(IncomingFileTest, GivenUpItLeavesNothing) {
  {
    auto file = IncomingFile::open(root_, "a/b", {}, always());
    ASSERT_TRUE((*file)->write("half"));
    EXPECT_FALSE(scratch_is_empty());
  }
  EXPECT_TRUE(scratch_is_empty());
  EXPECT_FALSE(fs::exists(folder_ / "a"));
}

TEST_F(IncomingFileTest, WrongDigestChangesNothing) {
  ASSERT_TRUE(put("a", "old"));
  auto file = IncomingFile::open(root_, "a", PromisedDigests{.sha256 = sha256_of("promised")}, always());
  ASSERT_TRUE((*file)->write("sent"));
  EXPECT_EQ((*file)->commit(always()).error().status, 422);
  EXPECT_EQ(content_of(folder_ / "a"), "old");
}

TEST_F(IncomingFileTest, JudgeIsAskedBeforeTheBodyAndBeforeTheRename) {
  int asked = 0;
  const Judge second_time_no = [&](const FileFacts* present) -> Outcome<void> {
    EXPECT_EQ(present != nullptr, asked == 1);
    if (++asked == 2) return refuse(412, "no");
    return {};
  };
  auto file = IncomingFile::open(root_, "a", {}, second_time_no);
  ASSERT_TRUE(put("a", "meanwhile"));
  EXPECT_EQ((*file)->commit(second_time_no).error().status, 412);
  EXPECT_EQ(content_of(folder_ / "a"), "meanwhile");
}

TEST_F(IncomingFileTest, FoldersAndFilesDoNotTakeEachOthersNames) {
  ASSERT_TRUE(put("dir/file", "x"));
  EXPECT_EQ(put("dir", "x").error().status, 409);
  EXPECT_EQ(put("dir/file/below", "x").error().status, 409);
  EXPECT_EQ(remove_file(root_, "dir", always()).error().status, 409);
  EXPECT_TRUE(scratch_is_empty());
}

TEST_F(IncomingFileTest, LinksThatLeaveTheRootAreRefused) {
  const support::TempFolder outside;
  std::ofstream(outside / "secret") << "secret";
  fs::create_symlink(outside.path(), folder_ / "out");
  fs::create_symlink(outside / "secret", folder_ / "leaf");
  fs::create_symlink("../" + fs::path(outside.path()).filename().string(), folder_ / "relative");
  EXPECT_EQ(root_.open_file("out/secret").error().status, 403);
  EXPECT_EQ(root_.open_file("relative/secret").error().status, 403);
  EXPECT_EQ(root_.open_file("leaf").error().status, 403);
  EXPECT_EQ(put("out/new", "x").error().status, 403);
  EXPECT_FALSE(fs::exists(outside / "new"));
  ASSERT_TRUE(put("inner/file", "x"));
  fs::create_symlink("inner", folder_ / "alias");
  EXPECT_TRUE(root_.open_file("alias/file"));
}

TEST_F(IncomingFileTest, RemovalTakesEmptyFoldersAlong) {
  ASSERT_TRUE(put("a/b/c/file", "x"));
  ASSERT_TRUE(put("a/other", "x"));
  ASSERT_TRUE(remove_file(root_, "a/b/c/file", always()));
  EXPECT_FALSE(fs::exists(folder_ / "a/b"));
  EXPECT_TRUE(fs::exists(folder_ / "a/other"));
  EXPECT_EQ(remove_file(root_, "a/b/c/file", always()).error().status, 404);
}

TEST_F(IncomingFileTest, AFolderRemovedMeanwhileIsMadeAgain) {
  std::atomic<bool> over{false};
  std::thread other([&] {
    while (!over) {
      EXPECT_TRUE(put("a/b/other", "x"));
      EXPECT_TRUE(remove_file(root_, "a/b/other", always()));
    }
  });
  for (int i = 0; i < 100; ++i) {
    const auto placed = put("a/b/file", "x");
    EXPECT_TRUE(placed) << placed.error().text;
    EXPECT_TRUE(remove_file(root_, "a/b/file", always()));
  }
  over = true;
  other.join();
  EXPECT_FALSE(fs::exists(folder_ / "a"));
}

TEST_F(IncomingFileTest, StartRemovesOnlyWhatNobodyWrites) {
  auto running = IncomingFile::open(root_, "a", {}, always());
  std::ofstream(folder_ / ".selvage/dead.part") << "left over";
  const auto again = Root::open(folder_.path(), true);
  ASSERT_TRUE(again);
  EXPECT_FALSE(fs::exists(folder_ / ".selvage/dead.part"));
  ASSERT_TRUE((*running)->write("x"));
  EXPECT_TRUE((*running)->commit(always()));
}

TEST(Root, NamesTheFolderThatItCannotOpen) {
  const auto root = Root::open("/nonexistent/folder", false);
  ASSERT_FALSE(root);
  EXPECT_NE(root.error().text.find("/nonexistent/folder"), std::string::npos);
}

}  // namespace
}  // namespace origin
