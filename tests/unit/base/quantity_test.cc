// SPDX-License-Identifier: Apache-2.0
#include "edge/base/quantity.h"

#include <gtest/gtest.h>

#include "edge/base/nearest.h"

namespace base {
namespace {

using std::chrono::milliseconds;

TEST(Quantity, SizesTakeBinaryAndDecimalUnits) {
  EXPECT_EQ(parse_bytes("0"), 0U);
  EXPECT_EQ(parse_bytes("1048576"), 1'048'576U);
  EXPECT_EQ(parse_bytes("64KiB"), 65'536U);
  EXPECT_EQ(parse_bytes("1.5GiB"), 1'610'612'736U);
  EXPECT_EQ(parse_bytes("10MB"), 10'000'000U);
  EXPECT_EQ(parse_bytes("18446744073709551615B"), 18446744073709551615ULL);
}

TEST(Quantity, WrongSizesAreRefused) {
  for (const char* bad : {"", "B", "lots", "-1", "1 KiB", "1kib", "1.5", ".5MiB", "1.MiB", "1..5MiB",
                          "16777216TiB", "99999999999.5TiB", "1e3MiB", "0x10B"}) {
    EXPECT_FALSE(parse_bytes(bad)) << bad;
  }
}

TEST(Quantity, TimesNeedAUnit) {
  EXPECT_EQ(parse_duration("250ms"), milliseconds(250));
  EXPECT_EQ(parse_duration("5s"), milliseconds(5'000));
  EXPECT_EQ(parse_duration("1.5m"), milliseconds(90'000));
  EXPECT_EQ(parse_duration("7d"), milliseconds(604'800'000));
  EXPECT_EQ(parse_duration("0"), milliseconds(0));
  for (const char* bad : {"", "s", "5", "-1s", "5 s", "5sec", "40000d"})
    EXPECT_FALSE(parse_duration(bad)) << bad;
}

TEST(Quantity, FormattedFormsReadBack) {
  EXPECT_EQ(format_bytes(64 << 20), "64MiB");
  EXPECT_EQ(format_bytes(1500), "1500B");
  EXPECT_EQ(format_bytes(0), "0B");
  EXPECT_EQ(format_duration(milliseconds(90'000)), "90s");
  EXPECT_EQ(format_duration(milliseconds(86'400'000)), "1d");
  EXPECT_EQ(format_duration(milliseconds(0)), "0");
}

TEST(Nearest, CountsEditsWithoutCase) {
  EXPECT_EQ(edit_distance("", "abc"), 3U);
  EXPECT_EQ(edit_distance("Budget", "bugdet"), 1U);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
}

TEST(Nearest, AnswersOnlyWhatIsNearEnough) {
  const std::set<std::string, std::less<>> keys{"budget", "folder", "shards", "url"};
  EXPECT_EQ(nearest("bugdet", keys), "budget");
  EXPECT_EQ(nearest("shard", keys), "shards");
  EXPECT_EQ(nearest("uri", keys), "url");
  EXPECT_EQ(nearest("colour", keys), "");
  EXPECT_EQ(nearest("x", {}), "");
}

}  // namespace
}  // namespace base
