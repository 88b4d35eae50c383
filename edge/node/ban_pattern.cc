// SPDX-License-Identifier: Apache-2.0
#include "edge/node/ban_pattern.h"

#include <algorithm>

#include "edge/base/text.h"

namespace node {
namespace {

constexpr std::string_view kSpecial = "*+?()[]{}|^$";
constexpr std::string_view kAny = ".*";

std::unexpected<base::Error> refuse(std::string_view found, std::string_view why) {
  return base::fail(base::Errc::Invalid, "\"" + std::string(found) + "\" " + std::string(why));
}

bool is_word(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool take(std::string_view& text, std::string_view piece) {
  if (!text.starts_with(piece)) return false;
  text.remove_prefix(piece.size());
  return true;
}

/// Takes a literal from the front of `rest`, up to a special character.
base::Result<std::string> take_literal(std::string_view& rest, Dot dot, std::string_view whole) {
  std::string out;
  while (!rest.empty() && kSpecial.find(rest.front()) == std::string_view::npos && !rest.starts_with(kAny)) {
    char c = rest.front();
    rest.remove_prefix(1);
    if (c == '.' && dot == Dot::Fault)
      return refuse(whole, "has a \".\" that stands for any character: write \"\\.\"");
    if (c == '\\') {
      if (rest.empty() || is_word(rest.front())) return refuse(whole, "has an escape that is no character");
      c = rest.front();
      rest.remove_prefix(1);
    }
    out += c;
  }
  return out;
}

/// "a", or "(a|b)".
base::Result<std::vector<std::string>> take_texts(std::string_view& rest, Dot dot, std::string_view whole) {
  std::vector<std::string> out;
  const bool several = take(rest, "(");
  do {
    auto literal = take_literal(rest, dot, whole);
    if (!literal) return std::unexpected(literal.error());
    out.push_back(std::move(*literal));
  } while (several && take(rest, "|"));
  if (several && !take(rest, ")")) return refuse(whole, "is no list such as \"(a|b)\" of plain texts");
  if (several && std::ranges::find(out, "") != out.end()) return refuse(whole, "has an empty alternative");
  return out;
}

}  // namespace

bool BanPattern::matches(std::string_view text) const {
  return std::ranges::any_of(texts, [&](const std::string& own) {
    if (from_start && to_end) return text == own;
    if (from_start) return text.starts_with(own);
    if (to_end) return text.ends_with(own);
    return text.find(own) != std::string_view::npos;
  });
}

base::Result<BanPattern> parse_ban_pattern(std::string_view pattern, Dot dot) {
  BanPattern out;
  std::string_view rest = pattern;
  out.from_start = take(rest, "^");
  if (take(rest, kAny)) out.from_start = false;
  auto texts = take_texts(rest, dot, pattern);
  if (!texts) return std::unexpected(texts.error());
  out.texts = std::move(*texts);
  const bool open = take(rest, kAny);
  out.to_end = take(rest, "$") && !open;
  if (!rest.empty()) return refuse(pattern, "is no pattern that a purge can say");
  return out;
}

std::vector<std::string> split_tags(std::string_view text) {
  std::vector<std::string> out;
  base::split(text, ',', [&](std::string_view words) {
    base::split(words, ' ', [&](std::string_view tag) { out.emplace_back(tag); });
  });
  return out;
}

base::Result<std::vector<std::string>> parse_ban_tags(std::string_view text) {
  const auto plain = [](char c) { return c != '\\' && kSpecial.find(c) == std::string_view::npos; };
  if (std::ranges::all_of(text, plain)) return split_tags(text);
  std::string_view rest = text;
  take(rest, "(^|,)");
  auto tags = take_texts(rest, Dot::Itself, text);
  if (!tags) return std::unexpected(tags.error());
  if (!rest.empty() && rest != "(,|$)" && rest != "(,.+)?$") return refuse(text, "is no list of tags");
  return tags;
}

}  // namespace node
