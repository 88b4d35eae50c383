// SPDX-License-Identifier: Apache-2.0
#include "edge/base/text.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace base {
namespace {

TEST(Text, DecimalTakesWholeNumbersOnly) {
  EXPECT_EQ(decimal("0"), 0U);
  EXPECT_EQ(decimal("18446744073709551615"), 18446744073709551615ULL);
  for (const char* bad : {"", "-1", "+1", " 1", "1 ", "1x", "18446744073709551616"}) {
    EXPECT_FALSE(decimal(bad)) << bad;
  }
}

TEST(Text, SplitTrimsAndSkipsEmptyPieces) {
  std::vector<std::string> pieces;
  split(" a ,,b,\tc d ,", ',', [&](std::string_view piece) { pieces.emplace_back(piece); });
  EXPECT_EQ(pieces, (std::vector<std::string>{"a", "b", "c d"}));
}

TEST(Text, HexGoesThereAndBack) {
  const std::string bytes("\x00\xff\x10z", 4);
  EXPECT_EQ(hex(bytes), "00ff107a");
  EXPECT_EQ(unhex("00FF107a"), bytes);
  EXPECT_FALSE(unhex("0"));
  EXPECT_FALSE(unhex("0g"));
}

TEST(Text, ComparesWithoutCase) {
  EXPECT_TRUE(iequals("Content-Type", "content-type"));
  EXPECT_FALSE(iequals("a", "ab"));
  EXPECT_EQ(trimmed(" \t x \t"), "x");
  EXPECT_EQ(lowered("AbC-1"), "abc-1");
}

}  // namespace
}  // namespace base
