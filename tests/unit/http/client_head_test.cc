// SPDX-License-Identifier: Apache-2.0
#include "edge/http/client_head.h"

#include <gtest/gtest.h>

#include <string_view>
#include <vector>

namespace http {
namespace {

HeadReader::Event feed(HeadReader& reader, const std::vector<std::string_view>& lines) {
  HeadReader::Event last = HeadReader::Event::More;
  for (const std::string_view line : lines) {
    last = reader.line(line);
    if (last == HeadReader::Event::Broken) return last;
  }
  return last;
}

TEST(HeadReader, KeepsFieldsInOrderWithoutFraming) {
  HeadReader reader(4096);
  ASSERT_EQ(
      feed(reader, {"HTTP/1.1 200 OK\r\n", "B: 1\r\n", "A: x\r\n", "b:2  \r\n", "Content-Length: 12\r\n",
                    "Connection: close, X-Hop\r\n", "X-Hop: 1\r\n", "Keep-Alive: timeout=5\r\n", "\r\n"}),
      HeadReader::Event::Final);
  const ResponseHead head = reader.take_head();
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.body_bytes, 12u);
  Fields expected;
  expected.add("b", "1");
  expected.add("a", "x");
  expected.add("b", "2");
  EXPECT_EQ(head.fields, expected);
}

TEST(HeadReader, ConnectionDoesNotHideHowToCache) {
  HeadReader reader(4096);
  feed(reader, {"HTTP/1.1 200 OK\r\n", "Connection: keep-alive, Cache-Control, Set-Cookie\r\n",
                "Cache-Control: no-store, private\r\n", "Set-Cookie: a\r\n", "\r\n"});
  const ResponseHead head = reader.take_head();
  EXPECT_EQ(head.fields.get("cache-control"), "no-store, private");
  EXPECT_EQ(head.fields.get("set-cookie"), "a");
}

TEST(HeadReader, ToldInformationalHeadsAreAllBut100) {
  HeadReader reader(4096);
  EXPECT_EQ(feed(reader, {"HTTP/1.1 100 Continue\r\n", "\r\n"}), HeadReader::Event::More);
  EXPECT_EQ(feed(reader, {"HTTP/1.1 103 Early Hints\r\n", "Link: </a>\r\n", "\r\n"}),
            HeadReader::Event::Informational);
  EXPECT_EQ(reader.take_head().fields.get("link"), "</a>");
  EXPECT_EQ(feed(reader, {"HTTP/2 204 \r\n", "\r\n"}), HeadReader::Event::Final);
  EXPECT_EQ(reader.take_head().fields.size(), 0u);
}

TEST(HeadReader, LinesAfterTheHeadAreTrailers) {
  HeadReader reader(4096);
  feed(reader, {"HTTP/1.1 200 OK\r\n", "Transfer-Encoding: chunked\r\n", "\r\n"});
  EXPECT_FALSE(reader.take_head().body_bytes);
  EXPECT_FALSE(reader.has_trailers());
  feed(reader, {"Digest: x\r\n", "Content-Length: 3\r\n"});
  ASSERT_TRUE(reader.has_trailers());
  const Fields trailers = reader.take_trailers();
  EXPECT_EQ(trailers.get("digest"), "x");
  EXPECT_EQ(trailers.size(), 1u);
}

TEST(HeadReader, FoldedLineBecomesOneSpace) {
  HeadReader reader(4096);
  feed(reader, {"HTTP/1.1 200 OK\r\n", "A: one\r\n", "  \t two\r\n", "\r\n"});
  EXPECT_EQ(reader.take_head().fields.get("a"), "one two");
}

TEST(HeadReader, RefusesWhatCanBeReadInTwoWays) {
  const std::vector<std::vector<std::string_view>> heads{
      {"HTTP/1.1 2000 OK\r\n"},
      {"HTTP/1.1 abc\r\n"},
      {"ICY 200 OK\r\n"},
      {"HTTP/1.1 200 OK\r\n", "no colon\r\n"},
      {"HTTP/1.1 200 OK\r\n", "bad name: x\r\n"},
      {"HTTP/1.1 200 OK\r\n", ": x\r\n"},
      {"HTTP/1.1 200 OK\r\n", " folded: first\r\n"},
      {"HTTP/1.1 200 OK\r\n", "A: x\ry\r\n"},
      {"HTTP/1.1 200 OK\r\n", "Content-Length: 5\r\n", "Content-Length: 6\r\n", "\r\n"},
      {"HTTP/1.1 200 OK\r\n", "Content-Length: -1\r\n", "\r\n"},
      {"HTTP/1.1 200 OK\r\n", "Content-Length: 99999999999999999999\r\n", "\r\n"},
      {"HTTP/1.1 200 OK\r\n", "Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n", "\r\n"},
      {"HTTP/1.1 200 OK\r\n", "Transfer-Encoding: gzip, chunked\r\n", "\r\n"},
      {"HTTP/1.1 101 Switching Protocols\r\n", "\r\n"},
  };
  for (const auto& lines : heads) {
    HeadReader reader(4096);
    EXPECT_EQ(feed(reader, lines), HeadReader::Event::Broken) << lines.back();
    EXPECT_EQ(reader.error().code, base::Errc::Protocol) << lines.back();
    EXPECT_FALSE(reader.error().text.empty());
  }
}

TEST(HeadReader, BoundsEachHead) {
  HeadReader reader(64);
  EXPECT_EQ(feed(reader, {"HTTP/1.1 103 Early Hints\r\n", "A: 12345678901234567890\r\n", "\r\n"}),
            HeadReader::Event::Informational);
  EXPECT_EQ(feed(reader, {"HTTP/1.1 200 OK\r\n", "A: 12345678901234567890\r\n"}), HeadReader::Event::More);
  EXPECT_EQ(reader.line("B: 12345678901234567890\r\n"), HeadReader::Event::Broken);
  EXPECT_EQ(reader.error().code, base::Errc::Limit);
}

}  // namespace
}  // namespace http
