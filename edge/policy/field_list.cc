// SPDX-License-Identifier: Apache-2.0
#include "edge/policy/field_list.h"

namespace policy {

std::size_t quoted_end(std::string_view text, std::size_t at) {
  for (++at; at < text.size(); ++at) {
    if (text[at] == '\\') {
      ++at;
    } else if (text[at] == '"') {
      return at + 1;
    }
  }
  return std::string_view::npos;
}

std::size_t member_size(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size() && text[at] != ',') {
    const std::size_t end = text[at] == '"' ? quoted_end(text, at) : std::string_view::npos;
    at = end == std::string_view::npos ? at + 1 : end;
  }
  return at;
}

}  // namespace policy
