// SPDX-License-Identifier: Apache-2.0
#include "edge/node/decoded.h"

#include <gtest/gtest.h>

#include "edge/policy/vary.h"

namespace node {
namespace {

constexpr std::string_view kUrl = "a.test/x";

class Ledgers : public testing::Test {
 protected:
  /// A ledger at number `now`, with a purge of the object's URL as its entry `purged` if that is not 0.
  static std::unique_ptr<purge::Ledger> ledger(purge::Sequence now, purge::Sequence purged = 0) {
    auto made = std::make_unique<purge::Ledger>(
        [](std::string_view, std::string_view url) { return std::string(url); });
    made->load(1, 0, {});
    for (purge::Sequence n = 1; n <= now; ++n) {
      const std::string name = n == purged ? std::string(kUrl) : "a.test/other";
      made->apply(n, {.site = "s", .kind = purge::Kind::Urls, .names = {name}});
    }
    return made;
  }
  /// Fetched when entry 3 was the newest.
  static Decoded object() {
    policy::StoredResponse response;
    response.site = "s";
    response.host = "a.test";
    response.url = kUrl;
    response.fill_stamp = purge::make_stamp(1, 3);
    return Decoded(response);
  }
};

// Ledgers that differ in what they hold and not in their number tell whether the entries were looked at.
TEST_F(Ledgers, AreNotAskedAgainAboutAnObjectUntilTheirNumberMoves) {
  const auto clean = ledger(5);
  const auto purged = ledger(5, 4);
  const Decoded untested = object();
  EXPECT_EQ(untested.verdict(*purged), purge::Verdict::Dead);
  const Decoded tested = object();
  EXPECT_EQ(tested.verdict(*clean), purge::Verdict::Live);
  EXPECT_EQ(tested.verdict(*purged), purge::Verdict::Live) << "looked up a second time";
  EXPECT_EQ(tested.verdict(*ledger(6, 6)), purge::Verdict::Dead);
}

TEST_F(Ledgers, AreAskedAgainAboutAStaleOrDeadObject) {
  const auto purged = ledger(5, 4);
  const Decoded dead = object();
  for (int i = 0; i < 2; ++i) EXPECT_EQ(dead.verdict(*purged), purge::Verdict::Dead);
}

policy::StoredResponse varied(std::string_view vary, const http::Fields& request) {
  policy::StoredResponse response;
  response.url = kUrl;
  response.fields.add("vary", vary);
  response.variant = policy::variant_text(*policy::vary_names(response.fields), request);
  return response;
}

TEST(Variants, AreChosenByWhatTheirRequestSaid) {
  http::Fields request;
  request.add("accept-language", "de, en;q=0.5");
  request.add("accept-encoding", "gzip;q=1, zstd");
  const Decoded object(varied("Accept-Language, Accept-Encoding, X-Device", request));
  EXPECT_TRUE(object.is_chosen_by({{"accept-language", "en;q=0.5,de"}, {"accept-encoding", "zstd, gzip"}}));
  EXPECT_TRUE(object.is_chosen_by(
      {{"accept-language", "de,en;q=0.5"}, {"accept-encoding", "gzip,zstd"}, {"cookie", "x"}}));
  EXPECT_FALSE(object.is_chosen_by({{"accept-language", "de,en;q=0.5"}}));
  EXPECT_FALSE(object.is_chosen_by({{"accept-language", "de"}, {"accept-encoding", "gzip, zstd"}}));
  EXPECT_FALSE(object.is_chosen_by(
      {{"accept-language", "de,en;q=0.5"}, {"accept-encoding", "gzip,zstd"}, {"x-device", ""}}));
}

TEST(Variants, AreChosenByTheLanguageThatTheyAreIn) {
  http::Fields request;
  request.add("accept-language", "de, en;q=0.5");
  policy::StoredResponse response = varied("Accept-Language", request);
  EXPECT_FALSE(Decoded(response).is_chosen_by({{"accept-language", "de"}}));
  response.fields.add("content-language", "de");
  EXPECT_TRUE(Decoded(response).is_chosen_by({{"accept-language", "de"}}));
  EXPECT_FALSE(Decoded(response).is_chosen_by({{"accept-language", "en"}}));
}

TEST(Variants, WhatIsNotCodedIsForWhomeverTheEdgeCodesIt) {
  http::Fields sent;
  sent.add("accept-encoding", "identity");
  const Decoded object(varied("Accept-Encoding", sent));
  EXPECT_TRUE(object.is_chosen_by({{"accept-encoding", "gzip"}}));
  EXPECT_TRUE(object.is_chosen_by({{"x", "1"}}));
}

TEST(Variants, WhatHasNoneIsChosenByAll) {
  policy::StoredResponse response;
  EXPECT_TRUE(Decoded(response).is_chosen_by({{"accept-language", "de"}}));
}

// A purge of one variant, or of a status, must not take the way to the others away.
TEST(Variants, MarkersAreNone) {
  policy::StoredResponse marker;
  marker.kind = policy::StoredResponse::Kind::VaryMarker;
  marker.vary = {"accept-language"};
  const Decoded decoded(marker);
  EXPECT_FALSE(decoded.is_chosen_by({{"accept-language", "de"}}));
  EXPECT_EQ(decoded.subject().status, 0);
}

}  // namespace
}  // namespace node
