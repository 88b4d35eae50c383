// SPDX-License-Identifier: Apache-2.0
#include "edge/http/syntax.h"

#include <algorithm>
#include <array>

namespace http {
namespace {

/// For each character whether a token may have it.
constexpr std::array<bool, 256> kOfToken = [] {
  std::array<bool, 256> table{};
  for (unsigned char c = '0'; c <= '9'; ++c) table[c] = true;
  for (unsigned char c = 'a'; c <= 'z'; ++c) table[c] = table[c - 32] = true;
  for (const char c : std::string_view("!#$%&'*+-.^_`|~")) table[static_cast<unsigned char>(c)] = true;
  return table;
}();

bool is_token_character(char c) { return kOfToken[static_cast<unsigned char>(c)]; }

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

}  // namespace

bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, is_token_character);
}

bool is_field_value(std::string_view text) {
  return std::ranges::none_of(text, [](char c) { return c != '\t' && is_control(c); });
}

std::string printable(std::string_view text) {
  constexpr std::size_t kLongest = 80;
  std::string out(text.substr(0, kLongest));
  std::ranges::replace_if(out, is_control, '?');
  if (text.size() > kLongest) out += "...";
  return out;
}

}  // namespace http
