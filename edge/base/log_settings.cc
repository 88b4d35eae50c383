// SPDX-License-Identifier: Apache-2.0
#include "edge/base/log_settings.h"

#include "edge/base/path.h"

namespace logs {
namespace {

void check(const base::Table& table, std::string_view key, const std::string& file) {
  if (const auto writable = base::can_write_file(file); !writable) table.fault(key, writable.error().text);
}

}  // namespace

Setup read_setup(const base::Table& table) {
  Setup setup;
  setup.level = table.choice<Level>(
      "level",
      {{"debug", Level::Debug}, {"info", Level::Info}, {"warn", Level::Warn}, {"error", Level::Error}},
      Level::Info);
  setup.file = table.text("file", "");
  if (!setup.file.empty()) check(table, "file", setup.file);
  setup.queue_lines = static_cast<std::size_t>(table.number("queue_lines", 8192, 16, 10'000'000));
  return setup;
}

std::string read_lines_file(const base::Table& table, std::string_view key, std::string_view fallback) {
  std::string file = table.text(key, fallback);
  if (!file.empty() && file != "-") check(table, key, file);
  return file;
}

}  // namespace logs
