// SPDX-License-Identifier: Apache-2.0
#include "edge/policy/uri.h"

#include <optional>
#include <vector>

#include "edge/base/text.h"

namespace policy {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char l = base::lower(c);
  return l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

/// The byte that "%XX" at `text[at]` stands for.
std::optional<unsigned char> triplet(std::string_view text, std::size_t at) {
  if (at + 2 >= text.size() || text[at] != '%') return {};
  const int high = hex_value(text[at + 1]);
  const int low = hex_value(text[at + 2]);
  if (high < 0 || low < 0) return {};
  return static_cast<unsigned char>(high * 16 + low);
}

bool is_unreserved(unsigned char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

void append_triplet(std::string& out, unsigned char byte) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  out += '%';
  out += kDigits[byte >> 4];
  out += kDigits[byte & 15];
}

/// "." written in any way: "." or "%2e".
std::size_t leading_dot(std::string_view text) {
  if (text.starts_with('.')) return 1;
  return triplet(text, 0) == '.' ? 3 : 0;
}

/// Number of dots if `segment` consists of one or two, else 0.
int dots(std::string_view segment) {
  int count = 0;
  while (!segment.empty()) {
    const std::size_t size = leading_dot(segment);
    if (size == 0 || ++count > 2) return 0;
    segment.remove_prefix(size);
  }
  return count;
}

}  // namespace

// One pass without a branch: as good as every URI is literal.
bool is_literal(std::string_view part) {
  unsigned special = 0;
  for (const char c : part) special |= static_cast<unsigned>(c == '%') | static_cast<unsigned char>(c) >> 7;
  return special == 0;
}

bool is_normal_path(std::string_view path) {
  return path.starts_with('/') && path.find("/.") == std::string_view::npos && is_literal(path);
}

std::string normal_encoding(std::string_view part) {
  if (is_literal(part)) return std::string(part);
  std::string out;
  out.reserve(part.size());
  for (std::size_t i = 0; i < part.size(); ++i) {
    const auto encoded = triplet(part, i);
    const auto byte = encoded.value_or(static_cast<unsigned char>(part[i]));
    // A "%" that begins no triplet becomes "%25": left bare, it could make one with what is decoded behind
    // it.
    const bool encode = encoded ? !is_unreserved(byte) : byte >= 0x80 || byte == '%';
    if (encode) {
      append_triplet(out, byte);
    } else {
      out += static_cast<char>(byte);
    }
    if (encoded) i += 2;
  }
  return out;
}

std::string decoded(std::string_view part) {
  if (is_literal(part)) return std::string(part);
  std::string out;
  out.reserve(part.size());
  for (std::size_t i = 0; i < part.size(); ++i) {
    const auto byte = triplet(part, i);
    out += byte ? static_cast<char>(*byte) : part[i];
    if (byte) i += 2;
  }
  return out;
}

std::string without_dot_segments(std::string_view path) {
  if (is_normal_path(path)) return std::string(path);
  if (path.starts_with('/')) path.remove_prefix(1);
  std::vector<std::string_view> kept;
  for (bool last = false; !last;) {
    const std::size_t slash = path.find('/');
    last = slash == std::string_view::npos;
    const std::string_view segment = path.substr(0, slash);
    path.remove_prefix(last ? path.size() : slash + 1);
    const int count = dots(segment);
    if (count == 2 && !kept.empty()) kept.pop_back();
    if (count == 0) kept.push_back(segment);
    // "/a/.." names the folder "/", with its slash.
    if (count != 0 && last) kept.emplace_back();
  }
  std::string out;
  for (const std::string_view segment : kept) out.append("/").append(segment);
  return out.empty() ? "/" : out;
}

}  // namespace policy
