// SPDX-License-Identifier: Apache-2.0
#include "edge/policy/range.h"

#include <gtest/gtest.h>

#include "edge/base/random.h"
#include "tests/support/heads.h"

namespace {

using policy::ByteRange;
using policy::RangeChoice;
using Kind = policy::RangeChoice::Kind;
using support::at;
using support::date;

RangeChoice choose(const http::Fields& request, std::uint64_t size, const http::Fields& response = {},
                   const char* method = "GET") {
  http::RequestHead head = support::get("/");
  head.method = method;
  head.fields = request;
  return policy::choose_range(head, response, size, 5, at(0));
}

RangeChoice choose_one(const char* range, std::uint64_t size) {
  return choose(support::fields({{"range", range}}), size);
}

struct RangeCase {
  const char* range;
  std::uint64_t size;
  Kind kind;
  std::vector<ByteRange> parts{};
};

void choose_all(std::initializer_list<RangeCase> cases) {
  for (const RangeCase& c : cases) {
    const RangeChoice choice = choose_one(c.range, c.size);
    EXPECT_EQ(choice.kind, c.kind) << c.range;
    EXPECT_EQ(choice.parts, c.parts) << c.range;
  }
}

TEST(RangeRfc9110_14_1_2, OneRange) {
  choose_all({
      {"bytes=0-9", 100, Kind::Partial, {{0, 9}}},
      {"bytes=0-0", 100, Kind::Partial, {{0, 0}}},
      {"bytes=90-", 100, Kind::Partial, {{90, 99}}},
      {"bytes=0-", 100, Kind::Partial, {{0, 99}}},
      {"bytes=99-99", 100, Kind::Partial, {{99, 99}}},
      {"bytes=90-1000", 100, Kind::Partial, {{90, 99}}},
      {"bytes=90-99999999999999999999999", 100, Kind::Partial, {{90, 99}}},
      {"bytes=-10", 100, Kind::Partial, {{90, 99}}},
      {"bytes=-100", 100, Kind::Partial, {{0, 99}}},
      {"bytes=-1000", 100, Kind::Partial, {{0, 99}}},
      {"bytes=-99999999999999999999999", 100, Kind::Partial, {{0, 99}}},
      {"BYTES=0-9", 100, Kind::Partial, {{0, 9}}},
      {"bytes= 0-9", 100, Kind::Partial, {{0, 9}}},
      {"bytes=, 0-9 ,", 100, Kind::Partial, {{0, 9}}},
      {"bytes=007-009", 100, Kind::Partial, {{7, 9}}},
  });
}

TEST(RangeRfc9110_14_1_2, Unsatisfiable) {
  choose_all({
      {"bytes=100-", 100, Kind::Unsatisfiable},
      {"bytes=100-200", 100, Kind::Unsatisfiable},
      {"bytes=99999999999999999999999-", 100, Kind::Unsatisfiable},
      {"bytes=-0", 100, Kind::Unsatisfiable},
      {"bytes=-0, 100-", 100, Kind::Unsatisfiable},
      {"bytes=0-", 0, Kind::Unsatisfiable},
      {"bytes=0-9", 0, Kind::Unsatisfiable},
      {"bytes=-5", 0, Kind::Whole},
      {"bytes=100-, 5-6", 100, Kind::Partial, {{5, 6}}},
  });
}

TEST(RangeRfc9110_14_2, MalformedOrForeignRangesAreIgnored) {
  for (const char* range :
       {"bytes=9-0",   "bytes=a-9",      "bytes=0-b",       "bytes=--5",  "bytes=-",    "bytes=5",
        "bytes=",      "bytes=,",        "bytes",           "",           "0-9",        "items=0-9",
        "bytes =0-9",  "bytes=0-9, 9-0", "bytes=0-9 10-19", "bytes=+0-9", "bytes=0 -9", "bytes=0-9;q=1",
        "bytes=0x1-9", "bytes=0-9, x",   "bytes:0-9"}) {
    EXPECT_EQ(choose_one(range, 100).kind, Kind::Whole) << range;
  }
  EXPECT_EQ(choose(support::fields({}), 100).kind, Kind::Whole);
  EXPECT_EQ(choose(support::fields({{"range", "bytes=0-9"}, {"range", "bytes=0-9"}}), 100).kind, Kind::Whole);
}

TEST(RangeRfc9110_14_2, OnlyForGet) {
  for (const char* method : {"HEAD", "POST", "PUT"}) {
    EXPECT_EQ(choose(support::fields({{"range", "bytes=0-9"}}), 100, {}, method).kind, Kind::Whole) << method;
  }
}

TEST(RangeRfc9110_15_3_7_2, OverlappingAndAdjoiningRangesAreOneInTheOrderAsked) {
  choose_all({
      {"bytes=0-9, 20-29", 100, Kind::Partial, {{0, 9}, {20, 29}}},
      {"bytes=20-29, 0-9", 100, Kind::Partial, {{20, 29}, {0, 9}}},
      {"bytes=0-9, 10-19", 100, Kind::Partial, {{0, 19}}},
      {"bytes=10-19, 0-9", 100, Kind::Partial, {{0, 19}}},
      {"bytes=0-9, 5-14", 100, Kind::Partial, {{0, 14}}},
      {"bytes=0-50, 10-20", 100, Kind::Partial, {{0, 50}}},
      {"bytes=0-9, 11-19", 100, Kind::Partial, {{0, 9}, {11, 19}}},
      {"bytes=50-59, 0-9, 55-69, 10-12", 100, Kind::Partial, {{50, 69}, {0, 12}}},
      {"bytes=-10, 0-9, 80-95", 100, Kind::Partial, {{80, 99}, {0, 9}}},
      {"bytes=0-0, -1", 100, Kind::Partial, {{0, 0}, {99, 99}}},
      {"bytes=0-0, 0-0, 0-0", 100, Kind::Partial, {{0, 0}}},
  });
}

TEST(RangeRfc9110_17_15, TooManyRangesAreIgnored) {
  EXPECT_EQ(choose_one("bytes=0-0,2-2,4-4,6-6,8-8", 100).kind, Kind::Partial);
  EXPECT_EQ(choose_one("bytes=0-0,2-2,4-4,6-6,8-8,10-10", 100).kind, Kind::Whole);
  EXPECT_EQ(choose_one("bytes=0-,0-,0-,0-,0-,0-", 100).kind, Kind::Whole);
}

TEST(RangeRfc9110_13_1_5, IfRangeNeedsAStrongValidator) {
  const std::string modified = date(-100);
  struct Case {
    const char* what;
    const std::string condition;
    http::Fields response;
    Kind expected;
  };
  const auto tagged = support::fields({{"etag", "\"a\""}});
  const auto dated = support::fields({{"last-modified", modified}, {"date", date(0)}});
  const Case cases[] = {
      {"same tag", "\"a\"", tagged, Kind::Partial},
      {"other tag", "\"b\"", tagged, Kind::Whole},
      {"weak in the request", "W/\"a\"", tagged, Kind::Whole},
      {"weak in the response", "W/\"a\"", support::fields({{"etag", "W/\"a\""}}), Kind::Whole},
      {"strong against weak", "\"a\"", support::fields({{"etag", "W/\"a\""}}), Kind::Whole},
      {"no tag", "\"a\"", support::fields({}), Kind::Whole},
      {"star", "*", tagged, Kind::Whole},
      {"same date", modified, dated, Kind::Partial},
      {"later date", date(-99), dated, Kind::Whole},
      {"earlier date", date(-101), dated, Kind::Whole},
      {"made within the second", modified, support::fields({{"last-modified", modified}, {"date", modified}}),
       Kind::Whole},
      {"no Date", modified, support::fields({{"last-modified", modified}}), Kind::Whole},
      {"unreadable", "yesterday", dated, Kind::Whole},
  };
  for (const Case& c : cases) {
    const auto request = support::fields({{"range", "bytes=0-9"}, {"if-range", c.condition}});
    EXPECT_EQ(choose(request, 100, c.response).kind, c.expected) << c.what;
  }
  const auto twice = support::fields({{"range", "bytes=0-9"}, {"if-range", "\"a\""}, {"if-range", "\"a\""}});
  EXPECT_EQ(choose(twice, 100, tagged).kind, Kind::Whole);
  EXPECT_EQ(choose(support::fields({{"range", "bytes=100-"}, {"if-range", "\"b\""}}), 100, tagged).kind,
            Kind::Whole);
}

TEST(RangeRfc9110_14_4, ContentRange) {
  EXPECT_EQ(policy::content_range({0, 99}, 200), "bytes 0-99/200");
  EXPECT_EQ(policy::content_range_unsatisfied(200), "bytes */200");
}

TEST(RangeRfc9110_14_6, MultipartFramesEachPart) {
  const auto multipart = policy::make_multipart({{0, 4}, {10, 11}}, 20, "text/plain", 0x0123456789abcdef);
  EXPECT_EQ(multipart.content_type, "multipart/byteranges; boundary=selvage-efcdab8967452301");
  ASSERT_EQ(multipart.heads.size(), 2U);
  const std::string body = multipart.heads[0] + "01234" + multipart.heads[1] + "ab" + multipart.tail;
  EXPECT_EQ(
      body,
      "--selvage-efcdab8967452301\r\nContent-Type: text/plain\r\nContent-Range: bytes 0-4/20\r\n\r\n01234\r\n"
      "--selvage-efcdab8967452301\r\nContent-Type: text/plain\r\nContent-Range: bytes 10-11/20\r\n\r\nab\r\n"
      "--selvage-efcdab8967452301--\r\n");
  EXPECT_EQ(multipart.body_bytes, body.size());
  EXPECT_EQ(policy::make_multipart({{0, 4}}, 20, "", 1).heads[0].find("Content-Type"), std::string::npos);
}

// Against the plain definition: byte i is sent exactly if some range asks for it.
TEST(RangeProperty, PartsCoverExactlyTheBytesAskedForAndNoneTwice) {
  base::Random random(1);
  for (int round = 0; round < 2000; ++round) {
    const std::uint64_t size = 1 + random.below(40);
    std::vector<bool> wanted(size, false);
    std::string range = "bytes=";
    for (std::uint64_t i = 0, n = 1 + random.below(5); i < n; ++i) {
      const std::uint64_t first = random.below(50);
      const std::uint64_t last = first + random.below(10);
      range += (i == 0 ? "" : ", ") + std::to_string(first) + "-" + std::to_string(last);
      for (std::uint64_t at = first; at <= last && at < size; ++at) wanted[at] = true;
    }
    const RangeChoice choice = choose_one(range.c_str(), size);
    std::vector<bool> sent(size, false);
    for (const ByteRange& part : choice.parts) {
      ASSERT_LE(part.first, part.last) << range;
      ASSERT_LT(part.last, size) << range;
      for (std::uint64_t at = part.first; at <= part.last; ++at) {
        EXPECT_FALSE(sent[at]) << range;
        sent[at] = true;
      }
    }
    EXPECT_EQ(sent, wanted) << range;
    EXPECT_EQ(choice.kind == Kind::Unsatisfiable, choice.parts.empty()) << range;
  }
}

TEST(OnlyRangeRfc9110_14_1_2, IsOneRangeInBytesOfAGet) {
  const auto of = [](const char* method, support::FieldList fields) {
    http::RequestHead request = support::get("/", fields);
    request.method = method;
    return policy::only_range(request);
  };
  const auto bounded = of("GET", {{"range", "bytes=5-9"}});
  ASSERT_TRUE(bounded);
  EXPECT_EQ(bounded->first, 5U);
  EXPECT_EQ(bounded->last, 9U);
  const auto open = of("GET", {{"range", "bytes=5-"}});
  ASSERT_TRUE(open);
  EXPECT_EQ(open->first, 5U);
  EXPECT_FALSE(open->last);
  const auto suffix = of("GET", {{"range", "bytes=-9"}});
  ASSERT_TRUE(suffix);
  EXPECT_FALSE(suffix->first);
  EXPECT_EQ(suffix->last, 9U);
  EXPECT_FALSE(of("HEAD", {{"range", "bytes=5-9"}}));
  EXPECT_FALSE(of("GET", {{"range", "bytes=5-9"}, {"range", "bytes=1-2"}}));
  for (const char* other : {"bytes=0-1,5-9", "bytes=9-5", "bytes=-0", "bytes=-", "lines=1-2", "5-9", ""}) {
    EXPECT_FALSE(of("GET", {{"range", other}})) << other;
  }
}

TEST(ContentRangeRfc9110_14_4, IsReadStrictly) {
  const auto of = [](const char* value) { return policy::parse_content_range(support::fields({{"content-range", value}})); };
  const auto got = of("bytes 5-9/10");
  ASSERT_TRUE(got);
  EXPECT_EQ(got->range, (ByteRange{5, 9}));
  EXPECT_EQ(got->total, 10U);
  EXPECT_TRUE(of("BYTES 0-0/1"));
  for (const char* bad : {"bytes 5-9/*", "bytes */10", "bytes 9-5/10", "bytes 5-10/10", "bytes 5-9", "bytes=5-9/10", "5-9/10",
                          "bytes -9/10", "bytes 5-/10", "bytes 5-9/1x", ""}) {
    EXPECT_FALSE(of(bad)) << bad;
  }
  EXPECT_FALSE(policy::parse_content_range(
      support::fields({{"content-range", "bytes 5-9/10"}, {"content-range", "bytes 5-9/10"}})));
}

}  // namespace
