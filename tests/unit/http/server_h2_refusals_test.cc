// SPDX-License-Identifier: Apache-2.0
// What an HTTP/2 client may not do: malformed requests, wrong stream numbers, floods, too much, too slow.
#include <gtest/gtest.h>

#include <string>

#include "tests/support/h2_client.h"
#include "tests/support/test_server.h"

namespace http {
namespace {

using namespace std::chrono_literals;
using support::FieldList;
using support::H2Client;
using support::pattern;
using support::RawClient;
using support::TestServer;
namespace h2 = support::h2;

/// The good GET with one field set or, if `value` is null, left out.
FieldList with(const std::string& name, const char* value) {
  FieldList fields = h2::get("/fixed/1");
  std::erase_if(fields, [&](const auto& field) { return field.first == name; });
  if (value != nullptr && name.starts_with(":")) fields.insert(fields.begin(), {name, value});
  if (value != nullptr && !name.starts_with(":")) fields.emplace_back(name, value);
  return fields;
}

TEST(H2Refusals, MalformedRequestsResetTheirStreamOnly) {
  TestServer server;
  RawClient client(server.port());
  client.send(h2::greeting());
  FieldList twice = h2::get("/");
  twice.insert(twice.begin(), {":path", "/x"});
  FieldList late = h2::get("/");
  late.insert(late.begin(), {"x", "y"});
  FieldList connect{{":method", "CONNECT"}, {":authority", "a:443"}, {":path", "/"}, {":scheme", "http"}};
  const FieldList heads[] = {
      with(":method", nullptr),
      with(":path", nullptr),
      with(":scheme", nullptr),
      with(":path", ""),
      with(":path", "x"),
      with(":path", "*"),
      with(":odd", "x"),
      with("X-Upper", "x"),
      with("connection", "close"),
      with("upgrade", "h3"),
      with("te", "gzip"),
      with("host", "other.test"),
      with("x", "a\nb"),
      with("x", "a\x01"),
      with("content-length", "5"),
      with("x y", "z"),
      with(":authority", nullptr),
      with(":authority", "u@a"),
      twice,
      late,
      with("transfer-encoding", "chunked"),
      connect,
  };
  std::int32_t id = 1;
  for (const FieldList& head : heads) {
    client.send(h2::headers(id, head, true));
    const auto reset = h2::read_frame(client, NGHTTP2_RST_STREAM);
    ASSERT_TRUE(reset) << id;
    EXPECT_EQ(reset->stream, id);
    EXPECT_EQ(reset->error(), static_cast<std::uint32_t>(NGHTTP2_PROTOCOL_ERROR)) << id;
    id += 2;
  }
  EXPECT_TRUE(server.maker().lives().empty());
  client.send(h2::headers(id, h2::get("/fixed/1"), true));
  const auto data = h2::read_frame(client, NGHTTP2_DATA);
  ASSERT_TRUE(data);
  EXPECT_EQ(data->payload, pattern(1));
}

TEST(H2Refusals, BodyMustMatchItsLength) {
  TestServer server;
  H2Client client(server.port());
  for (const std::string length : {"2", "4"}) {
    const auto& stream =
        client.wait(client.request("PUT", "/count", "abc", false, {{"content-length", length}}));
    EXPECT_EQ(stream.error, static_cast<std::uint32_t>(NGHTTP2_PROTOCOL_ERROR)) << length;
  }
  ASSERT_TRUE(server.maker().wait_finished(2));
  for (const auto& life : server.maker().lives()) EXPECT_FALSE(life.body_ended);
}

TEST(H2Refusals, ConnectAndTooLargeHeadsAreAnswered) {
  TestServer server({.header_bytes = 2000, .header_fields = 10});
  H2Client client(server.port());
  const auto& large = client.wait(client.request("GET", "/", "", false, {{"x", std::string(3000, 'y')}}));
  EXPECT_EQ(large.field(":status"), "431");
  EXPECT_NE(large.body.find("2000 bytes"), std::string::npos) << large.body;
  const auto& many = client.wait(client.request("GET", "/", "", false, FieldList(11, {"x", "y"})));
  EXPECT_EQ(many.field(":status"), "431");
  const auto& expects = client.wait(client.request("PUT", "/count", "a", false, {{"expect", "magic"}}));
  EXPECT_EQ(expects.field(":status"), "417");
  EXPECT_TRUE(server.maker().lives().empty());
}

/// Sends `bytes` after a good preface; the connection must end with a GOAWAY of that code.
void expect_goaway(const http::Limits& limits, const std::string& bytes, std::uint32_t code) {
  TestServer server(limits);
  RawClient client(server.port());
  client.send(h2::greeting() + bytes);
  const auto goaway = h2::read_frame(client, NGHTTP2_GOAWAY);
  ASSERT_TRUE(goaway);
  EXPECT_EQ(goaway->error(), code);
  client.end_sending();
  client.read_all();
  EXPECT_TRUE(client.at_end());
}

TEST(H2Refusals, StreamNumbersMustRise) {
  // A number that was skipped, and one of the server's.
  expect_goaway({}, h2::headers(5, h2::get("/never"), true) + h2::headers(3, h2::get("/never"), true),
                NGHTTP2_PROTOCOL_ERROR);
  expect_goaway({}, h2::headers(2, h2::get("/never"), true), NGHTTP2_PROTOCOL_ERROR);
  expect_goaway({}, h2::frame(NGHTTP2_DATA, 0, 1, "x"), NGHTTP2_PROTOCOL_ERROR);
}

TEST(H2Refusals, BrokenFramesEndTheConnection) {
  expect_goaway({}, h2::frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 1, "\xff\xff\xff\xff\xff\xff"),
                NGHTTP2_COMPRESSION_ERROR);
  expect_goaway({}, h2::frame(NGHTTP2_PING, 0, 0, "short"), NGHTTP2_FRAME_SIZE_ERROR);
  expect_goaway({}, h2::frame(NGHTTP2_CONTINUATION, 0, 1, "x"), NGHTTP2_PROTOCOL_ERROR);
  expect_goaway({}, h2::frame(NGHTTP2_DATA, 0, 1, std::string(17'000, 'x')), NGHTTP2_FRAME_SIZE_ERROR);
}

TEST(H2Refusals, RapidResetsEndTheConnection) {
  for (const char code : {NGHTTP2_NO_ERROR, NGHTTP2_CANCEL}) {
    std::string flood;
    for (std::int32_t id = 1; id < 200; id += 2) {
      flood += h2::headers(id, h2::get("/never"), true);
      flood += h2::frame(NGHTTP2_RST_STREAM, 0, id, std::string("\0\0\0", 3) + code);
    }
    expect_goaway({.resets_per_second = 1}, flood, NGHTTP2_ENHANCE_YOUR_CALM);
  }
}

TEST(H2Refusals, ResetsThatTheClientProvokesCountToo) {
  std::string flood;
  for (std::int32_t id = 1; id < 200; id += 2) flood += h2::headers(id, with(":path", "x"), true);
  expect_goaway({.resets_per_second = 1}, flood, NGHTTP2_ENHANCE_YOUR_CALM);
}

TEST(H2Refusals, RefusedStreamsCountToo) {
  std::string flood;
  for (std::int32_t id = 1; id < 200; id += 2) flood += h2::headers(id, h2::get("/never"), true);
  expect_goaway({.streams = 2, .resets_per_second = 1}, flood, NGHTTP2_ENHANCE_YOUR_CALM);
}

/// A head or, with `trailers`, a request with trailers: a field of 1000 bytes once, then references to it.
std::string bomb(std::int32_t id, bool trailers, std::size_t references) {
  std::string field = h2::block({{"x", std::string(1000, 'v')}});
  field[0] = 0x40;  // with incremental indexing: now entry 62
  const std::string fields = field + std::string(references, '\xbe');
  constexpr auto kEnds = static_cast<std::uint8_t>(NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM);
  if (!trailers) return h2::frame(NGHTTP2_HEADERS, kEnds, id, h2::block(h2::get("/never")) + fields);
  FieldList put = h2::get("/count");
  put[0].second = "PUT";
  return h2::headers(id, put, false) + h2::frame(NGHTTP2_HEADERS, kEnds, id, fields);
}

TEST(H2Refusals, FieldsOutOfAllProportionEndTheConnection) {
  for (const bool trailers : {false, true}) {
    expect_goaway({.header_bytes = 2000, .header_fields = 10}, bomb(1, trailers, 10'000),
                  NGHTTP2_ENHANCE_YOUR_CALM);
  }
}

TEST(H2Refusals, HeadsThatAreTooLargeCountAsResets) {
  std::string flood;
  for (std::int32_t id = 1; id < 100; id += 2) flood += bomb(id, false, 2);
  expect_goaway({.header_bytes = 2000, .header_fields = 10, .resets_per_second = 1}, flood,
                NGHTTP2_ENHANCE_YOUR_CALM);
}

TEST(H2Refusals, WhatTheClientHasResetIsNotResetAgain) {
  TestServer server;
  RawClient client(server.port());
  client.send(h2::greeting() + h2::headers(1, h2::get("/fixed/1"), true) +
              h2::frame(NGHTTP2_RST_STREAM, 0, 1, std::string_view("\0\0\0\x08", 4)) +
              h2::headers(3, h2::get("/fixed/1"), true));
  for (;;) {
    const auto frame = h2::read_frame(client);
    ASSERT_TRUE(frame);
    EXPECT_NE(frame->type, NGHTTP2_RST_STREAM);
    if (frame->type == NGHTTP2_DATA) break;
  }
}

TEST(H2Refusals, ControlFramesAreRationed) {
  std::string pings;
  std::string empties = h2::headers(
      1, {{":method", "PUT"}, {":scheme", "http"}, {":authority", "a"}, {":path", "/hold"}}, false);
  for (int i = 0; i < 100; ++i) {
    pings += h2::frame(NGHTTP2_PING, 0, 0, "12345678");
    empties += h2::frame(NGHTTP2_DATA, 0, 1, "");
  }
  expect_goaway({.control_frames_per_second = 1}, pings, NGHTTP2_ENHANCE_YOUR_CALM);
  expect_goaway({.control_frames_per_second = 1}, empties, NGHTTP2_ENHANCE_YOUR_CALM);
}

TEST(H2Refusals, SlowHeadEndsTheConnection) {
  expect_goaway({.header = 1s, .linger = 1ms},
                h2::frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_STREAM, 1, h2::block(h2::get("/"))),
                NGHTTP2_ENHANCE_YOUR_CALM);
}

TEST(H2Refusals, IdleConnectionGetsAGoodbye) {
  expect_goaway({.idle = 50ms, .linger = 1ms}, "", NGHTTP2_NO_ERROR);
}

TEST(H2Refusals, StalledUploadAndClosedWindowAreReset) {
  TestServer server({.write_stall = 40ms, .body_stall = 40ms});
  H2Client client(server.port(), 0);
  const auto upload = client.request("PUT", "/count", "abc", true);
  const auto download = client.request("GET", "/fixed/10");
  EXPECT_EQ(client.wait(upload).error, static_cast<std::uint32_t>(NGHTTP2_CANCEL));
  EXPECT_EQ(client.wait(download).error, static_cast<std::uint32_t>(NGHTTP2_CANCEL));
  EXPECT_TRUE(server.maker().wait_finished(2));
}

TEST(H2Refusals, WaitingForTheHandlerIsNoStall) {
  TestServer server({.write_stall = 20ms, .body_stall = 20ms});
  H2Client client(server.port());
  const auto never = client.request("GET", "/never");
  const auto stalled = client.request("PUT", "/count", "abc", true);
  // The other stream's fate shows that the limits have run out.
  client.wait(stalled);
  EXPECT_FALSE(client.stream(never).closed);
}

TEST(H2Refusals, OneStreamTooManyIsRefused) {
  TestServer server({.streams = 2});
  H2Client client(server.port());
  // Let the settings be acknowledged first.
  client.wait(client.request("GET", "/fixed/1"));
  std::string three;
  for (std::int32_t id = 3; id <= 7; id += 2) three += h2::headers(id, h2::get("/never"), true);
  client.send_raw(three);
  EXPECT_TRUE(client.wait_closed());
  EXPECT_EQ(server.maker().lives().size(), 3U);
}

TEST(H2Refusals, BadPrefaceIsNotHttp2) {
  TestServer server;
  RawClient client(server.port());
  client.send("PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n");
  EXPECT_TRUE(client.read_all().starts_with("HTTP/1.1 505 "));
  EXPECT_TRUE(client.at_end());
}

}  // namespace
}  // namespace http
