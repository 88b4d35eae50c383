// SPDX-License-Identifier: Apache-2.0
#include "edge/base/log_text.h"

#include <algorithm>

namespace logs {
namespace {

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

void add_control(std::string& out, char c) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  switch (c) {
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default: break;
  }
  const auto byte = static_cast<unsigned char>(c);
  out += "\\x";
  out += kDigits[byte >> 4];
  out += kDigits[byte & 15];
}

bool needs_quotes(std::string_view text) {
  return text.empty() || std::ranges::any_of(text, [](char c) {
           return is_control(c) || c == ' ' || c == '"' || c == '=' || c == '\\';
         });
}

void add_value(std::string& out, std::string_view text) {
  if (!needs_quotes(text)) {
    out += text;
    return;
  }
  out += '"';
  for (const char c : text) {
    if (is_control(c)) {
      add_control(out, c);
    } else {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
  }
  out += '"';
}

}  // namespace

std::string line_text(std::string_view message, Fields fields) {
  std::string out;
  out.reserve(message.size() + fields.size() * 24);
  for (const char c : message) {
    if (is_control(c)) {
      add_control(out, c);
    } else {
      out += c;
    }
  }
  for (const Field& field : fields) {
    out += ' ';
    out += field.key;
    out += '=';
    if (field.is_number) {
      out += std::to_string(field.number);
    } else {
      add_value(out, field.text);
    }
  }
  return out;
}

}  // namespace logs
