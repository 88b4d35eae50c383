// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "purge/server/purge_log.h"

/// What replicas and nodes tell each other over NATS beside the stream. Pure functions.
namespace purgeapi {

/// A word about a node, and the reverse; nothing if it is none, or about another log than `log_id`.
std::string text_of(const NodeWord& word, const std::string& log_id);
std::optional<NodeWord> word_of(const std::string& text, const std::string& log_id);
/// What nodes are asked by a line of the log: the question alone; nothing if it is none.
std::optional<std::string> question_of(const std::string& text);
/// A node's name and its answer to a question; nothing if it is none.
std::optional<std::pair<std::string, std::string>> answer_of(const std::string& text);
/// What is remembered of a node; nothing if it is none.
std::optional<KnownNode> known_of(const std::string& text, const std::string& log_id);

}  // namespace purgeapi
