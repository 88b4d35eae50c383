// SPDX-License-Identifier: Apache-2.0
#include "edge/http/date.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>

#include "edge/base/text.h"

namespace http {
namespace {

using std::chrono::floor;
using std::chrono::seconds;
using std::chrono::sys_days;
using std::chrono::sys_seconds;
using std::chrono::year_month_day;

constexpr std::array<std::string_view, 7> kDays = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                   "Thursday", "Friday", "Saturday"};
constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

/// Takes pieces of fixed form from the front of a text; once one does not fit, all that follow fail too.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}

  void literal(std::string_view expected) {
    if (!base::iequals(text_.substr(0, expected.size()), expected)) return fail();
    text_.remove_prefix(expected.size());
  }
  /// Exactly `digits` digits.
  int number(std::size_t digits) {
    if (text_.size() < digits) return fail(), 0;
    int value = 0;
    for (const char c : text_.substr(0, digits)) {
      if (c < '0' || c > '9') return fail(), 0;
      value = value * 10 + (c - '0');
    }
    text_.remove_prefix(digits);
    return value;
  }
  /// Day of the month as asctime() writes it: two places, filled with a space.
  int padded_day() {
    if (!text_.starts_with(' ')) return number(2);
    text_.remove_prefix(1);
    return number(1);
  }
  void short_day() {
    for (const std::string_view day : kDays) {
      if (base::iequals(text_.substr(0, 3), day.substr(0, 3))) return text_.remove_prefix(3);
    }
    fail();
  }
  void long_day() {
    for (const std::string_view day : kDays) {
      if (base::iequals(text_.substr(0, day.size()), day)) return text_.remove_prefix(day.size());
    }
    fail();
  }
  /// 1 to 12.
  unsigned month() {
    for (unsigned i = 0; i < kMonths.size(); ++i) {
      if (!base::iequals(text_.substr(0, 3), kMonths[i])) continue;
      text_.remove_prefix(3);
      return i + 1;
    }
    return fail(), 1U;
  }
  seconds time_of_day() {
    const int hour = number(2);
    literal(":");
    const int minute = number(2);
    literal(":");
    const int second = number(2);
    // 60 is a leap second (RFC 9110 5.6.7); it reads as the second after it.
    if (hour > 23 || minute > 59 || second > 60) fail();
    return std::chrono::hours(hour) + std::chrono::minutes(minute) + seconds(second);
  }
  bool complete() const { return good_ && text_.empty(); }

 private:
  void fail() {
    good_ = false;
    text_ = {};
  }

  std::string_view text_;
  bool good_ = true;
};

struct Parts {
  int year = 0;
  unsigned month = 1;
  int day = 1;
  seconds time{0};
};

/// The clock counts nanoseconds and so ends in 2262; dates beyond either end become that end.
base::Wall saturated(sys_seconds time) {
  constexpr auto kFirst = std::chrono::ceil<seconds>(base::Wall::min());
  constexpr auto kLast = floor<seconds>(base::Wall::max());
  return base::Wall(std::clamp(time, kFirst, kLast));
}

std::optional<base::Wall> to_wall(const Parts& parts) {
  const year_month_day date{std::chrono::year(parts.year), std::chrono::month(parts.month),
                            std::chrono::day(static_cast<unsigned>(parts.day))};
  if (!date.ok()) return {};
  return saturated(sys_days(date) + parts.time);
}

/// A two-digit year that seems more than 50 years ahead is the last year in the past with those digits.
int full_year(int two_digits, base::Wall now) {
  const year_month_day today{floor<std::chrono::days>(now)};
  const int this_year = static_cast<int>(today.year());
  const int year = this_year - this_year % 100 + two_digits;
  return year > this_year + 50 ? year - 100 : year;
}

std::optional<base::Wall> parse_imf_fixdate(std::string_view text) {
  Cursor cursor(text);
  Parts parts;
  cursor.short_day();
  cursor.literal(", ");
  parts.day = cursor.number(2);
  cursor.literal(" ");
  parts.month = cursor.month();
  cursor.literal(" ");
  parts.year = cursor.number(4);
  cursor.literal(" ");
  parts.time = cursor.time_of_day();
  cursor.literal(" GMT");
  if (!cursor.complete()) return {};
  return to_wall(parts);
}

std::optional<base::Wall> parse_rfc850(std::string_view text, base::Wall now) {
  Cursor cursor(text);
  Parts parts;
  cursor.long_day();
  cursor.literal(", ");
  parts.day = cursor.number(2);
  cursor.literal("-");
  parts.month = cursor.month();
  cursor.literal("-");
  parts.year = full_year(cursor.number(2), now);
  cursor.literal(" ");
  parts.time = cursor.time_of_day();
  cursor.literal(" GMT");
  if (!cursor.complete()) return {};
  return to_wall(parts);
}

std::optional<base::Wall> parse_asctime(std::string_view text) {
  Cursor cursor(text);
  Parts parts;
  cursor.short_day();
  cursor.literal(" ");
  parts.month = cursor.month();
  cursor.literal(" ");
  parts.day = cursor.padded_day();
  cursor.literal(" ");
  parts.time = cursor.time_of_day();
  cursor.literal(" ");
  parts.year = cursor.number(4);
  if (!cursor.complete()) return {};
  return to_wall(parts);
}

void append_padded(std::string& out, unsigned value, int digits) {
  std::array<char, 10> buffer{};
  for (int i = digits; i-- > 0; value /= 10) {
    buffer[static_cast<std::size_t>(i)] = static_cast<char>('0' + value % 10);
  }
  out.append(buffer.data(), static_cast<std::size_t>(digits));
}

}  // namespace

std::string format_date(base::Wall time) {
  // In seconds: the first day of the clock begins before the clock does.
  const sys_seconds moment = floor<seconds>(time);
  const sys_days day = floor<std::chrono::days>(moment);
  const year_month_day date{day};
  const std::chrono::hh_mm_ss clock{moment - day};
  const unsigned weekday = std::chrono::weekday(day).c_encoding();

  std::string out;
  out.reserve(29);
  out.append(kDays[weekday].substr(0, 3)).append(", ");
  append_padded(out, static_cast<unsigned>(date.day()), 2);
  out.append(" ").append(kMonths[static_cast<unsigned>(date.month()) - 1]).append(" ");
  append_padded(out, static_cast<unsigned>(static_cast<int>(date.year())), 4);
  out += ' ';
  append_padded(out, static_cast<unsigned>(clock.hours().count()), 2);
  out += ':';
  append_padded(out, static_cast<unsigned>(clock.minutes().count()), 2);
  out += ':';
  append_padded(out, static_cast<unsigned>(clock.seconds().count()), 2);
  out += " GMT";
  return out;
}

std::optional<base::Wall> parse_date(std::string_view text, base::Wall now) {
  if (const auto time = parse_imf_fixdate(text)) return time;
  if (const auto time = parse_rfc850(text, now)) return time;
  return parse_asctime(text);
}

}  // namespace http
