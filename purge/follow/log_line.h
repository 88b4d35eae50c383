// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "edge/base/error.h"
#include "purge/clock/purge.h"

/// The lines of GET /v1/log as a follower reads them. Pure; no thread of its own.
namespace purge {

/// The first line of each answer.
struct LogHead {
  std::string log_id{};
  Sequence oldest = 0;  ///< the first entry still held; head + 1 if there is none
  Sequence head = 0;    ///< the newest
  bool reset = false;   ///< the log cannot go on from where it was asked: entries follow from head on
};
struct LogEntry {
  Sequence sequence = 0;
  Purge purge{};
  std::optional<Sequence> after{};  ///< a new term of the log begins here, above a gap: nothing is purged
  std::optional<std::uint64_t> digest{};  ///< digest_of_entry; none if the line does not say when it was made
};
struct Heartbeat {
  Sequence head = 0;
};
/// What the API wants to know of its nodes: {"verify":{…}}. It has "head" too, as a heartbeat to who does not
/// know it.
struct Question {
  std::string json{};  ///< the object within
  Sequence head = 0;
};
/// An object of a kind that a later version may send: not for us.
struct UnknownLine {};
using LogLine = std::variant<LogHead, LogEntry, Heartbeat, Question, UnknownLine>;

/// Tells an entry from another one that was given the same number, after the log went back: of the purge
/// (JSON in any spelling; empty where a term begins) and of when it was accepted. The same on both sides of
/// the log.
std::uint64_t digest_of_entry(std::string_view purge, std::int64_t at_ms);
/// The header field of GET /v1/log by which a follower names the entry that it has last, and its value, which
/// begins with the digest's version.
constexpr const char* kDigestField = "selvage-log-digest";
std::string to_text(std::uint64_t digest);
/// Nothing if it is none, or of another version: then it cannot be compared.
std::optional<std::uint64_t> parse_digest(std::string_view text);

/// Errors (Errc::Protocol) say what is wrong with the line; what is an object and not known is no error.
base::Result<LogLine> parse_log_line(std::string_view text);

/// Cuts a stream of bytes into lines and bounds their length.
class LineCutter {
 public:
  explicit LineCutter(std::size_t line_bytes_max) : line_bytes_max_(line_bytes_max) {}
  /// Calls `each` for every line that `bytes` completes, without its end; stops early when that answers an
  /// error, or when a line is too long.
  base::Status push(std::string_view bytes, const std::function<base::Status(std::string_view)>& each);

 private:
  std::size_t line_bytes_max_;
  std::string begun_;
};

}  // namespace purge
