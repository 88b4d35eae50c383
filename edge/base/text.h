// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Small text tools without allocation, ASCII only (HTTP's own rules). Pure functions, any thread.
namespace base {

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
/// Equal but for ASCII case.
bool iequals(std::string_view a, std::string_view b);
std::string lowered(std::string_view text);
/// Without spaces and tabs at both ends (OWS of RFC 9110 5.6.3).
std::string_view trimmed(std::string_view text);

/// The whole of `text` as a decimal number without sign; nothing if it is not one or does not fit.
std::optional<std::uint64_t> decimal(std::string_view text);

/// Calls `each(std::string_view)` for every piece of `text` between `separator`s, trimmed; empty
/// pieces are skipped. Does not know quoted strings.
template <std::invocable<std::string_view> F>
void split(std::string_view text, char separator, F each) {
  while (!text.empty()) {
    const std::size_t end = text.find(separator);
    const std::string_view piece = trimmed(text.substr(0, end));
    if (!piece.empty()) each(piece);
    if (end == std::string_view::npos) return;
    text.remove_prefix(end + 1);
  }
}

/// `bytes` as lower-case hexadecimal digits.
std::string hex(std::string_view bytes);
/// The reverse; nothing if `text` is not an even number of hexadecimal digits.
std::optional<std::string> unhex(std::string_view text);

}  // namespace base
