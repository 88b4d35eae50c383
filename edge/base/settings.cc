// SPDX-License-Identifier: Apache-2.0
// Each Table handed out notes which keys its getters asked for; finish() compares that with what the file
// holds. Keys of tables that nobody asked for need no look inside: the table's own key is the unknown one.
#include "edge/base/settings.h"

// Header-only without exceptions: Debian's shared library reports syntax errors by throwing.
#undef TOML_HEADER_ONLY
#undef TOML_SHARED_LIB
#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <map>
#include <set>
#include <sstream>
#include <tuple>

#include "edge/base/file.h"
#include "edge/base/nearest.h"
#include "edge/base/quantity.h"

namespace base {
namespace {

using Words = std::set<std::string, std::less<>>;

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) >= 0x20) {
      out += c;
    } else {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c));
      out += escape;
    }
  }
  return out + "\"";
}

std::string plain(double value) {
  std::ostringstream out;
  out << value;
  return out.str();
}

// A value as a message shows it.
std::string shown(const toml::node& node) {
  if (const auto* text = node.as_string()) return quoted(text->get());
  if (const auto* number = node.as_integer()) return std::to_string(number->get());
  if (const auto* real = node.as_floating_point()) return plain(real->get());
  if (const auto* flag = node.as_boolean()) return flag->get() ? "true" : "false";
  if (node.is_table()) return "a table";
  if (node.is_array_of_tables()) return "an array of tables";
  if (node.is_array()) return "an array";
  return "a date or time";
}

std::string range_text(const std::string& what, const std::string& min, const std::string& max) {
  if (min.empty() && max.empty()) return what;
  if (max.empty()) return what + " of at least " + min;
  if (min.empty()) return what + " of at most " + max;
  return what + " from " + min + " to " + max;
}

// Keys of a table in the order of the file (toml::table sorts by name).
struct Entry {
  const toml::key* key;
  const toml::node* value;
};
std::vector<Entry> entries_of(const toml::table& table) {
  std::vector<Entry> entries;
  for (auto it = table.cbegin(); it != table.cend(); ++it) entries.push_back({&it->first, &it->second});
  std::ranges::stable_sort(entries, {}, [](const Entry& entry) {
    const auto& at = entry.key->source().begin;
    return std::tuple(at.line, at.column);
  });
  return entries;
}

}  // namespace

/// The parsed file and what is known to be wrong with it. Shared by Settings and its Tables.
struct Settings::Impl {
  std::string file;
  toml::table root;
  std::vector<Fault> faults;
  std::vector<Fault> warnings;
  struct Asked {
    std::string path;
    Words keys;
  };
  std::map<const toml::table*, Asked> asked;

  Fault placed(toml::source_position at, std::string text) const {
    // A table without a place of its own is the file's root.
    return {file, std::max(static_cast<int>(at.line), 1), std::max(static_cast<int>(at.column), 1),
            std::move(text)};
  }
  void add(toml::source_position at, std::string text) {
    Fault fault = placed(at, std::move(text));
    const bool known = std::ranges::any_of(faults, [&](const Fault& other) {
      return std::tie(other.line, other.column, other.text) == std::tie(fault.line, fault.column, fault.text);
    });
    if (!known) faults.push_back(std::move(fault));
  }
};

struct Table::Impl {
  std::shared_ptr<Settings::Impl> settings;
  const toml::table* table;

  const toml::node* find(const std::string& path, std::string_view key) {
    auto& asked = settings->asked[table];
    asked.path = path;
    asked.keys.emplace(key);
    return table->get(key);
  }
  toml::source_position place(const std::string& path, std::string_view key) {
    const toml::node* node = key.empty() ? nullptr : find(path, key);
    return (node ? *node : *table).source().begin;
  }
  void mismatch(const std::string& name, const toml::node& node, const std::string& allowed) {
    settings->add(node.source().begin, name + ": found " + shown(node) + ", allowed: " + allowed);
  }
};

namespace {
std::string joined(const std::string& path, std::string_view key) {
  if (key.empty()) return path;
  return path.empty() ? std::string(key) : path + "." + std::string(key);
}
}  // namespace

std::string Fault::str() const {
  return file + ":" + std::to_string(line) + ":" + std::to_string(column) + ": " + text;
}

void Table::fault(std::string_view key, std::string text) const {
  const std::string name = joined(path_, key);
  impl_->settings->add(impl_->place(path_, key), name.empty() ? std::move(text) : name + ": " + text);
}

void Table::warn(std::string_view key, std::string text) const {
  const std::string name = joined(path_, key);
  impl_->settings->warnings.push_back(
      impl_->settings->placed(impl_->place(path_, key), "warning: " + name + ": " + text));
}

