// SPDX-License-Identifier: Apache-2.0
#include "edge/http/fields.h"

#include <algorithm>
#include <span>

#include "edge/base/text.h"

namespace http {

void Fields::add(std::string_view name, std::string_view value, Sending sending) {
  const auto at = static_cast<std::uint32_t>(text_.size());
  const auto name_size = static_cast<std::uint32_t>(name.size());
  text_.append(name).append(value);
  for (char& c : std::span(text_).subspan(at, name_size)) c = base::lower(c);
  names_ |= bit_of({text_.data() + at, name_size});
  entries_.push_back({at, name_size, at + name_size, static_cast<std::uint32_t>(value.size()), sending});
}

void Fields::set(std::string_view name, std::string_view value, Sending sending) {
  remove(name);
  add(name, value, sending);
}

std::optional<std::string_view> Fields::find(std::string_view name) const {
  for (const Entry& e : entries_) {
    if (name_of(e) == name) return std::string_view(text_.data() + e.value_at, e.value_size);
  }
  return {};
}

std::size_t Fields::count_of(std::string_view name) const {
  return static_cast<std::size_t>(
      std::ranges::count_if(entries_, [&](const Entry& e) { return name_of(e) == name; }));
}

std::string Fields::combined(std::string_view name) const {
  std::string out;
  if (!may_have(name)) return out;
  bool first = true;
  for (const Field field : *this) {
    if (field.name != name) continue;
    if (!first) out += ", ";
    out += field.value;
    first = false;
  }
  return out;
}

void Fields::reserve(std::size_t text_bytes, std::size_t fields) {
  text_.reserve(text_.size() + text_bytes);
  entries_.reserve(entries_.size() + fields);
}

void Fields::clear() {
  text_.clear();
  entries_.clear();
  names_ = 0;
}

bool Fields::operator==(const Fields& other) const {
  return size() == other.size() && std::equal(begin(), end(), other.begin(), [](Field a, Field b) {
           return a.name == b.name && a.value == b.value;
         });
}

}  // namespace http
