// SPDX-License-Identifier: Apache-2.0
// Ranges of what is not in the cache: fetched, kept and shared slice by slice.
#include <gmock/gmock.h>

#include <array>
#include <atomic>
#include <optional>

#include "tests/integration/edge_scene.h"
#include "tests/integration/purge_scene.h"

namespace harness {
namespace {

using testing::HasSubstr;

constexpr std::uint64_t kMiB = 1 << 20;
constexpr std::uint64_t kSlice = kMiB;  // the default

std::string range_of(std::uint64_t first, std::uint64_t bytes) {
  return "bytes=" + std::to_string(first) + "-" + std::to_string(first + bytes - 1);
}

/// The body of seed `version`, whole or the range that is asked for, with `version` as its entity-tag.
Reply reply_with(const Seen& seen, std::uint64_t version, std::uint64_t size, std::string etag_prefix = "\"") {
  const SeededBody body(version, size);
  Reply reply{.headers = {{"Cache-Control", "max-age=600"}, {"Content-Type", "video/mp4"}}};
  const std::string etag = etag_prefix + std::to_string(version) + "\"";
  reply.headers.emplace_back("ETag", etag);
  const std::string asked = seen.header("range");
  const std::string condition = seen.header("if-match");
  if (!condition.empty() && condition != etag) {
    reply.status = 412;
    return reply;
  }
  if (asked.empty()) {
    reply.body = body;
    return reply;
  }
  const std::string spec = asked.substr(asked.find('=') + 1);
  const std::size_t dash = spec.find('-');
  std::uint64_t first = 0;
  std::uint64_t last = size - 1;
  if (dash == 0) {
    first = size - std::min<std::uint64_t>(size, std::stoull(spec.substr(1)));
  } else {
    first = std::stoull(spec);
    if (dash + 1 < spec.size()) last = std::min<std::uint64_t>(last, std::stoull(spec.substr(dash + 1)));
  }
  if (first >= size) {
    reply.status = 416;
    reply.headers.emplace_back("Content-Range", "bytes */" + std::to_string(size));
    return reply;
  }
  reply.status = 206;
  reply.headers.emplace_back("Content-Range", "bytes " + std::to_string(first) + "-" + std::to_string(last) + "/" +
                                                  std::to_string(size));
  reply.body = body.text(first, last - first + 1);
  return reply;
}

class Slices : public EdgeScene {
 protected:
  static constexpr std::uint64_t kSize = 20 * kMiB + 12'345;