bool Table::has(std::string_view key) const { return impl_->find(path_, key) != nullptr; }

std::string Table::text(std::string_view key, std::string_view fallback) const {
  const toml::node* node = impl_->find(path_, key);
  if (!node) return std::string(fallback);
  if (const auto* text = node->as_string()) return text->get();
  impl_->mismatch(joined(path_, key), *node, "a text in quotes");
  return std::string(fallback);
}

std::string Table::required_text(std::string_view key) const {
  if (!has(key)) {
    fault(key, "missing, required: a text in quotes");
    return {};
  }
  const std::size_t before = impl_->settings->faults.size();
  std::string value = text(key, {});
  if (value.empty() && impl_->settings->faults.size() == before)
    fault(key, "found \"\", allowed: a text that is not empty");
  return value;
}

bool Table::flag(std::string_view key, bool fallback) const {
  const toml::node* node = impl_->find(path_, key);
  if (!node) return fallback;
  if (const auto* flag = node->as_boolean()) return flag->get();
  impl_->mismatch(joined(path_, key), *node, "true or false");
  return fallback;
}

std::int64_t Table::number(std::string_view key, std::int64_t fallback, std::int64_t min,
                           std::int64_t max) const {
  const toml::node* node = impl_->find(path_, key);
  if (!node) return fallback;
  const auto* number = node->as_integer();
  if (number && number->get() >= min && number->get() <= max) return number->get();
  using Limits = std::numeric_limits<std::int64_t>;
  impl_->mismatch(joined(path_, key), *node,
                  range_text("a whole number", min == Limits::min() ? "" : std::to_string(min),
                             max == Limits::max() ? "" : std::to_string(max)));
  return fallback;
}

double Table::real(std::string_view key, double fallback, double min, double max) const {
  const toml::node* node = impl_->find(path_, key);
  if (!node) return fallback;
  const auto value = node->is_number() ? node->value<double>() : std::nullopt;
  if (value && *value >= min && *value <= max) return *value;
  using Limits = std::numeric_limits<double>;
  impl_->mismatch(joined(path_, key), *node,
                  range_text("a number", min <= Limits::lowest() ? "" : plain(min),
                             max >= Limits::max() ? "" : plain(max)));
  return fallback;
}

std::uint64_t Table::bytes(std::string_view key, std::uint64_t fallback, std::uint64_t min,
                           std::uint64_t max) const {
  const toml::node* node = impl_->find(path_, key);
  if (!node) return fallback;
  std::optional<std::uint64_t> value;
  if (const auto* text = node->as_string()) value = parse_bytes(text->get());
  if (const auto* number = node->as_integer(); number && number->get() >= 0)
    value = static_cast<std::uint64_t>(number->get());
  if (value && *value >= min && *value <= max) return *value;
  const bool bounded = max < static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  impl_->mismatch(joined(path_, key), *node,
                  range_text("a size such as \"64MiB\"", min == 0 ? "" : format_bytes(min),
                             bounded ? format_bytes(max) : ""));
  return fallback;
}

std::chrono::milliseconds Table::duration(std::string_view key, std::chrono::milliseconds fallback,
                                          std::chrono::milliseconds min,
                                          std::chrono::milliseconds max) const {
  const toml::node* node = impl_->find(path_, key);
  if (!node) return fallback;
  std::optional<std::chrono::milliseconds> value;
  if (const auto* text = node->as_string()) value = parse_duration(text->get());
  if (const auto* number = node->as_integer(); number && number->get() == 0)
    value = std::chrono::milliseconds{0};
  if (value && *value >= min && *value <= max) return *value;
  const bool bounded = max < std::chrono::milliseconds::max();
  impl_->mismatch(
      joined(path_, key), *node,
      range_text("a time with its unit (ms, s, m, h, d) such as \"5s\"",
                 min.count() <= 0 ? "" : format_duration(min), bounded ? format_duration(max) : ""));
  return fallback;
}

std::vector<std::string> Table::texts(std::string_view key) const {
  std::vector<std::string> values;
  const toml::node* node = impl_->find(path_, key);
  if (!node) return values;
  const auto* array = node->as_array();
  if (!array) {
    impl_->mismatch(joined(path_, key), *node, "a list of texts such as [\"a\", \"b\"]");
    return values;
  }
  for (const toml::node& element : *array) {
    if (const auto* text = element.as_string()) {
      values.push_back(text->get());
    } else {
      impl_->mismatch(joined(path_, key), element, "texts in quotes only");
    }
  }
  return values;
}

