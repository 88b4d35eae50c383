// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "edge/http/head_rules.h"

namespace http {

/// Finds the end of an HTTP/1.x head (RFC 9112 2.1) as bytes arrive, holds it to its limits, and refuses line
/// forms that recipients read differently: lines that end in a bare LF, folded lines (5.2). Looks at each
/// byte once.
class H1HeadScan {
 public:
  /// The head's size once it is complete, nothing while it is not. `bytes` begins with the head and holds at
  /// least what the last call saw.
  std::expected<std::optional<std::size_t>, Refusal> scan(std::string_view bytes, std::uint32_t bytes_max,
                                                          std::uint32_t fields_max);
  /// For the next head.
  void reset() { *this = H1HeadScan(); }

 private:
  std::size_t seen_ = 0;
  std::size_t line_start_ = 0;
  std::uint32_t lines_ = 0;
};

}  // namespace http
