// SPDX-License-Identifier: Apache-2.0
#include "purge/clock/json_text.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace purge {
namespace {

using base::Errc;
using nlohmann::json;

constexpr std::size_t kQuotedBytesMax = 100;

// Exact for what is JSON; of other text it does not matter.
bool too_deep(std::string_view text) {
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '\\') ++i;
      if (c == '"') quoted = false;
    } else if (c == '"') {
      quoted = true;
    } else if (c == '{' || c == '[') {
      if (++depth > kJsonDepthMax) return true;
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return false;
}

// In quotes for a message: control characters as '?'.
std::string shown(std::string_view name) {
  std::string out(name.substr(0, kQuotedBytesMax));
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return '"' + out + (name.size() > kQuotedBytesMax ? "…\"" : "\"");
}

std::unexpected<base::Error> refuse(std::string text) { return base::fail(Errc::Invalid, std::move(text)); }

}  // namespace

base::Result<json> parse_json(std::string_view text) {
  if (too_deep(text)) {
    return refuse("the body is nested deeper than " + std::to_string(kJsonDepthMax) + " levels");
  }
  std::vector<std::set<std::string>> seen;
  std::optional<std::string> doubled;
  const auto watch = [&](int, json::parse_event_t event, json& value) {
    if (event == json::parse_event_t::object_start) seen.emplace_back();
    if (event == json::parse_event_t::object_end) seen.pop_back();
    if (event == json::parse_event_t::key && !seen.back().insert(value.get<std::string>()).second) {
      doubled = value.get<std::string>();
    }
    return true;
  };
  try {
    json value = json::parse(text, watch);
    if (doubled) return refuse("the member " + shown(*doubled) + " is there twice");
    return value;
  } catch (const json::parse_error& error) {
    return refuse("the body is not JSON: wrong at byte " + std::to_string(error.byte));
  } catch (const json::exception&) {
    return refuse("the body has a number that is too large");
  }
}

json json_or_null(std::string_view text) {
  if (too_deep(text)) return {};
  json value = json::parse(text, nullptr, false);
  return value.is_discarded() ? json() : value;
}

}  // namespace purge
