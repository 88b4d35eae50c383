// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace policy {

/// Quality values are kept in thousandths (RFC 9110 12.4.2).
inline constexpr unsigned kQualityMax = 1000;

/// A member of a content negotiation field: "gzip;q=0.5".
struct Weighted {
  std::string text{};  ///< without its weight; other parameters kept
  unsigned quality = kQualityMax;
};

/// The members of such a field. A weight that cannot be read counts as 1: the member was named, so it is
/// wanted.
std::vector<Weighted> parse_weighted(std::string_view value);

}  // namespace policy
