// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "edge/base/error.h"

/// Typed settings from a TOML file. A file is read as a whole: every getter records what is wrong and
/// answers its fallback, so one pass finds all faults. One thread. The only user of toml++.
namespace base {

/// One thing that is wrong with a configuration.
struct Fault {
  std::string file{};
  int line = 0;
  int column = 0;
  std::string text{};  ///< key, what was found, what is allowed
  std::string str()
      const;  ///< "edge.toml:12:3: disk.budget: found \"lots\", allowed: a size such as \"64MiB\""
};

class Settings;

/// One table of the file, by reference: valid while its Settings lives. Getters take a key of this table;
/// a key that is never asked for is reported as unknown by Settings::finish().
class Table {
 public:
  /// Where in the file this table's or key's value stands; a fault there with `text`.
  void fault(std::string_view key, std::string text) const;
  /// The same for what an operator should know, but which keeps nothing from starting.
  void warn(std::string_view key, std::string text) const;
  bool has(std::string_view key) const;
  /// The dotted path of this table, for messages.
  const std::string& path() const { return path_; }

  std::string text(std::string_view key, std::string_view fallback) const;
  /// As text(), but absence or emptiness is a fault.
  std::string required_text(std::string_view key) const;
  bool flag(std::string_view key, bool fallback) const;
  std::int64_t number(std::string_view key, std::int64_t fallback, std::int64_t min, std::int64_t max) const;
  double real(std::string_view key, double fallback, double min, double max) const;
  /// A number of bytes: 1048576, "64KiB", "1.5GiB", "10MB".
  std::uint64_t bytes(std::string_view key, std::uint64_t fallback, std::uint64_t min,
                      std::uint64_t max) const;
  /// A time: "250ms", "5s", "10m", "1h", "7d"; a bare number is a fault (which unit?), but 0.
  std::chrono::milliseconds duration(std::string_view key, std::chrono::milliseconds fallback,
                                     std::chrono::milliseconds min, std::chrono::milliseconds max) const;
  std::vector<std::string> texts(std::string_view key) const;
  /// One of a list of words.
  template <typename E>
  E choice(std::string_view key, std::initializer_list<std::pair<std::string_view, E>> allowed,
           E fallback) const {
    std::vector<std::string_view> words;
    for (const auto& [word, value] : allowed) words.push_back(word);
    const auto index = choice_index(key, words);
    return index ? (allowed.begin() + *index)->second : fallback;
  }

  /// A sub-table; nothing if absent. `[key]`
  std::optional<Table> table(std::string_view key) const;
  /// An array of tables; empty if absent. `[[key]]`
  std::vector<Table> tables(std::string_view key) const;
  /// The sub-tables of a table of tables with the names they have. `[key.NAME]`
  std::vector<std::pair<std::string, Table>> named_tables(std::string_view key) const;
  /// The texts of a table with free keys, in file order. `[key] NAME = "text"`
  std::vector<std::pair<std::string, std::string>> named_texts(std::string_view key) const;

 private:
  friend class Settings;
  struct Impl;
  Table(std::shared_ptr<Impl> impl, std::string path) : impl_(std::move(impl)), path_(std::move(path)) {}
  std::optional<std::size_t> choice_index(std::string_view key,
                                          const std::vector<std::string_view>& words) const;

  std::shared_ptr<Impl> impl_;
  std::string path_;
};

/// A parsed file and the faults found so far.
class Settings {
 public:
  /// An unreadable file or a syntax error yields Settings that hold just that fault and an empty root.
  static Settings parse_file(const std::string& path);
  /// As parse_file, from memory; `name` stands for the file in faults.
  static Settings parse_text(std::string_view text, const std::string& name);

  Table root() const;
  /// Reports the keys that no getter asked for. Call once, when all is read. Then see faults().
  void finish();
  /// In file order. Empty: the configuration is good.
  const std::vector<Fault>& faults() const;
  /// What Table::warn was told; each text begins with "warning: ".
  const std::vector<Fault>& warnings() const;

  Settings(Settings&&) noexcept;
  Settings& operator=(Settings&&) noexcept;
  ~Settings();

 private:
  friend class Table;
  struct Impl;
  explicit Settings(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;  ///< shared with the tables handed out
};

}  // namespace base