  void serve(std::uint64_t version, std::uint64_t size = kSize) {
    origin_.answer("/video", [version, size](const Seen& seen) { return reply_with(seen, version, size); });
  }
  Response range(std::uint64_t first, std::uint64_t bytes, Headers headers = {}) {
    headers.emplace_back("Range", range_of(first, bytes));
    return get("/video", std::move(headers));
  }
  static void expect_part(const Response& response, std::uint64_t version, std::uint64_t first, std::uint64_t bytes,
                          std::uint64_t size = kSize) {
    EXPECT_EQ(response.error, "");
    EXPECT_EQ(response.status, 206);
    EXPECT_EQ(response.header("content-range"), "bytes " + std::to_string(first) + "-" +
                                                    std::to_string(first + bytes - 1) + "/" + std::to_string(size));
    EXPECT_EQ(response.sha256, sha256(SeededBody(version, size).text(first, bytes)));
  }
};

TEST_F(Slices, AMebibyteFromTheMiddleOfFourGibibytesMovesTwoSlices) {
  constexpr std::uint64_t kHuge = 4096 * kMiB;
  serve(1, kHuge);
  start();
  const std::uint64_t first = kHuge / 2 + 777;
  const Response part = range(first, kMiB);
  expect_part(part, 1, first, kMiB, kHuge);
  EXPECT_EQ(part.header("etag"), "\"1\"");
  EXPECT_EQ(part.header("content-type"), "video/mp4");
  EXPECT_TRUE(settled());
  EXPECT_LE(origin_.body_bytes_sent(), 2 * kSlice);
  EXPECT_EQ(origin_.requests("/video"), 2U);
  // All of it, and what lies beside it in the same slices, is in the cache now.
  const Response again = range(first - 700, kMiB + 700);
  expect_part(again, 1, first - 700, kMiB + 700, kHuge);
  EXPECT_THAT(again.header("cache-status"), HasSubstr("selvage; hit"));
  EXPECT_EQ(origin_.requests("/video"), 2U);
  // Its length is known: the end of it is a slice like any other, and so is what HEAD says.
  const Response end = get("/video", {{"Range", "bytes=-100"}});
  expect_part(end, 1, kHuge - 100, 100, kHuge);
  EXPECT_THAT(end.header("cache-status"), HasSubstr("fwd=partial"));
  EXPECT_EQ(origin_.requests("/video"), 3U);
  EXPECT_EQ(perform(request("/video", {}, "HEAD")).header("content-length"), std::to_string(kHuge));
  const Response beyond = range(kHuge, 10);
  EXPECT_EQ(beyond.status, 416);
  EXPECT_EQ(beyond.header("content-range"), "bytes */" + std::to_string(kHuge));
  EXPECT_EQ(origin_.requests("/video"), 3U);
}

TEST_F(Slices, AnAlignedRangeIsOneSliceAndALongOneIsManyInTurn) {
  serve(1);
  start();
  expect_part(range(3 * kSlice, kSlice), 1, 3 * kSlice, kSlice);
  EXPECT_EQ(origin_.requests("/video"), 1U);
  const Response rest = get("/video", {{"Range", "bytes=100-"}});
  expect_part(rest, 1, 100, kSize - 100);
  EXPECT_TRUE(settled());
  EXPECT_EQ(origin_.requests("/video"), 21U);  // each slice once
  const Response two = get("/video", {{"Range", "bytes=0-99,5000000-5000099"}});
  EXPECT_EQ(two.status, 206);
  EXPECT_THAT(two.body, HasSubstr(SeededBody(1, kSize).text(5'000'000, 100)));
  EXPECT_EQ(origin_.requests("/video"), 21U);
}

TEST_F(Slices, SurviveARestart) {
  serve(1);
  start();
  expect_part(range(5 * kMiB - 10, 20), 1, 5 * kMiB - 10, 20);
  EXPECT_TRUE(settled());
  EXPECT_EQ(edge_->process().stop(), 0);
  ASSERT_TRUE(edge_->start()) << edge_->output();
  ASSERT_TRUE(edge_->wait_ready());
  const Response part = range(5 * kMiB - 10, 20);
  expect_part(part, 1, 5 * kMiB - 10, 20);
  EXPECT_THAT(part.header("cache-status"), HasSubstr("selvage; hit"));
  EXPECT_EQ(origin_.requests("/video"), 2U);
}

TEST_F(Slices, WhoAskForTheSameAtOnceShareEachSlice) {
  const auto gate = std::make_shared<Gate>();
  origin_.answer("/video", [gate](const Seen& seen) {
    Reply reply = reply_with(seen, 1, kSize);
    reply.head_gate = gate;
    return reply;
  });
  start();
  std::vector<std::unique_ptr<Download>> crowd;
  for (int i = 0; i < 8; ++i) crowd.push_back(ask("/video", {{"Range", range_of(10 * kMiB, 2 * kMiB)}}));
  gate->open();
  for (const auto& download : crowd) expect_part(download->result(), 1, 10 * kMiB, 2 * kMiB);
  EXPECT_EQ(origin_.requests("/video"), 2U);
}

TEST_F(Slices, NeverMixVersions) {
  // The origin changes its mind between two slices.
  const auto asked = std::make_shared<std::atomic<std::uint64_t>>(0);
  origin_.answer("/video", [asked](const Seen& seen) { return reply_with(seen, ++*asked <= 6 ? 1 : 2, kSize); });
  start();
  const Response torn = get("/video", {{"Range", "bytes=0-"}});
  EXPECT_NE(torn.error, "");
  EXPECT_LT(torn.body.size(), kSize);
  EXPECT_EQ(torn.sha256, sha256(SeededBody(1, kSize).text(0, torn.body.size())));
  // From now on all is of the new one, also where slices of the old one are still there.
  for (const std::uint64_t first : {std::uint64_t{0}, 2 * kMiB, 12 * kMiB}) {
    const Response part = range(first, kMiB + 5);
    expect_part(part, 2, first, kMiB + 5);
    EXPECT_EQ(part.header("etag"), "\"2\"");
  }
  const Response whole = get("/video", {{"Range", "bytes=0-"}});
  expect_part(whole, 2, 0, kSize);
}

TEST_F(Slices, NeverMixVersionsOfAnOriginThatIgnoresIfMatch) {
  const auto asked = std::make_shared<std::atomic<std::uint64_t>>(0);
  origin_.answer("/video", [asked](Seen seen) {
    std::erase_if(seen.headers, [](const auto& header) { return header.first == "if-match"; });
    return reply_with(seen, ++*asked <= 6 ? 1 : 2, kSize);
  });
  start();
  const Response torn = get("/video", {{"Range", "bytes=0-"}});
  EXPECT_NE(torn.error, "");
  EXPECT_EQ(torn.sha256, sha256(SeededBody(1, kSize).text(0, torn.body.size())));
  expect_part(get("/video", {{"Range", "bytes=0-"}}), 2, 0, kSize);
}

TEST_F(Slices, IfRangeWithAnotherVersionGetsTheWhole) {
  serve(2);
  start();
  const Response whole = range(kMiB, 10, {{"If-Range", "\"1\""}});
  EXPECT_EQ(whole.status, 200);
  EXPECT_EQ(whole.sha256, SeededBody(2, kSize).sha256());
  expect_part(range(kMiB, 10, {{"If-Range", "\"2\""}}), 2, kMiB, 10);
}

TEST_F(Slices, ASmallObjectIsKeptAsAWhole) {
  serve(1, 5000);
  start();
  expect_part(range(1000, 50), 1, 1000, 50, 5000);
  EXPECT_TRUE(settled());
  const Response whole = get("/video");
  EXPECT_EQ(whole.status, 200);
  EXPECT_EQ(whole.body, SeededBody(1, 5000).text());
  EXPECT_THAT(whole.header("cache-status"), HasSubstr("hit"));
  EXPECT_EQ(origin_.requests("/video"), 1U);
}

TEST_F(Slices, AnOriginWithoutRangesIsAskedOnceForTheWhole) {
  origin_.answer("/video", [](Seen seen) {
    std::erase_if(seen.headers, [](const auto& header) { return header.first == "range"; });
    return reply_with(seen, 1, kSize);
  });
  start();
  expect_part(range(10 * kMiB, 100), 1, 10 * kMiB, 100);
  expect_part(range(3 * kMiB, 100), 1, 3 * kMiB, 100);
  EXPECT_EQ(origin_.requests("/video"), 1U);
}

TEST_F(Slices, WithoutAStrongEntityTagTheWholeIsFetched) {
  origin_.answer("/video", [](const Seen& seen) { return reply_with(seen, 1, kSize, "W/\""); });
  start();
  expect_part(range(10 * kMiB, 100), 1, 10 * kMiB, 100);
  EXPECT_TRUE(settled());
  expect_part(range(3 * kMiB, 100), 1, 3 * kMiB, 100);
  EXPECT_EQ(origin_.requests("/video"), 2U);  // the slice that is of no use, and the whole
  EXPECT_EQ(origin_.seen().back().header("range"), "");
}

TEST_F(Slices, WhatMayNotBeStoredPassesAsTheClientAsks) {
  origin_.answer("/video", [](const Seen& seen) {
    Reply reply = reply_with(seen, 1, 5000);
    reply.headers[0].second = "no-store";
    return reply;
  });
  start();
  get("/video", {{"Range", "bytes=1000-1099"}});
  for (int i = 0; i < 2; ++i) {
    expect_part(range(1000, 100), 1, 1000, 100, 5000);
    EXPECT_EQ(origin_.seen().back().header("range"), "bytes=1000-1099");
  }
}

TEST_F(Slices, AShortSliceIsNoAnswer) {
  origin_.answer("/video", [](const Seen& seen) {
    Reply reply = reply_with(seen, 1, kSize);
    if (seen.header("range").starts_with("bytes=2097152-")) {
      reply.body = std::get<std::string>(reply.body).substr(0, 500'000);
      reply.chunked = true;
    }
    return reply;
  });
  start();
  const Response torn = range(kMiB, 3 * kMiB);
  EXPECT_NE(torn.error, "");
  EXPECT_EQ(torn.sha256, sha256(SeededBody(1, kSize).text(kMiB, torn.body.size())));
  EXPECT_TRUE(settled());
  serve(1);
  expect_part(range(kMiB, 3 * kMiB), 1, kMiB, 3 * kMiB);
}

TEST_F(Slices, AnUnsafeRequestOutdatesThem) {
  serve(1);
  start();
  expect_part(range(kMiB, 10), 1, kMiB, 10);
  EXPECT_TRUE(settled());
  origin_.answer("/video", Reply{.body = "done"});
  EXPECT_EQ(perform(request("/video", {}, "POST")).status, 200);
  serve(2);
  expect_part(range(kMiB, 10), 2, kMiB, 10);
}

TEST_F(Slices, TheEndOfWhatIsNotKnownIsKeptAsAFragment) {
  serve(1);
  start();
  const Response end = get("/video", {{"Range", "bytes=-5000"}});
  expect_part(end, 1, kSize - 5000, 5000);
  EXPECT_EQ(origin_.seen().back().header("range"), "bytes=-5000");
  EXPECT_TRUE(settled());
  expect_part(get("/video", {{"Range", "bytes=-5000"}}), 1, kSize - 5000, 5000);
  expect_part(get("/video", {{"Range", range_of(kSize - 100, 50)}}), 1, kSize - 100, 50);  // lies within
  EXPECT_EQ(origin_.requests("/video"), 1U);
}

TEST_F(Slices, VariantsHaveSlicesOfTheirOwn) {
  origin_.answer("/video", [](const Seen& seen) {
    Reply reply = reply_with(seen, seen.header("x-track") == "b" ? 2 : 1, kSize);
    reply.headers.emplace_back("Vary", "X-Track");
    return reply;
  });
  start();
  for (int round = 0; round < 2; ++round) {
    expect_part(range(kMiB - 5, 10, {{"X-Track", "a"}}), 1, kMiB - 5, 10);
    expect_part(range(kMiB - 5, 10, {{"X-Track", "b"}}), 2, kMiB - 5, 10);
    EXPECT_TRUE(settled());
  }
  EXPECT_EQ(origin_.requests("/video"), 4U);
}

TEST_F(Slices, AWholeFetchThatHasComeFarEnoughServesTheRange) {
  serve(1);
  start();
  EXPECT_EQ(get("/video").sha256, SeededBody(1, kSize).sha256());
  expect_part(range(19 * kMiB, 100), 1, 19 * kMiB, 100);
  EXPECT_EQ(origin_.requests("/video"), 1U);
}

TEST_F(Slices, ASeekFarAheadOfAWholeFetchDoesNotWaitForIt) {
  const auto gate = std::make_shared<Gate>();
  origin_.answer("/video", [gate](const Seen& seen) {
    Reply reply = reply_with(seen, 1, 100 * kMiB);
    if (seen.header("range").empty()) {
      reply.body_gate = gate;
      reply.gate_at = 1000;
    }
    return reply;
  });
  start();
  const auto whole = ask("/video");
  EXPECT_TRUE(wait_until([&] { return whole->received() == 1000; }));
  expect_part(range(90 * kMiB, 100), 1, 90 * kMiB, 100, 100 * kMiB);
  gate->open();
  EXPECT_EQ(whole->result().sha256, SeededBody(1, 100 * kMiB).sha256());
}

TEST_F(Slices, ARangeBeyondTheEndSaysNothingOfTheWhole) {
  serve(1, 5000);
  start();
  for (const std::string range : {"bytes=99999999-", "bytes=99999999-99999999999"}) {
    EXPECT_EQ(get("/video", {{"Range", range}}).status, 416) << range;
  }
  EXPECT_TRUE(settled());
  const Response whole = get("/video");
  EXPECT_EQ(whole.status, 200);
  EXPECT_EQ(whole.body, SeededBody(1, 5000).text());
  EXPECT_THAT(whole.header("cache-status"), HasSubstr("stored"));
  EXPECT_EQ(get("/video", {{"Range", "bytes=18446744073709551615-"}}).status, 416);
}

TEST_F(Slices, ASuffixWithIfRangeOfAnotherVersionGetsTheWhole) {
  serve(2);
  start();
  EXPECT_EQ(get("/video", {{"Range", "bytes=-500"}, {"If-Range", "\"1\""}}).sha256, SeededBody(2, kSize).sha256());
}

TEST_F(Slices, AWholeInOnePartThatIsShorterThanItSaysIsNotKept) {
  origin_.answer("/video", [](const Seen& seen) {
    Reply reply = reply_with(seen, 1, 1000);
    if (!seen.header("range").empty()) {
      reply.body = std::get<std::string>(reply.body).substr(0, 500);
      reply.chunked = true;
    }
    return reply;
  });
  start();
  const Response part = range(400, 300);
  EXPECT_TRUE(part.status == 502 || !part.error.empty()) << part.status;
  EXPECT_TRUE(settled());
  const Response whole = get("/video");
  EXPECT_EQ(whole.body, SeededBody(1, 1000).text());
}

TEST_F(Slices, AreInvalidatedWithTheirGroup) {
  origin_.answer("/video", [](const Seen& seen) {
    Reply reply = reply_with(seen, 1, kSize);
    reply.headers.emplace_back("Cache-Groups", "\"g\"");
    return reply;
  });
  start();
  expect_part(get("/video", {{"Range", "bytes=-500"}}), 1, kSize - 500, 500);
  expect_part(range(kMiB, 10), 1, kMiB, 10);
  EXPECT_TRUE(settled());
  origin_.answer("/form", Reply{.headers = {{"Cache-Group-Invalidation", "\"g\""}}, .body = "done"});
  EXPECT_EQ(perform(request("/form", {}, "POST")).status, 200);
  serve(2);
  expect_part(get("/video", {{"Range", "bytes=-500"}}), 2, kSize - 500, 500);
  expect_part(range(kMiB, 10), 2, kMiB, 10);
}

TEST_F(Slices, OneClientsReasonIsNotRememberedForOthers) {
  serve(1);
  start();
  expect_part(range(5 * kMiB, 10, {{"Authorization", "Basic x"}}), 1, 5 * kMiB, 10);
  expect_part(range(5 * kMiB, 10, {{"Cache-Control", "no-store"}}), 1, 5 * kMiB, 10);
  EXPECT_TRUE(settled());
  const std::uint64_t before = origin_.body_bytes_sent();
  expect_part(range(5 * kMiB, 10), 1, 5 * kMiB, 10);
  EXPECT_TRUE(settled());
  EXPECT_LE(origin_.body_bytes_sent() - before, kSlice);
}

TEST_F(Slices, ManySeeksAtAnOriginWithoutRangesFetchTheWholeOnce) {
  constexpr std::uint64_t kLong = 60 * kMiB;
  const auto gate = std::make_shared<Gate>();
  origin_.answer("/video", [gate](Seen seen) {
    std::erase_if(seen.headers, [](const auto& header) { return header.first == "range"; });
    Reply reply = reply_with(seen, 1, kLong);
    reply.body_gate = gate;
    reply.gate_at = 1000;
    return reply;
  });
  start();
  std::vector<std::unique_ptr<Download>> seeks;
  for (std::uint64_t i = 1; i <= 5; ++i) {
    seeks.push_back(ask("/video", {{"Range", range_of(10 * i * kMiB, 100)}}));
    EXPECT_TRUE(wait_for_origin("/video", 1));
  }
  gate->open();
  for (std::uint64_t i = 1; i <= 5; ++i) expect_part(seeks[i - 1]->result(), 1, 10 * i * kMiB, 100, kLong);
  // Those that were under way before the first answer came are given up at their heads.
  EXPECT_TRUE(settled());
  EXPECT_LT(origin_.body_bytes_sent(), 2 * kLong);
}

TEST_F(Slices, WhatIsHereIsServedWhileTheOriginFails) {
  serve(1);
  start();
  expect_part(range(0, 10), 1, 0, 10);
  EXPECT_TRUE(settled());
  origin_.answer("/video", Reply{.status = 503});
  EXPECT_EQ(range(3 * kMiB, 10).status, 502);
  const Response here = range(0, 10);
  expect_part(here, 1, 0, 10);
  EXPECT_THAT(here.header("cache-status"), HasSubstr("selvage; hit"));
}

TEST_F(Slices, WhatLiesBetweenTheRangesIsNotFetched) {
  serve(1);
  start();
  expect_part(range(0, 1), 1, 0, 1);
  const Response parts = get("/video", {{"Range", "bytes=0-0,4194304-4194304,8388608-8388608"}});
  EXPECT_EQ(parts.status, 206);
  EXPECT_TRUE(settled());
  EXPECT_EQ(origin_.requests("/video"), 3U);
}

TEST_F(Slices, ConditionsAreAnsweredFromTheHead) {
  serve(1);
  start();
  expect_part(range(0, 10), 1, 0, 10);
  EXPECT_TRUE(settled());
  EXPECT_EQ(get("/video", {{"If-None-Match", "\"1\""}}).status, 304);
  EXPECT_EQ(range(9 * kMiB, 10, {{"If-None-Match", "\"1\""}}).status, 304);
  EXPECT_EQ(range(9 * kMiB, 10, {{"Cache-Control", "only-if-cached"}}).status, 504);
  EXPECT_EQ(origin_.requests("/video"), 1U);
}

class PurgedSlices : public testing::Test {};

TEST_F(PurgedSlices, NoPartOutlivesThePurgeOfItsUrl) {
  std::atomic<std::uint64_t> version{1};  // outlasts the origin's threads
  PurgeScene scene;
  constexpr std::uint64_t kSize = 5 * kMiB;
  scene.origin.answer("/video", [&](const Seen& seen) { return reply_with(seen, version, kSize); });
  scene.begin(1, {});
  Client client(scene.edge().client_options());
  const auto part = [&](const std::string& range) {
    return client.perform({.url = "https://www.test/video", .headers = {{"Range", range}}});
  };
  const std::array<std::string, 3> ranges = {"bytes=-500", "bytes=1048576-1048585", "bytes=4194304-4194400"};
  for (const std::string& range : ranges) EXPECT_EQ(part(range).header("etag"), "\"1\"") << range;
  version = 2;
  for (const std::string& range : ranges) EXPECT_EQ(part(range).header("etag"), "\"1\"") << range;
  scene.purge(R"({"site":"www","urls":["https://www.test/video"]})");
  for (const std::string& range : ranges) EXPECT_EQ(part(range).header("etag"), "\"2\"") << range;
}

}  // namespace
}  // namespace harness
