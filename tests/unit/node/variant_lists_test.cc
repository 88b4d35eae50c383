// SPDX-License-Identifier: Apache-2.0
#include "edge/node/variant_lists.h"

#include <gtest/gtest.h>

namespace node {
namespace {

store::Key key(std::uint64_t n) { return {n * 16, n}; }

TEST(VariantListsRfc9111_4_1, TheOldestGoesWhenThereAreTooMany) {
  VariantLists lists(100);
  EXPECT_FALSE(lists.enter(key(1), key(11), 2));
  EXPECT_FALSE(lists.enter(key(1), key(12), 2));
  EXPECT_FALSE(lists.enter(key(1), key(11), 2));  // stored anew: now the newest
  EXPECT_EQ(lists.enter(key(1), key(13), 2), key(12));
  EXPECT_FALSE(lists.enter(key(2), key(12), 2));  // another URL's
  EXPECT_EQ(lists.enter(key(1), key(14), 2), key(11));
}

TEST(VariantListsRfc9111_4_1, IsBoundedItself) {
  VariantLists lists(0);  // room for one URL in each shard, and all of these are in one
  EXPECT_FALSE(lists.enter(key(1), key(11), 1));
  EXPECT_FALSE(lists.enter(key(2), key(21), 1));
  EXPECT_FALSE(lists.enter(key(1), key(12), 1));  // forgotten meanwhile
}

}  // namespace
}  // namespace node
