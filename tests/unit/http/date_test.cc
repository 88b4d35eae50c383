// SPDX-License-Identifier: Apache-2.0
#include "edge/http/date.h"

#include <gtest/gtest.h>

#include <chrono>

#include "tests/support/heads.h"

namespace {

using std::chrono::seconds;
using std::chrono::sys_days;
using namespace std::chrono_literals;

const base::Wall kNow = sys_days(2026y / 8 / 1);

struct DateCase {
  const char* text;
  std::optional<base::Wall> expected;
};

TEST(DateRfc9110_5_6_7, ReadsTheThreeFormsAndNothingElse) {
  const base::Wall known = sys_days(1994y / 11 / 6) + 8h + 49min + 37s;
  const base::Wall far = sys_days(2050y / 8 / 18) + 2h + 1min + 18s;
  const DateCase cases[] = {
      {"Sun, 06 Nov 1994 08:49:37 GMT", known},
      {"Sunday, 06-Nov-94 08:49:37 GMT", known},
      {"Sun Nov  6 08:49:37 1994", known},
      {"Sun Nov 06 08:49:37 1994", known},
      {"SUN, 06 nov 1994 08:49:37 gmt", known},
      {"Mon, 06 Nov 1994 08:49:37 GMT", known},  // the day of the week says nothing new
      {"Thursday, 18-Aug-50 02:01:18 GMT", far},
      {"Thu Aug 18 02:01:18 2050", far},
      {"Tue, 19 Jan 2038 14:14:08 GMT", sys_days(2038y / 1 / 19) + 14h + 14min + 8s},
      {"Tue, 29 Feb 2000 00:00:00 GMT", sys_days(2000y / 2 / 29)},
      {"Fri, 31 Dec 2016 23:59:60 GMT", sys_days(2017y / 1 / 1)},  // leap second
      {"Thu 18 Aug 2050 02:01:18 GMT", {}},
      {"Thu, 18 Aug 2050 02:01:18 UTC", {}},
      {"Thu, 18 Aug 2050 02:01:18 AEST", {}},
      {"Thu, 18 Aug 50 02:01:18 GMT", {}},
      {"Thu, 18  Aug  2050 02:01:18 GMT", {}},
      {"Thu, 18-Aug-2050 02:01:18 GMT", {}},
      {"Thu, 18 Aug 2050 02.01.18 GMT", {}},
      {"Thu, 18 Aug 2050 2:01:18 GMT", {}},
      {"Thu, 8 Aug 2050 02:01:18 GMT", {}},
      {"Thu, 18 Aug 2050 02:01:18", {}},
      {"Thu, 18 Aug 2050 02:01:18 GMT ", {}},
      {"Thu, 18 Aug 2050 02:01:18 GMT, Thu, 18 Aug 2050 02:01:18 GMT", {}},
      {"Thu, 18 Aug 2050 24:00:00 GMT", {}},
      {"Thu, 18 Aug 2050 02:60:18 GMT", {}},
      {"Thu, 18 Aug 2050 02:01:61 GMT", {}},
      {"Thu, 31 Sep 2050 02:01:18 GMT", {}},
      {"Thu, 29 Feb 2001 02:01:18 GMT", {}},
      {"Thu, 00 Aug 2050 02:01:18 GMT", {}},
      {"Thu, 18 Foo 2050 02:01:18 GMT", {}},
      {"Foo, 18 Aug 2050 02:01:18 GMT", {}},
      {"Thu, +8 Aug 2050 02:01:18 GMT", {}},
      {"0", {}},
      {"-1", {}},
      {"", {}},
      {"1994-11-06T08:49:37Z", {}},
  };
  for (const DateCase& c : cases) EXPECT_EQ(http::parse_date(c.text, kNow), c.expected) << c.text;
}

TEST(DateRfc9110_5_6_7, TwoDigitYearIsNeverMoreThanFiftyYearsAhead) {
  const auto year = [](const char* text, base::Wall now) {
    const auto time = http::parse_date(text, now);
    return time ? static_cast<int>(
                      std::chrono::year_month_day(std::chrono::floor<std::chrono::days>(*time)).year())
                : 0;
  };
  EXPECT_EQ(year("Sunday, 06-Nov-76 08:49:37 GMT", kNow), 2076);
  EXPECT_EQ(year("Sunday, 06-Nov-77 08:49:37 GMT", kNow), 1977);
  EXPECT_EQ(year("Sunday, 06-Nov-26 08:49:37 GMT", kNow), 2026);
  EXPECT_EQ(year("Sunday, 06-Nov-00 08:49:37 GMT", sys_days(1999y / 1 / 1)), 1900);
}

TEST(DateRfc9110_5_6_7, BeyondTheClockIsItsEnd) {
  const auto far = http::parse_date("Sun, 21 Nov 2286 04:46:39 GMT", kNow);
  ASSERT_TRUE(far);
  EXPECT_GT(*far, sys_days(2262y / 1 / 1));
  const auto early = http::parse_date("Mon, 01 Jan 0001 00:00:00 GMT", kNow);
  ASSERT_TRUE(early);
  EXPECT_LT(*early, sys_days(1678y / 1 / 1));
  EXPECT_EQ(http::format_date(base::Wall::min()), "Tue, 21 Sep 1677 00:12:43 GMT");
  EXPECT_EQ(http::format_date(base::Wall::max()), "Fri, 11 Apr 2262 23:47:16 GMT");
}

TEST(DateFormat, IsImfFixdateAndReadsBack) {
  EXPECT_EQ(http::format_date(sys_days(1994y / 11 / 6) + 8h + 49min + 37s), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(http::format_date(sys_days(1970y / 1 / 1) + 999ms), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(http::format_date(sys_days(1969y / 12 / 31) + 23h + 59min + 59s + 1ms),
            "Wed, 31 Dec 1969 23:59:59 GMT");
  for (std::int64_t s = -4'000'000'000; s < 7'000'000'000; s += 12'345'677) {
    const base::Wall time = support::at(s);
    EXPECT_EQ(http::parse_date(http::format_date(time), kNow), time) << s;
  }
}

}  // namespace
