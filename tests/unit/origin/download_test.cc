// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "tests/unit/origin/origin_rig.h"

namespace origin {
namespace {

std::string field(const support::Recorder& answer, std::string_view name) {
  return std::string(answer.head->fields.get(name).value_or("(none)"));
}

TEST(Download, ServesFilesWithTypeAndValidators) {
  OriginRig rig;
  rig.write("page.html", "<p>hello");
  const auto answer = rig.get("/page.html?v=1");
  EXPECT_EQ(answer->head->status, 200);
  EXPECT_EQ(answer->head->body_bytes, 8u);
  EXPECT_EQ(answer->body, "<p>hello");
  EXPECT_EQ(field(*answer, "content-type"), "text/html; charset=utf-8");
  EXPECT_EQ(field(*answer, "accept-ranges"), "bytes");
  EXPECT_TRUE(answer->head->fields.has("etag"));
  EXPECT_TRUE(answer->head->fields.has("last-modified"));
  EXPECT_EQ(answer->head->fields.count("date"), 1u);
}

TEST(Download, LargeFileComesWhole) {
  OriginRig rig;
  std::string content(20'000'003, '\0');
  for (std::size_t i = 0; i < content.size(); ++i) content[i] = static_cast<char>(i * 2654435761u >> 24);
  rig.write("large.bin", content);
  const auto answer = rig.get("/large.bin");
  EXPECT_TRUE(answer->body == content);
}

TEST(Download, FoldersHaveAnIndexAndASlash) {
  OriginRig rig;
  std::filesystem::create_directories(rig.folder() / "docs");
  std::filesystem::create_directories(rig.folder() / "empty");
  rig.write("docs/index.html", "index");
  EXPECT_EQ(rig.get("/docs/")->body, "index");
  const auto redirect = rig.get("/docs?x=1");
  EXPECT_EQ(redirect->head->status, 301);
  EXPECT_EQ(field(*redirect, "location"), "/docs/?x=1");
  EXPECT_EQ(rig.get("/empty/")->head->status, 404);
  EXPECT_EQ(rig.get("/")->head->status, 404);
}

TEST(Download, RefusalsSayWhy) {
  OriginRig rig;
  rig.write("file", "x");
  EXPECT_EQ(rig.get("/missing")->head->status, 404);
  EXPECT_EQ(rig.get("/file/below")->head->status, 404);
  EXPECT_EQ(rig.get("/../file")->head->status, 400);
  EXPECT_EQ(rig.get("/a%00b")->head->status, 400);
  EXPECT_EQ(rig.get("/.selvage/x")->head->status, 400);
  EXPECT_NE(rig.get("/missing")->body.find("/missing"), std::string::npos);
  std::filesystem::create_symlink("/etc/passwd", rig.folder() / "link");
  EXPECT_EQ(rig.get("/link")->head->status, 403);
  http::ClientRequest post = support::get(rig.url("/file"));
  post.method = "PATCH";
  const auto other = rig.ask(std::move(post));
  EXPECT_EQ(other->head->status, 405);
  EXPECT_EQ(field(*other, "allow"), "GET, HEAD, PUT, DELETE, OPTIONS");
}

TEST(Download, HeadTellsWhatGetWouldSend) {
  OriginRig rig;
  rig.write("file.txt", "0123456789");
  http::ClientRequest request = support::get(rig.url("/file.txt"));
  request.method = "HEAD";
  const auto answer = rig.ask(std::move(request));
  EXPECT_EQ(answer->head->status, 200);
  EXPECT_EQ(answer->head->body_bytes, 10u);
  EXPECT_EQ(answer->body, "");
}

TEST(Download, ConditionsAreAnswered) {
  OriginRig rig;
  rig.write("file.txt", "0123456789");
  const auto first = rig.get("/file.txt");
  const std::string etag = field(*first, "etag");
  const auto unchanged = rig.get("/file.txt", "if-none-match", etag);
  EXPECT_EQ(unchanged->head->status, 304);
  EXPECT_EQ(field(*unchanged, "etag"), etag);
  EXPECT_EQ(rig.get("/file.txt", "if-modified-since", field(*first, "last-modified"))->head->status, 304);
  EXPECT_EQ(rig.get("/file.txt", "if-match", "\"other\"")->head->status, 412);
  EXPECT_EQ(rig.get("/file.txt", "if-none-match", "\"other\"")->head->status, 200);
}

TEST(Download, RangesSingleSeveralAndImpossible) {
  OriginRig rig;
  rig.write("file.txt", "0123456789");
  const auto one = rig.get("/file.txt", "range", "bytes=2-4");
  EXPECT_EQ(one->head->status, 206);
  EXPECT_EQ(one->body, "234");
  EXPECT_EQ(field(*one, "content-range"), "bytes 2-4/10");
  const auto two = rig.get("/file.txt", "range", "bytes=0-0,-2");
  EXPECT_EQ(two->head->status, 206);
  EXPECT_EQ(two->head->body_bytes, two->body.size());
  EXPECT_TRUE(field(*two, "content-type").starts_with("multipart/byteranges; boundary="));
  EXPECT_NE(two->body.find("\r\n\r\n0\r\n"), std::string::npos);
  EXPECT_NE(two->body.find("\r\n\r\n89\r\n"), std::string::npos);
  const auto none = rig.get("/file.txt", "range", "bytes=10-");
  EXPECT_EQ(none->head->status, 416);
  EXPECT_EQ(field(*none, "content-range"), "bytes */10");
}

TEST(Download, ReplacedFileDoesNotMixIntoARunningDownload) {
  OriginRig rig;
  const std::string before(8 << 20, 'a');
  rig.write("file.bin", before);
  support::Recorder slow;
  slow.when_data = [](std::string_view) { return http::Flow::Pause; };
  const auto exchange = rig.client().client().start(support::get(rig.url("/file.bin")), slow);
  ASSERT_TRUE(rig.client().run_until([&] { return !slow.body.empty(); }));
  ASSERT_EQ(rig.ask(rig.upload("/file.bin", std::string(1 << 20, 'b')))->head->status, 204);
  slow.when_data = {};
  exchange->resume();
  ASSERT_TRUE(rig.client().run_until([&] { return slow.ended; }));
  EXPECT_TRUE(slow.body == before);
  EXPECT_TRUE(rig.get("/file.bin")->body == std::string(1 << 20, 'b'));
}

}  // namespace
}  // namespace origin
