// SPDX-License-Identifier: Apache-2.0
#include "edge/policy/quality.h"

#include <optional>

#include "edge/base/text.h"

namespace policy {
namespace {

/// "0", "0.5", "1.000" in thousandths.
std::optional<unsigned> parse_quality(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return {};
  if (text.size() > 1 && text[1] != '.') return {};
  unsigned value = static_cast<unsigned>(text[0] - '0') * kQualityMax;
  unsigned place = kQualityMax / 10;
  for (const char c : text.substr(text.size() > 1 ? 2 : 1)) {
    if (c < '0' || c > '9') return {};
    value += static_cast<unsigned>(c - '0') * place;
    place /= 10;
  }
  if (value > kQualityMax) return {};
  return value;
}

}  // namespace

std::vector<Weighted> parse_weighted(std::string_view value) {
  std::vector<Weighted> out;
  base::split(value, ',', [&](std::string_view member) {
    Weighted weighted;
    base::split(member, ';', [&](std::string_view part) {
      const std::size_t equals = part.find('=');
      if (equals != std::string_view::npos && base::iequals(base::trimmed(part.substr(0, equals)), "q")) {
        weighted.quality = parse_quality(base::trimmed(part.substr(equals + 1))).value_or(kQualityMax);
        return;
      }
      if (!weighted.text.empty()) weighted.text += ';';
      weighted.text += part;
    });
    if (!weighted.text.empty()) out.push_back(std::move(weighted));
  });
  return out;
}

}  // namespace policy
