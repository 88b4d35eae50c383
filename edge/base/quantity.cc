// SPDX-License-Identifier: Apache-2.0
#include "edge/base/quantity.h"

#include <array>
#include <charconv>
#include <limits>
#include <span>

#include "edge/base/text.h"

namespace base {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

// Ascending; formatting takes the largest that divides.
constexpr std::array<Unit, 5> kBinary{
    {{"B", 1}, {"KiB", 1ULL << 10}, {"MiB", 1ULL << 20}, {"GiB", 1ULL << 30}, {"TiB", 1ULL << 40}}};
constexpr std::array<Unit, 4> kDecimal{
    {{"KB", 1'000}, {"MB", 1'000'000}, {"GB", 1'000'000'000}, {"TB", 1'000'000'000'000}}};
constexpr std::array<Unit, 5> kTime{
    {{"ms", 1}, {"s", 1'000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};

std::optional<std::uint64_t> factor_of(std::string_view name, std::span<const Unit> units) {
  for (const Unit& unit : units) {
    if (unit.name == name) return unit.factor;
  }
  return {};
}

// Whole numbers exactly; fractions through double, which is exact enough for what people write.
std::optional<std::uint64_t> scaled(std::string_view number, std::uint64_t factor, std::uint64_t max) {
  if (number.find('.') == std::string_view::npos) {
    const auto value = decimal(number);
    if (!value || *value > max / factor) return {};
    return *value * factor;
  }
  if (number.front() == '.' || number.back() == '.') return {};
  double value = 0;
  const char* const last = number.data() + number.size();
  const auto [end, error] = std::from_chars(number.data(), last, value, std::chars_format::fixed);
  const double product = value * static_cast<double>(factor);
  if (error != std::errc() || end != last || product >= static_cast<double>(max)) return {};
  return static_cast<std::uint64_t>(product + 0.5);
}

struct Parts {
  std::string_view number;
  std::string_view unit;
};
Parts parts_of(std::string_view text) {
  const std::size_t end = text.find_first_not_of("0123456789.");
  if (end == std::string_view::npos) return {text, {}};
  return {text.substr(0, end), text.substr(end)};
}

std::string with_unit(std::uint64_t value, std::span<const Unit> units) {
  const Unit* best = &units.front();
  for (const Unit& unit : units) {
    if (value != 0 && value % unit.factor == 0) best = &unit;
  }
  return std::to_string(value / best->factor) + std::string(best->name);
}

}  // namespace

std::optional<std::uint64_t> parse_bytes(std::string_view text) {
  const auto [number, unit] = parts_of(text);
  if (number.empty()) return {};
  constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();
  if (unit.empty()) return decimal(number);
  auto factor = factor_of(unit, kBinary);
  if (!factor) factor = factor_of(unit, kDecimal);
  return factor ? scaled(number, *factor, kMax) : std::nullopt;
}

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  const auto [number, unit] = parts_of(text);
  if (number == "0" && unit.empty()) return std::chrono::milliseconds{0};
  const auto factor = factor_of(unit, kTime);
  if (number.empty() || !factor) return {};
  // A century: far beyond any setting, far below what the clocks' nanoseconds can hold.
  constexpr std::uint64_t kMax = 100ULL * 365 * 86'400'000;
  const auto value = scaled(number, *factor, kMax);
  if (!value) return {};
  return std::chrono::milliseconds{static_cast<std::int64_t>(*value)};
}

std::string format_bytes(std::uint64_t bytes) { return with_unit(bytes, kBinary); }

std::string format_duration(std::chrono::milliseconds time) {
  if (time.count() <= 0) return "0";
  return with_unit(static_cast<std::uint64_t>(time.count()), kTime);
}

}  // namespace base
