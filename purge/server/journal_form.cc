// SPDX-License-Identifier: Apache-2.0
#include "purge/server/journal_form.h"

#include <cstring>
#include <nlohmann/json.hpp>
#include <utility>

#include "edge/base/text.h"
#include "purge/clock/json_text.h"
#include "purge/follow/log_line.h"

namespace purgeapi {
namespace {

using base::Errc;
using nlohmann::json;

// What stands beside the purge, as members of one JSON object; keys and digests are bytes, so in hexadecimal.
json about(const JournalEntry& entry, bool whole) {
  json out = json::object();
  if (!entry.asker.by.empty()) out["by"] = entry.asker.by;
  if (!entry.asker.from.empty()) out["from"] = entry.asker.from;
  if (!entry.asker.api.empty()) out["api"] = entry.asker.api;
  if (entry.after != 0 || entry.purge.empty()) out["after"] = entry.after;
  if (whole && !entry.request_key.empty()) {
    out["key"] = base::hex(entry.request_key);
    out["digest"] = base::hex(entry.digest);
    out["last"] = entry.last;
  }
  return out;
}

std::string text_at(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

Sequence number_at(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number_unsigned() ? found->get<Sequence>() : 0;
}

void take_about(const json& object, JournalEntry& entry) {
  entry.asker = {.by = text_at(object, "by"), .from = text_at(object, "from"), .api = text_at(object, "api")};
  entry.after = number_at(object, "after");
  entry.request_key = base::unhex(text_at(object, "key")).value_or("");
  entry.digest = base::unhex(text_at(object, "digest")).value_or("");
  entry.last = number_at(object, "last");
}

std::string dumped(const json& object) { return object.dump(-1, ' ', false, json::error_handler_t::replace); }

}  // namespace

std::string key_of(Sequence sequence) {
  std::string key(8, '\0');
  for (int i = 7; i >= 0; --i, sequence >>= 8)
    key[static_cast<std::size_t>(i)] = static_cast<char>(sequence & 0xff);
  return key;
}

Sequence sequence_of(std::string_view key) {
  Sequence sequence = 0;
  for (char byte : key) sequence = sequence << 8 | static_cast<unsigned char>(byte);
  return sequence;
}

// When, the purge on one line, and, if there is any of it, a second line with what stands beside it.
std::string value_of(const JournalEntry& entry) {
  std::string value(reinterpret_cast<const char*>(&entry.at_ms), sizeof entry.at_ms);
  value += entry.purge;
  const json beside = about(entry, true);
  if (!beside.empty()) value.append("\n").append(dumped(beside));
  return value;
}

base::Result<JournalEntry> entry_of(const lmdb::Cursor::Entry& stored) {
  JournalEntry entry{.sequence = sequence_of(stored.key)};
  if (stored.key.size() != 8 || stored.value.size() <= sizeof entry.at_ms) {
    return base::fail(Errc::Corrupt, "an entry of the purge log is damaged");
  }
  std::memcpy(&entry.at_ms, stored.value.data(), sizeof entry.at_ms);
  const std::string_view rest = stored.value.substr(sizeof entry.at_ms);
  const std::size_t end = rest.find('\n');
  entry.purge = rest.substr(0, end);
  if (end == std::string_view::npos) return entry;
  const json beside = json::parse(rest.substr(end + 1), nullptr, false);
  if (!beside.is_object()) return base::fail(Errc::Corrupt, "an entry of the purge log is damaged");
  take_about(beside, entry);
  return entry;
}

std::string value_of(const KnownNode& node) {
  std::string value(reinterpret_cast<const char*>(&node.applied), sizeof node.applied);
  return value.append(reinterpret_cast<const char*>(&node.heard_ms), sizeof node.heard_ms);
}

base::Result<KnownNode> node_of(const lmdb::Cursor::Entry& stored) {
  KnownNode node{.name = std::string(stored.key)};
  if (stored.value.size() != sizeof node.applied + sizeof node.heard_ms) {
    return base::fail(Errc::Corrupt, "a node's entry is damaged");
  }
  std::memcpy(&node.applied, stored.value.data(), sizeof node.applied);
  std::memcpy(&node.heard_ms, stored.value.data() + sizeof node.applied, sizeof node.heard_ms);
  return node;
}

std::uint64_t digest_of(const JournalEntry& entry) {
  return purge::digest_of_entry(entry.purge, entry.at_ms);
}

std::string line_of(const JournalEntry& entry, bool whole) {
  std::string line = "{\"seq\":" + std::to_string(entry.sequence);
  if (!entry.purge.empty()) line.append(",\"purge\":").append(entry.purge);
  line.append(",\"at\":").append(std::to_string(entry.at_ms));
  const json beside = about(entry, whole);
  if (!beside.empty())
    line.append(",").append(std::string_view(dumped(beside)).substr(1));
  else
    line.append("}");
  return line;
}

base::Result<JournalEntry> entry_of_line(std::string_view line) {
  const json object = purge::json_or_null(line);
  if (!object.is_object()) return base::fail(Errc::Protocol, "a line of the log is not a JSON object");
  JournalEntry entry{.sequence = number_at(object, "seq")};
  const auto at = object.find("at");
  if (entry.sequence == 0 || at == object.end() || !at->is_number_integer()) {
    return base::fail(Errc::Protocol, "an entry of the log has no \"seq\" or \"at\"");
  }
  entry.at_ms = at->get<std::int64_t>();
  if (const auto purge = object.find("purge"); purge != object.end()) entry.purge = dumped(*purge);
  take_about(object, entry);
  if (entry.purge.empty() && !object.contains("after")) {
    return base::fail(Errc::Protocol, "an entry of the log has no \"purge\"");
  }
  return entry;
}

}  // namespace purgeapi
