// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "origin/server/base64.h"
#include "tests/unit/origin/origin_rig.h"

namespace origin {
namespace {

namespace fs = std::filesystem;

TEST(Upload, ComesBackByteForByte) {
  OriginRig rig;
  std::string content(1'000'000, '\0');
  for (std::size_t i = 0; i < content.size(); ++i) content[i] = static_cast<char>(i * 2654435761u >> 24);
  const auto made = rig.ask(rig.upload("/new/folder/file.bin", content));
  EXPECT_EQ(made->head->status, 201) << made->body;
  const std::string digest = "sha-256=:" + to_base64(sha256_of(content)) + ":";
  EXPECT_EQ(made->head->fields.get("repr-digest"), digest);
  const auto answer = rig.get("/new/folder/file.bin");
  EXPECT_TRUE(answer->body == content);
  EXPECT_EQ(answer->head->fields.get("etag"), made->head->fields.get("etag"));
  EXPECT_EQ(answer->head->fields.get("repr-digest"), digest);
  EXPECT_EQ(rig.ask(rig.upload("/new/folder/file.bin", "other"))->head->status, 204);
  EXPECT_EQ(rig.get("/new/folder/file.bin")->body, "other");
}

TEST(Upload, EmptyAndChunkedBodies) {
  OriginRig rig;
  EXPECT_EQ(rig.ask(rig.change("PUT", "/empty"))->head->status, 201);
  EXPECT_EQ(fs::file_size(rig.folder() / "empty"), 0u);
  http::ClientRequest chunked = rig.upload("/chunked", "hello");
  chunked.body_bytes.reset();
  EXPECT_EQ(rig.ask(std::move(chunked))->head->status, 201);
  EXPECT_EQ(rig.get("/chunked")->body, "hello");
}

TEST(Upload, NeedsAToken) {
  OriginRig rig;
  for (const char* method : {"PUT", "DELETE"}) {
    http::ClientRequest request = support::get(rig.url("/file"));
    request.method = method;
    const auto answer = rig.ask(std::move(request));
    EXPECT_EQ(answer->head->status, 401);
    EXPECT_TRUE(answer->head->fields.has("www-authenticate"));
  }
  http::ClientRequest wrong = rig.upload("/file", "x");
  wrong.fields.set("authorization", "Bearer guess");
  EXPECT_EQ(rig.ask(std::move(wrong))->head->status, 401);
  EXPECT_FALSE(fs::exists(rig.folder() / "file"));
}

TEST(Upload, TooLargeIsRefusedWhetherAnnouncedOrNot) {
  OriginRig rig;
  const std::string content((1 << 20) + 1, 'x');
  EXPECT_EQ(rig.ask(rig.upload("/file", content))->head->status, 413);
  http::ClientRequest silent = rig.upload("/file", content);
  silent.body_bytes.reset();
  EXPECT_EQ(rig.ask(std::move(silent))->head->status, 413);
  EXPECT_FALSE(fs::exists(rig.folder() / "file"));
  ASSERT_TRUE(rig.client().run_until([&] { return fs::is_empty(rig.folder() / ".selvage"); }));
}

TEST(Upload, WrongChecksumChangesNothing) {
  OriginRig rig;
  rig.write("file", "old");
  http::ClientRequest request = rig.upload("/file", "new");
  request.fields.add("digest", "SHA-256=" + to_base64(sha256_of("promised")));
  EXPECT_EQ(rig.ask(std::move(request))->head->status, 422);
  request = rig.upload("/file", "new");
  request.fields.add("content-md5", "not base64");
  EXPECT_EQ(rig.ask(std::move(request))->head->status, 400);
  EXPECT_EQ(rig.get("/file")->body, "old");
}

TEST(Upload, ConditionsGuardTheFile) {
  OriginRig rig;
  http::ClientRequest request = rig.upload("/file", "x");
  request.fields.add("if-match", "\"any\"");
  EXPECT_EQ(rig.ask(std::move(request))->head->status, 412);
  request = rig.upload("/file", "one");
  request.fields.add("if-none-match", "*");
  const auto made = rig.ask(std::move(request));
  EXPECT_EQ(made->head->status, 201);
  request = rig.upload("/file", "two");
  request.fields.add("if-none-match", "*");
  EXPECT_EQ(rig.ask(std::move(request))->head->status, 412);
  request = rig.upload("/file", "two");
  request.fields.add("if-match", *made->head->fields.get("etag"));
  EXPECT_EQ(rig.ask(std::move(request))->head->status, 204);
  request = rig.change("DELETE", "/file");
  request.fields.add("if-match", *made->head->fields.get("etag"));
  EXPECT_EQ(rig.ask(std::move(request))->head->status, 412);
  EXPECT_EQ(rig.get("/file")->body, "two");
}

TEST(Upload, BadNamesAndKindsAreRefused) {
  OriginRig rig;
  for (const char* target : {"/../x", "/.selvage/x", "/a%0ab", "/folder/"}) {
    EXPECT_EQ(rig.ask(rig.upload(target, "x"))->head->status, 400) << target;
  }
  fs::create_directories(rig.folder() / "folder");
  EXPECT_EQ(rig.ask(rig.upload("/folder", "x"))->head->status, 409);
  http::ClientRequest part = rig.upload("/file", "x");
  part.fields.add("content-range", "bytes 0-0/10");
  EXPECT_EQ(rig.ask(std::move(part))->head->status, 400);
  http::ClientRequest packed = rig.upload("/file", "x");
  packed.fields.add("content-encoding", "gzip");
  EXPECT_EQ(rig.ask(std::move(packed))->head->status, 415);
}

TEST(Upload, BrokenOffLeavesNothing) {
  OriginRig rig;
  support::Recorder recorder;
  http::ClientRequest request = rig.change("PUT", "/file");
  request.body_bytes = 100;
  request.body = [given = false](char* room, std::size_t) mutable {
    room[0] = 'x';
    return http::BodyPiece{std::exchange(given, true) ? 0u : 1u, false, false};
  };
  auto exchange = rig.client().client().start(std::move(request), recorder);
  ASSERT_TRUE(rig.client().run_until([&] { return !fs::is_empty(rig.folder() / ".selvage"); }));
  exchange.reset();
  ASSERT_TRUE(rig.client().run_until([&] { return fs::is_empty(rig.folder() / ".selvage"); }));
  EXPECT_FALSE(fs::exists(rig.folder() / "file"));
}

TEST(Removal, RemovesOnce) {
  OriginRig rig;
  ASSERT_EQ(rig.ask(rig.upload("/a/b", "x"))->head->status, 201);
  EXPECT_EQ(rig.ask(rig.change("DELETE", "/a/b"))->head->status, 204);
  EXPECT_EQ(rig.get("/a/b")->head->status, 404);
  EXPECT_FALSE(fs::exists(rig.folder() / "a"));
  EXPECT_EQ(rig.ask(rig.change("DELETE", "/a/b"))->head->status, 404);
}

}  // namespace
}  // namespace origin
