// SPDX-License-Identifier: Apache-2.0
#include "purge/clock/names.h"

#include <algorithm>
#include <charconv>

#include "edge/base/text.h"

namespace purge {

std::string joined(std::initializer_list<std::string_view> texts) {
  std::string out;
  for (const std::string_view text : texts) {
    out += std::to_string(text.size());
    out += ':';
    out += text;
  }
  return out;
}

bool take_text(std::string_view& bytes, std::string& out) {
  std::size_t length = 0;
  const auto [end, error] = std::from_chars(bytes.data(), bytes.data() + bytes.size(), length);
  const auto digits = static_cast<std::size_t>(end - bytes.data());
  if (error != std::errc{} || digits == bytes.size() || *end != ':') return false;
  bytes.remove_prefix(digits + 1);
  if (length > bytes.size()) return false;
  out = bytes.substr(0, length);
  bytes.remove_prefix(length);
  return true;
}

std::string text_of(const VariantHeaders& headers) {
  VariantHeaders sorted = headers;
  for (auto& [name, value] : sorted) name = base::lowered(name);
  std::ranges::sort(sorted);
  std::string out;
  for (const auto& [name, value] : sorted) out += joined({name, value});
  return out;
}

}  // namespace purge
