// SPDX-License-Identifier: Apache-2.0
#include "purge/server/purge_body.h"

#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>

namespace purgeapi {
namespace {

using base::Errc;
using nlohmann::json;

std::unexpected<base::Error> refuse(std::string text) { return base::fail(Errc::Invalid, std::move(text)); }

// Parsed, unless it is no JSON or a member stands twice in one object, which would hide one of its values.
base::Result<json> parsed(std::string_view text) {
  std::vector<std::set<std::string>> seen;
  std::string doubled;
  const auto watch = [&](int, json::parse_event_t event, json& value) {
    if (event == json::parse_event_t::object_start) seen.emplace_back();
    if (event == json::parse_event_t::object_end) seen.pop_back();
    if (event == json::parse_event_t::key && !seen.back().insert(value.get<std::string>()).second) {
      doubled = value.get<std::string>();
    }
    return true;
  };
  try {
    json object = json::parse(text, watch);
    if (!doubled.empty()) return refuse("a member, \"" + doubled.substr(0, 100) + "\", is there twice");
    return object;
  } catch (const json::parse_error& error) {
    return refuse("the body is not JSON: wrong at byte " + std::to_string(error.byte));
  }
}

}  // namespace

base::Result<PurgeBody> parse_purge_body(std::string_view text, std::size_t most) {
  PurgeBody body;
  // Most bodies are one purge: they are parsed once.
  if (text.find("\"purges\"") == std::string_view::npos) {
    auto purge = purge::parse_purge(text);
    if (!purge) return std::unexpected(purge.error());
    body.purges.push_back(std::move(*purge));
    return body;
  }
  const auto object = parsed(text);
  if (!object) return std::unexpected(object.error());
  if (!object->is_object() || !object->contains("purges")) {
    auto purge = purge::parse_purge(text);
    if (!purge) return std::unexpected(purge.error());
    body.purges.push_back(std::move(*purge));
    return body;
  }
  const json& list = (*object)["purges"];
  if (object->size() != 1) return refuse("found other members beside \"purges\", allowed: none");
  if (!list.is_array())
    return refuse(std::string("\"purges\" is a ") + list.type_name() + ", allowed: a list");
  if (list.empty() || list.size() > most) {
    return refuse("\"purges\" has " + std::to_string(list.size()) + " purges, allowed: 1 to " +
                  std::to_string(most));
  }
  for (std::size_t i = 0; i < list.size(); ++i) {
    auto purge = purge::parse_purge(list[i].dump(-1, ' ', false, json::error_handler_t::replace));
    if (!purge) return refuse("\"purges\"[" + std::to_string(i) + "]: " + purge.error().text);
    body.purges.push_back(std::move(*purge));
  }
  body.batch = true;
  return body;
}

}  // namespace purgeapi
