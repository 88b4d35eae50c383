// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

#include "edge/base/error.h"

/// The program's log: one line per event, `message key=value …`, asynchronous (spdlog): a caller never waits
/// for the disk; when the queue is full the oldest lines are dropped and counted. Any thread.
namespace logs {

enum class Level { Debug, Info, Warn, Error };

struct Setup {
  Level level = Level::Info;
  std::string file{};              ///< empty: standard error
  std::size_t queue_lines = 8192;  ///< of the first open(); later ones keep the queue
};

/// Call once before the first line, and again to reopen or change the level (SIGHUP).
base::Status open(const Setup& setup);
/// Writes what is queued, then closes. Call before main returns.
void close();
/// Lines lost so far: pushed out of a full queue, or refused by the disk.
std::uint64_t dropped();

struct Field {
  Field(std::string_view name, std::string_view value) : key(name), text(value) {}
  Field(std::string_view name, const char* value) : key(name), text(value) {}
  Field(std::string_view name, const std::string& value) : key(name), text(value) {}
  template <std::integral N>
  Field(std::string_view name, N value)
      : key(name), number(static_cast<std::int64_t>(value)), is_number(true) {}
  std::string_view key;
  std::string_view text{};
  std::int64_t number = 0;
  bool is_number = false;
};
using Fields = std::initializer_list<Field>;

/// Before open() and after close() warnings and errors go straight to standard error.
/// `logs::warn("fetch failed", {{"origin", name}, {"status", 502}});`
void debug(std::string_view message, Fields fields = {});
void info(std::string_view message, Fields fields = {});
void warn(std::string_view message, Fields fields = {});
void error(std::string_view message, Fields fields = {});

/// A file of prepared lines (the access log): appended in batches by the log thread, reopened by `reopen()`.
class LineFile {
 public:
  virtual ~LineFile() = default;
  /// One whole line without its newline. Any thread; dropped and counted when the queue is full.
  virtual void append(std::string line) = 0;
  virtual base::Status reopen() = 0;
  virtual std::uint64_t dropped() const = 0;
};
/// Opens `path` for appending ("-" is standard output); at most `queue_lines` wait in memory.
base::Result<std::unique_ptr<LineFile>> open_lines(const std::string& path, std::size_t queue_lines);

}  // namespace logs
