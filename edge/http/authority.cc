// SPDX-License-Identifier: Apache-2.0
#include "edge/http/authority.h"

#include <algorithm>

#include "edge/base/text.h"

namespace http {
namespace {

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_name_character(char c) {
  return is_alphanumeric(c) || (c != '\0' && std::string_view("-._~%!$&'()*+,;=").contains(c));
}

bool is_address_character(char c) {
  return (c >= '0' && c <= '9') || (base::lower(c) >= 'a' && base::lower(c) <= 'f') || c == ':' || c == '.';
}

/// What follows the host: nothing, or ":" and a port, which may be empty.
bool is_port_part(std::string_view text) {
  if (text.empty()) return true;
  if (text.front() != ':') return false;
  text.remove_prefix(1);
  if (text.empty()) return true;
  const auto port = base::decimal(text);
  return port && *port <= 65'535;
}

}  // namespace

bool is_authority(std::string_view text) {
  if (text.empty()) return false;
  if (text.front() == '[') {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos || end < 3) return false;
    return std::ranges::all_of(text.substr(1, end - 1), is_address_character) &&
           is_port_part(text.substr(end + 1));
  }
  const std::size_t colon = text.find(':');
  const std::string_view host = text.substr(0, colon);
  if (host.empty() || !std::ranges::all_of(host, is_name_character)) return false;
  return colon == std::string_view::npos || is_port_part(text.substr(colon));
}

}  // namespace http
