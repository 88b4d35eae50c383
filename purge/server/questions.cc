// SPDX-License-Identifier: Apache-2.0
#include "purge/server/questions.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "edge/base/secret.h"
#include "purge/clock/json_text.h"

namespace purgeapi {

std::optional<std::string> question_answered(std::string_view text) {
  const nlohmann::json object = purge::json_or_null(text);
  const auto number = [&](const char* key) {
    return object.contains(key) && object[key].is_number_unsigned();
  };
  const bool whole = object.is_object() && object.contains("id") && object["id"].is_string() &&
                     number("applied") && number("holds") && number("stale") && number("dead") &&
                     object.contains("copies") && object["copies"].is_array();
  if (!whole) return {};
  return object["id"].get<std::string>();
}

std::string Questions::begin(Listener& listener) {
  if (waiting_.size() >= most_) return {};
  std::string id = base::random_hex(8);
  waiting_.emplace(id, &listener);
  return id;
}

bool Questions::answer(const std::string& id, const std::string& node, std::string json) {
  const auto found = waiting_.find(id);
  if (found == waiting_.end()) return false;
  found->second->on_answer(node, std::move(json));
  return true;
}

}  // namespace purgeapi
