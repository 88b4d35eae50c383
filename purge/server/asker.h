// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace purgeapi {

/// Who asked for a purge, kept with it in the log. A value.
struct Asker {
  std::string by{};    ///< the token's name; empty: not known (entries of older versions)
  std::string from{};  ///< the client's address, numeric
  std::string api{};   ///< through which API: "selvage", "cloudflare", "fastly"

  bool operator==(const Asker&) const = default;
};

}  // namespace purgeapi
