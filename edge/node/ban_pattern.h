// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "edge/base/error.h"

/// The regular expressions of bans, as far as purges can say the same. Pure functions.
namespace node {

/// "^(a|b).*$" and simpler: one of some texts, at the beginning, at the end, or anywhere.
struct BanPattern {
  std::vector<std::string> texts{};  ///< one of them, escapes undone
  bool from_start = false;           ///< nothing before it
  bool to_end = false;               ///< nothing after it

  /// Matches whatever there is: ".*".
  bool all() const { return texts.size() == 1 && texts.front().empty() && !(from_start && to_end); }
  bool matches(std::string_view text) const;
};

/// What an unescaped "." outside of ".*" is taken for.
enum class Dot : std::uint8_t {
  Itself,  ///< as people write host names
  Fault,   ///< it would match other texts than the one that is meant
};
/// Errors say what cannot be understood.
base::Result<BanPattern> parse_ban_pattern(std::string_view pattern, Dot dot);

/// The tags of a list ("a, b c") or of what FOSHttpCache makes of one: "(^|,)(a|b)(,|$)", "(a|b)(,.+)?$".
base::Result<std::vector<std::string>> parse_ban_tags(std::string_view text);

/// "a, b c": names between spaces and commas.
std::vector<std::string> split_tags(std::string_view text);

}  // namespace node
