// SPDX-License-Identifier: Apache-2.0
#include "purge/follow/log_line.h"

#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "edge/base/hash.h"
#include "purge/clock/json_text.h"

namespace purge {
namespace {

using base::Errc;
using nlohmann::json;

constexpr std::string_view kDigestVersion = "1-";
constexpr std::size_t kDigestDigits = 16;

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

std::uint64_t digest_of(std::string_view canonical, std::int64_t at_ms) {
  return base::hash64(canonical, static_cast<std::uint64_t>(at_ms));
}

std::optional<std::uint64_t> digest_in(const json& object, std::string_view purge) {
  const auto at = object.find("at");
  if (at == object.end() || !at->is_number_integer()) return {};
  return digest_of(purge, at->get<std::int64_t>());
}

base::Result<LogLine> entry_of(const json& object, std::string_view line) {
  const auto sequence = number_of(object, "seq");
  const auto body = object.find("purge");
  if (const auto after = number_of(object, "after"); sequence && after && body == object.end()) {
    return LogEntry{.sequence = *sequence,
                    .purge = {.kind = Kind::Tags},
                    .after = after,
                    .digest = digest_in(object, "")};
  }
  if (!sequence || body == object.end()) return refuse("an entry has no \"seq\" or \"purge\"", line);
  const std::string text = body->dump();
  auto purge = parse_purge(text);
  if (!purge) return refuse("an entry's purge is not understood: " + purge.error().text, line);
  return LogEntry{.sequence = *sequence, .purge = std::move(*purge), .digest = digest_in(object, text)};
}

}  // namespace

std::uint64_t digest_of_entry(std::string_view purge, std::int64_t at_ms) {
  return digest_of(purge.empty() ? std::string() : json_or_null(purge).dump(), at_ms);
}

std::string to_text(std::uint64_t digest) {
  char digits[kDigestDigits];
  const char* end = std::to_chars(digits, digits + kDigestDigits, digest, 16).ptr;
  const auto size = static_cast<std::size_t>(end - digits);
  return std::string(kDigestVersion) + std::string(kDigestDigits - size, '0') + std::string(digits, size);
}

std::optional<std::uint64_t> parse_digest(std::string_view text) {
  if (!text.starts_with(kDigestVersion) || text.size() != kDigestVersion.size() + kDigestDigits) return {};
  std::uint64_t digest = 0;
  const auto [end, error] =
      std::from_chars(text.data() + kDigestVersion.size(), text.data() + text.size(), digest, 16);
  if (error != std::errc() || end != text.data() + text.size()) return {};
  return digest;
}

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
