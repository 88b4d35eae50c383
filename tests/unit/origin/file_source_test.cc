// SPDX-License-Identifier: Apache-2.0
#include "origin/server/file_source.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <string>

#include "edge/loop/loop.h"
#include "tests/support/temp_folder.h"

namespace origin {
namespace {

/// Pulls a source to its end on a real loop, over a real pool.
class Puller {
 public:
  explicit Puller(const std::string& content) {
    std::ofstream(folder_ / "file", std::ios::binary) << content;
    file_ = std::make_shared<const Descriptor>(::open((folder_ / "file").c_str(), O_RDONLY));
  }
  const std::string path() const { return folder_ / "file"; }

  http::Pull pull_all(std::vector<BodyPart> parts, std::size_t max) {
    source_ = std::make_unique<FileSource>(pool_, loop_, file_, std::move(parts), [this] { step(); });
    max_ = max;
    loop_.post([this] { step(); });
    loop_.run();
    source_.reset();
    return last_;
  }
  const std::string& body() const { return body_; }

 private:
  void step() {
    base::Slice slice;
    while ((last_ = source_->pull(max_, slice)) == http::Pull::Data) {
      EXPECT_LE(slice.bytes.size(), max_);
      EXPECT_FALSE(slice.bytes.empty());
      body_.append(slice.bytes);
    }
    if (last_ != http::Pull::Later) loop_.stop();
  }

  support::TempFolder folder_;
  loop::Loop loop_;
  FilePool pool_{2};
  std::shared_ptr<const Descriptor> file_;
  std::unique_ptr<FileSource> source_;
  std::size_t max_ = 0;
  http::Pull last_ = http::Pull::Later;
  std::string body_;
};

std::string pattern(std::size_t size) {
  std::string out(size, '\0');
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<char>(i * 2654435761u >> 24);
  return out;
}

TEST(FileSource, GivesTheWholeFile) {
  const std::string content = pattern(1'000'003);
  for (const std::size_t max : {std::size_t{1000}, std::size_t{65504}, std::size_t{1} << 20}) {
    Puller puller(content);
    EXPECT_EQ(puller.pull_all({{{}, 0, content.size()}}, max), http::Pull::End);
    EXPECT_TRUE(puller.body() == content);
  }
}

TEST(FileSource, GivesRangesBetweenTexts) {
  const std::string content = pattern(400'000);
  Puller puller(content);
  EXPECT_EQ(
      puller.pull_all(
          {{"head ", 0, 0}, {{}, 399'990, 10}, {" middle ", 0, 0}, {{}, 5, 200'000}, {" tail", 0, 0}}, 16384),
      http::Pull::End);
  EXPECT_TRUE(puller.body() ==
              "head " + content.substr(399'990) + " middle " + content.substr(5, 200'000) + " tail");
}

TEST(FileSource, EmptyFileEndsAtOnce) {
  Puller puller("");
  EXPECT_EQ(puller.pull_all({{{}, 0, 0}}, 1000), http::Pull::End);
  EXPECT_EQ(puller.body(), "");
}

TEST(FileSource, AFileCutShortByHandFails) {
  Puller puller(pattern(300'000));
  std::ofstream(puller.path(), std::ios::trunc) << "short";
  EXPECT_EQ(puller.pull_all({{{}, 0, 300'000}}, 65504), http::Pull::Failed);
}

}  // namespace
}  // namespace origin