std::optional<std::size_t> Table::choice_index(std::string_view key,
                                               const std::vector<std::string_view>& words) const {
  const toml::node* node = impl_->find(path_, key);
  if (!node) return {};
  if (const auto* text = node->as_string()) {
    const auto found = std::ranges::find(words, std::string_view(text->get()));
    if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
  }
  std::string allowed;
  for (const std::string_view word : words) {
    if (!allowed.empty()) allowed += word == words.back() ? " or " : ", ";
    allowed += quoted(word);
  }
  impl_->mismatch(joined(path_, key), *node, allowed);
  return {};
}

std::optional<Table> Table::table(std::string_view key) const {
  const toml::node* node = impl_->find(path_, key);
  if (!node) return {};
  if (const auto* table = node->as_table()) {
    impl_->settings->asked[table].path = joined(path_, key);
    return Table(std::make_shared<Impl>(impl_->settings, table), joined(path_, key));
  }
  impl_->mismatch(joined(path_, key), *node, "a table [" + joined(path_, key) + "]");
  return {};
}

std::vector<Table> Table::tables(std::string_view key) const {
  std::vector<Table> found;
  const toml::node* node = impl_->find(path_, key);
  if (!node) return found;
  const std::string name = joined(path_, key);
  const auto* array = node->as_array();
  if (!array) {
    impl_->mismatch(name, *node, "an array of tables [[" + name + "]]");
    return found;
  }
  for (std::size_t i = 0; i < array->size(); ++i) {
    const toml::node& element = *array->get(i);
    const auto* table = element.as_table();
    if (!table) {
      impl_->mismatch(name, element, "tables only");
      continue;
    }
    std::string path = name + "[" + std::to_string(i) + "]";
    impl_->settings->asked[table].path = path;
    found.push_back(Table(std::make_shared<Impl>(impl_->settings, table), std::move(path)));
  }
  return found;
}

std::vector<std::pair<std::string, Table>> Table::named_tables(std::string_view key) const {
  std::vector<std::pair<std::string, Table>> found;
  const auto parent = table(key);
  if (!parent) return found;
  for (const auto& [name, value] : entries_of(*parent->impl_->table)) {
    if (auto child = parent->table(name->str())) found.emplace_back(name->str(), std::move(*child));
  }
  return found;
}

std::vector<std::pair<std::string, std::string>> Table::named_texts(std::string_view key) const {
  std::vector<std::pair<std::string, std::string>> found;
  const auto parent = table(key);
  if (!parent) return found;
  for (const auto& [name, value] : entries_of(*parent->impl_->table)) {
    parent->impl_->find(parent->path_, name->str());
    if (const auto* text = value->as_string()) {
      found.emplace_back(name->str(), text->get());
    } else {
      parent->impl_->mismatch(joined(parent->path_, name->str()), *value, "a text in quotes");
    }
  }
  return found;
}

Settings Settings::parse_text(std::string_view text, const std::string& name) {
  auto impl = std::make_shared<Impl>();
  impl->file = name;
  toml::parse_result result = toml::parse(text, std::string_view(name));
  if (result) {
    impl->root = std::move(result).table();
  } else {
    impl->add(result.error().source().begin, std::string(result.error().description()));
  }
  impl->asked[&impl->root];
  return Settings(std::move(impl));
}

Settings Settings::parse_file(const std::string& path) {
  const Result<std::string> text = read_file(path);
  if (text) return parse_text(*text, path);
  auto impl = std::make_shared<Impl>();
  impl->file = path;
  impl->add({}, text.error().text);
  return Settings(std::move(impl));
}

Table Settings::root() const { return Table(std::make_shared<Table::Impl>(impl_, &impl_->root), ""); }

void Settings::finish() {
  for (const auto& [table, asked] : impl_->asked) {
    for (const auto& [key, value] : entries_of(*table)) {
      if (asked.keys.contains(key->str())) continue;
      std::string text = joined(asked.path, key->str()) + ": unknown key";
      const std::string_view meant = nearest(key->str(), asked.keys);
      if (!meant.empty()) {
        text += ", did you mean \"" + std::string(meant) + "\"?";
      } else {
        std::string allowed;
        for (const std::string& known : asked.keys) allowed += (allowed.empty() ? "" : ", ") + known;
        text += ", allowed: " + (allowed.empty() ? "nothing" : allowed);
      }
      impl_->add(key->source().begin, std::move(text));
    }
  }
  std::ranges::stable_sort(impl_->faults, {},
                           [](const Fault& fault) { return std::tuple(fault.line, fault.column); });
}

const std::vector<Fault>& Settings::faults() const { return impl_->faults; }
const std::vector<Fault>& Settings::warnings() const { return impl_->warnings; }

Settings::Settings(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
Settings::Settings(Settings&&) noexcept = default;
Settings& Settings::operator=(Settings&&) noexcept = default;
Settings::~Settings() = default;

}  // namespace base
