// SPDX-License-Identifier: Apache-2.0
#include "purge/follow/log_line.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "purge/clock/json_text.h"

namespace purge {
namespace {

using base::Errc;
using nlohmann::json;

std::unexpected<base::Error> refuse(std::string what, std::string_view line) {
  constexpr std::size_t kShown = 120;
  what += ": ";
  what += line.substr(0, kShown);
  return base::fail(Errc::Protocol, std::move(what));
}

std::optional<Sequence> number_of(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_number_unsigned()) return {};
  return found->get<Sequence>();
}

base::Result<LogLine> head_of(const json& object, std::string_view line) {
  const auto id = object.find("log_id");
  const auto oldest = number_of(object, "oldest");
  const auto head = number_of(object, "head");
  if (!id->is_string() || id->get_ref<const std::string&>().empty() || !oldest || !head) {
    return refuse("the log's first line has no \"log_id\", \"oldest\" or \"head\"", line);
  }
  const auto reset = object.find("reset");
  return LogHead{.log_id = id->get<std::string>(),
                 .oldest = *oldest,
                 .head = *head,
                 .reset = reset != object.end() && *reset == json(true)};
}

base::Result<LogLine> entry_of(const json& object, std::string_view line) {
  const auto sequence = number_of(object, "seq");
  const auto body = object.find("purge");
  if (const auto after = number_of(object, "after"); sequence && after && body == object.end()) {
    return LogEntry{.sequence = *sequence, .purge = {.kind = Kind::Tags}, .after = after};
  }
  if (!sequence || body == object.end()) return refuse("an entry has no \"seq\" or \"purge\"", line);
  auto purge = parse_purge(body->dump());
  if (!purge) return refuse("an entry's purge is not understood: " + purge.error().text, line);
  return LogEntry{.sequence = *sequence, .purge = std::move(*purge)};
}

}  // namespace

base::Result<LogLine> parse_log_line(std::string_view text) {
  const json object = purge::json_or_null(text);
  if (!object.is_object()) return refuse("a line of the log is not a JSON object", text);
  if (object.contains("log_id")) return head_of(object, text);
  if (object.contains("seq")) return entry_of(object, text);
  if (!object.contains("head")) return UnknownLine{};
  const auto head = number_of(object, "head");
  if (!head) return refuse("a heartbeat's \"head\" is no number of the log", text);
  const auto question = object.find("verify");
  if (question != object.end() && question->is_object())
    return Question{.json = question->dump(), .head = *head};
  return Heartbeat{.head = *head};
}

base::Status LineCutter::push(std::string_view bytes,
                              const std::function<base::Status(std::string_view)>& each) {
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    const std::string_view piece = bytes.substr(0, end);
    if (begun_.size() + piece.size() > line_bytes_max_) {
      return base::fail(Errc::Protocol,
                        "a line of the log is longer than " + std::to_string(line_bytes_max_) + " bytes");
    }
    if (end == std::string_view::npos) {
      begun_ += piece;
      return {};
    }
    bytes.remove_prefix(end + 1);
    base::Status status;
    if (begun_.empty()) {
      status = each(piece);
    } else {
      begun_ += piece;
      status = each(std::exchange(begun_, {}));
    }
    if (!status) return status;
  }
  return {};
}

}  // namespace purge
