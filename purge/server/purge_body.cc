// SPDX-License-Identifier: Apache-2.0
#include "purge/server/purge_body.h"

#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "purge/clock/json_text.h"

namespace purgeapi {
namespace {

using base::Errc;
using nlohmann::json;

std::unexpected<base::Error> refuse(std::string text) { return base::fail(Errc::Invalid, std::move(text)); }

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
  const auto object = purge::parse_json(text);
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
