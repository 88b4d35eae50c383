// SPDX-License-Identifier: Apache-2.0
#include "edge/node/decoded.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace node
