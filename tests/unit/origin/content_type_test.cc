// SPDX-License-Identifier: Apache-2.0
#include "origin/server/content_type.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "origin/server/descriptor.h"
#include "tests/support/temp_folder.h"

namespace origin {
namespace {

std::string sniffed(const std::string& name, const std::string& content) {
  const support::TempFolder folder;
  std::ofstream(folder / name) << content;
  const Descriptor file(::open((folder / name).c_str(), O_RDONLY));
  return content_type(file.get(), name);
}

TEST(ContentType, ExtensionDecidesFirst) {
  EXPECT_EQ(type_by_extension("a/b.HTML"), "text/html; charset=utf-8");
  EXPECT_EQ(type_by_extension("app.min.js"), "text/javascript; charset=utf-8");
  EXPECT_EQ(type_by_extension("font.woff2"), "font/woff2");
  EXPECT_EQ(type_by_extension("zip.zst"), "application/zstd");
  EXPECT_EQ(type_by_extension("7z.7z"), "application/x-7z-compressed");
  for (const char* unknown : {"", "README", "a.b/c", "x.unknown", "x."})
    EXPECT_EQ(type_by_extension(unknown), "") << unknown;
  EXPECT_EQ(sniffed("page.css", "<!DOCTYPE html><html>"), "text/css; charset=utf-8");
}

TEST(ContentType, ContentDecidesWithoutAKnownExtension) {
  EXPECT_EQ(
      sniffed("picture", "\x89PNG\r\n\x1a\n" + std::string("\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\2\0\0\0", 21)),
      "image/png");
  EXPECT_EQ(sniffed("empty", ""), "application/octet-stream");
}

TEST(ContentType, AGuessIsNeverAPageThatRuns) {
  EXPECT_EQ(sniffed("upload", "<!DOCTYPE html><html><script>alert(1)</script></html>"),
            "text/plain; charset=utf-8");
}

}  // namespace
}  // namespace origin
