// SPDX-License-Identifier: Apache-2.0
#include "origin/server/resource_name.h"

#include "edge/base/text.h"
#include "edge/http/syntax.h"

namespace origin {
namespace {

constexpr std::size_t kLongestSegment = 255;
constexpr std::size_t kLongestPath = 4000;  // below PATH_MAX with the root before it

std::unexpected<Refusal> bad(std::string_view target, const std::string& why) {
  return refuse(400, "the path '" + http::printable(target) + "' " + why);
}

Outcome<std::string> decoded(std::string_view path, std::string_view target) {
  std::string out;
  out.reserve(path.size());
  for (std::size_t i = 0; i < path.size(); ++i) {
    char c = path[i];
    if (c == '%') {
      const auto byte = base::unhex(path.substr(i + 1, 2));
      if (!byte || byte->size() != 1) return bad(target, "has a '%' without two hexadecimal digits after it");
      c = byte->front();
      if (c == '/') return bad(target, "has an encoded slash ('%2F') within a name");
      i += 2;
    }
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return bad(target, "has a control character");
    out += c;
  }
  return out;
}

Outcome<ResourceName> checked(std::string path, std::string_view target) {
  ResourceName name;
  if (path.size() > kLongestPath)
    return bad(target, "is longer than " + std::to_string(kLongestPath) + " bytes");
  std::string_view rest = path;
  rest.remove_prefix(1);
  while (!rest.empty()) {
    const std::size_t end = rest.find('/');
    const std::string_view segment = rest.substr(0, end);
    if (segment.empty()) return bad(target, "has an empty segment ('//')");
    if (segment == "." || segment == "..") return bad(target, "has a '" + std::string(segment) + "' segment");
    if (segment.size() > kLongestSegment) {
      return bad(target, "has a segment of more than " + std::to_string(kLongestSegment) + " bytes");
    }
    if (name.path.empty() && segment == kReservedFolder) {
      return bad(target, "is in '/" + std::string(kReservedFolder) + "', which the server keeps for itself");
    }
    if (!name.path.empty()) name.path += '/';
    name.path += segment;
    if (end == std::string_view::npos) return name;
    rest.remove_prefix(end + 1);
  }
  name.folder = true;
  return name;
}

}  // namespace

Outcome<ResourceName> resource_name(std::string_view target) {
  const std::string_view path = target.substr(0, target.find_first_of("?#"));
  if (!path.starts_with('/')) return bad(target, "does not begin with '/'");
  Outcome<std::string> plain = decoded(path, target);
  if (!plain) return std::unexpected(plain.error());
  return checked(std::move(*plain), target);
}

}  // namespace origin
