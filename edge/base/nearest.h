// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <string_view>

/// "Did you mean …?" Pure functions, any thread.
namespace base {

/// Fewest insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`, ASCII case
/// aside.
std::size_t edit_distance(std::string_view a, std::string_view b);

/// The candidate nearest to `word` if it is near enough to be what was meant (a third of its letters, at most
/// 3, may differ); else empty.
std::string_view nearest(std::string_view word, const std::set<std::string, std::less<>>& candidates);

}  // namespace base
