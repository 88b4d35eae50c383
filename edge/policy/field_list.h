// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <string_view>

#include "edge/base/text.h"

/// Lists of fields that are no structured fields (RFC 9110 5.6.1), read leniently. Pure functions, any
/// thread.
namespace policy {

/// Where the quoted string that begins at `text[at]` ends (just behind its closing quote); npos if it never
/// does.
std::size_t quoted_end(std::string_view text, std::size_t at);

/// Length of the first member. A quote that is never closed is an ordinary character: what follows its next
/// comma must not be swallowed, it could be no-store.
std::size_t member_size(std::string_view text);

/// Calls `each(std::string_view)` for every member, trimmed; empty ones are skipped.
template <std::invocable<std::string_view> F>
void for_each_member(std::string_view text, F each) {
  while (!text.empty()) {
    const std::size_t size = member_size(text);
    const std::string_view member = base::trimmed(text.substr(0, size));
    if (!member.empty()) each(member);
    text.remove_prefix(std::min(size + 1, text.size()));
  }
}

}  // namespace policy
