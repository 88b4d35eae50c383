// SPDX-License-Identifier: Apache-2.0
#include "edge/loop/proxy_header.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace loop {
namespace {

using State = ProxyHeader::State;
using namespace std::string_literals;

const std::string kV2 = "\r\n\r\n\0\r\nQUIT\n"s;
const std::string kV4Ends =
    "\xC0\x00\x02\x01\xC6\x33\x64\x01\xDC\x04\x01\xBB"s;  // 192.0.2.1:56324 198.51.100.1:443
const std::string kV6Ends =
    "\x20\x01\x0D\xB8\0\0\0\0\0\0\0\0\0\0\0\x01\x20\x01\x0D\xB8\0\0\0\0\0\0\0\0\0\0\0\x02\xDC\x04\x01\xBB"s;

std::string v2(unsigned char version_command, unsigned char family, std::string_view rest) {
  std::string header = kV2;
  header += static_cast<char>(version_command);
  header += static_cast<char>(family);
  header += static_cast<char>(rest.size() >> 8);
  header += static_cast<char>(rest.size() & 0xFF);
  header += rest;
  return header;
}

struct Good {
  const char* name;
  std::string bytes;
  bool local;
  ProxyHeader::End client;
  ProxyHeader::End server;
};

std::vector<Good> good_headers() {
  const ProxyHeader::End client4{.address = "192.0.2.1", .port = 56324};
  const ProxyHeader::End server4{.address = "198.51.100.1", .port = 443};
  const ProxyHeader::End client6{.address = "2001:db8::1", .port = 56324};
  const ProxyHeader::End server6{.address = "2001:db8::2", .port = 443};
  return {
      {"v1 TCP4", "PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n", false, client4, server4},
      {"v1 TCP6", "PROXY TCP6 2001:DB8::1 2001:db8:0:0::2 56324 443\r\n", false, client6, server6},
      {"v1 UNKNOWN", "PROXY UNKNOWN\r\n", true, {}, {}},
      {"v1 UNKNOWN with more", "PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n", true, {}, {}},
      {"v1 mapped", "PROXY TCP6 ::ffff:192.0.2.1 ::ffff:198.51.100.1 56324 443\r\n", false, client4, server4},
      {"v2 TCP4", v2(0x21, 0x11, kV4Ends), false, client4, server4},
      {"v2 TCP6", v2(0x21, 0x21, kV6Ends), false, client6, server6},
      {"v2 with extensions", v2(0x21, 0x11, kV4Ends + "\x04\x00\x03" + "abc"s), false, client4, server4},
      {"v2 LOCAL", v2(0x20, 0x00, ""), true, {}, {}},
      {"v2 LOCAL with addresses", v2(0x20, 0x11, kV4Ends), true, {}, {}},
      {"v2 UDP", v2(0x21, 0x12, kV4Ends), true, {}, {}},
      {"v2 UNIX", v2(0x21, 0x31, std::string(216, 'x')), true, {}, {}},
      {"v2 as long as may be", v2(0x21, 0x11, kV4Ends + std::string(ProxyHeader::kSizeMax - 28, 'x')), false,
       client4, server4},
  };
}

void expect_is(const ProxyHeader& header, const Good& good) {
  EXPECT_EQ(header.used(), good.bytes.size()) << good.name;
  EXPECT_EQ(header.local(), good.local) << good.name;
  EXPECT_EQ(header.client().address, good.client.address) << good.name;
  EXPECT_EQ(header.client().port, good.client.port) << good.name;
  EXPECT_EQ(header.server().address, good.server.address) << good.name;
  EXPECT_EQ(header.server().port, good.server.port) << good.name;
}

TEST(ProxyHeader, ReadsAllAtOnceAndNothingBehind) {
  for (const Good& good : good_headers()) {
    for (const char* behind : {"", "GET / HTTP/1.1\r\n\r\n"}) {
      ProxyHeader header;
      ASSERT_EQ(header.feed(good.bytes + behind), State::Done) << good.name << ": " << header.error();
      expect_is(header, good);
    }
  }
}

TEST(ProxyHeader, ReadsByteByByte) {
  for (const Good& good : good_headers()) {
    ProxyHeader header;
    for (std::size_t i = 0; i + 1 < good.bytes.size(); ++i) {
      ASSERT_EQ(header.feed(std::string_view(good.bytes).substr(i, 1)), State::NeedMore)
          << good.name << " at " << i;
    }
    ASSERT_EQ(header.feed(std::string_view(good.bytes).substr(good.bytes.size() - 1)), State::Done)
        << good.name;
    EXPECT_EQ(header.feed("more"), State::Done);
    expect_is(header, good);
  }
}

TEST(ProxyHeader, SaysWhatIsBad) {
  struct Bad {
    std::string bytes;
    const char* reason;
  };
  const std::vector<Bad> cases{
      {"GET / HTTP/1.1\r\n", "begins with none: 0x47"},
      {"\x16\x03\x01\x02", "begins with none: 0x16"},
      {"PROXX", "begins with none"},
      {"\r\n\r\n\0\r\nQUIX\n"s + std::string(4, '\0'), "begins with none"},
      {"PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\n", "carriage return"},
      {"PROXY \r\n", "protocol \"\""},
      {"PROXY UDP4 192.0.2.1 198.51.100.1 1 2\r\n", "protocol \"UDP4\""},
      {"PROXY TCP4 192.0.2.1 198.51.100.1 1\r\n", "two addresses and two ports"},
      {"PROXY TCP4 192.0.2.1 198.51.100.1 1 2 3\r\n", "two addresses and two ports"},
      {"PROXY TCP4  192.0.2.1 198.51.100.1 1 2\r\n", "two addresses and two ports"},
      {"PROXY TCP4 192.0.2.1 ::1 1 2\r\n", "address \"::1\""},
      {"PROXY TCP6 192.0.2.1 ::1 1 2\r\n", "address \"192.0.2.1\""},
      {"PROXY TCP4 192.0.2.1 host 1 2\r\n", "address \"host\""},
      {"PROXY TCP4 192.0.2.1\0x 192.0.2.2 1 2\r\n"s, "address"},
      {"PROXY TCP4 192.0.2.1 192.0.2.2 65536 2\r\n", "port \"65536\""},
      {"PROXY TCP4 192.0.2.1 192.0.2.2 1 -2\r\n", "port \"-2\""},
      {"PROXY TCP4 192.0.2.1 192.0.2.2 01 2\r\n", "port \"01\""},
      {"PROXY " + std::string(200, 'x'), "107 bytes"},
      {v2(0x11, 0x11, kV4Ends), "version 1"},
      {v2(0x22, 0x11, kV4Ends), "command 2"},
      {v2(0x21, 0x11, kV4Ends.substr(1)), "too short"},
      {v2(0x21, 0x21, kV4Ends), "too short"},
      {v2(0x21, 0x11, std::string(ProxyHeader::kSizeMax - 15, 'x')), "allowed: 4096"},
  };
  for (const Bad& bad : cases) {
    ProxyHeader whole;
    EXPECT_EQ(whole.feed(bad.bytes), State::Bad) << bad.reason;
    EXPECT_NE(whole.error().find(bad.reason), std::string::npos) << whole.error();
    EXPECT_EQ(whole.feed(kV2), State::Bad);

    ProxyHeader pieces;
    State state = State::NeedMore;
    for (std::size_t i = 0; i < bad.bytes.size() && state == State::NeedMore; ++i) {
      state = pieces.feed(std::string_view(bad.bytes).substr(i, 1));
    }
    EXPECT_EQ(state, State::Bad) << bad.reason;
  }
}

TEST(ProxyHeader, WaitsForItsFirstByte) {
  ProxyHeader header;
  EXPECT_EQ(header.feed(""), State::NeedMore);
  EXPECT_EQ(header.used(), 0U);
}

}  // namespace
}  // namespace loop
