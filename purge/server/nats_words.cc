// SPDX-License-Identifier: Apache-2.0
#include "purge/server/nats_words.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string_view>

#include "purge/clock/json_text.h"

namespace purgeapi {
namespace {

using nlohmann::json;

constexpr std::array<std::pair<NodeWord::Kind, std::string_view>, 3> kWords = {
    {{NodeWord::Kind::Applied, "applied"},
     {NodeWord::Kind::Left, "left"},
     {NodeWord::Kind::Forget, "forget"}}};

}  // namespace

std::string text_of(const NodeWord& word, const std::string& log_id) {
  const auto name = std::ranges::find(kWords, word.kind, &std::pair<NodeWord::Kind, std::string_view>::first);
  return json{{"word", name->second}, {"node", word.name}, {"applied", word.applied}, {"log_id", log_id}}
      .dump();
}

std::optional<std::string> question_of(const std::string& text) {
  const json object = purge::json_or_null(text);
  const json question = object.is_object() ? object.value("verify", json()) : json();
  if (!question.is_object()) return {};
  return question.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::optional<std::pair<std::string, std::string>> answer_of(const std::string& text) {
  const json object = purge::json_or_null(text);
  if (!object.is_object()) return {};
  const json name = object.value("node", json());
  const json answer = object.value("answer", json());
  if (!name.is_string() || !answer.is_object()) return {};
  return std::pair(name.get<std::string>(), answer.dump(-1, ' ', false, json::error_handler_t::replace));
}

std::optional<NodeWord> word_of(const std::string& text, const std::string& log_id) {
  const json object = purge::json_or_null(text);
  if (!object.is_object() || object.value("log_id", json()) != json(log_id)) return {};
  NodeWord word;
  const json kind = object.value("word", json());
  const json name = object.value("node", json());
  const json applied = object.value("applied", json());
  if (!kind.is_string() || !name.is_string() || !applied.is_number_unsigned()) return {};
  word.name = name.get<std::string>();
  word.applied = applied.get<Sequence>();
  const auto known = std::ranges::find(kWords, kind.get_ref<const std::string&>(),
                                       [](const auto& pair) { return pair.second; });
  if (known == kWords.end() || !purge::is_node_name(word.name)) return {};
  word.kind = known->first;
  return word;
}

// What a node had applied of another log says nothing of this one.
std::optional<KnownNode> known_of(const std::string& text, const std::string& log_id) {
  const json object = purge::json_or_null(text);
  if (!object.is_object() || !object.contains("applied")) return {};
  const json name = object.value("node", json());
  const json heard = object.value("heard", json());
  if (!name.is_string() || !object["applied"].is_number_unsigned() || !heard.is_number_integer()) return {};
  const bool same = object.value("log_id", json()) == json(log_id);
  return KnownNode{.name = name.get<std::string>(),
                   .applied = same ? object["applied"].get<Sequence>() : 0,
                   .heard_ms = heard.get<std::int64_t>()};
}

}  // namespace purgeapi
