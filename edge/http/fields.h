// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace http {

/// Header or trailer fields in the order they came (RFC 9110 5). Names are kept in lower case. All text lies
/// in one buffer. A value; one thread at a time.
class Fields {
 public:
  struct Field {
    std::string_view name;
    std::string_view value;
  };
  /// How a field is to be sent (sending.h); noted for each, copied along, of no weight in comparisons.
  enum class Sending : std::uint8_t { Unknown, Never, Literal, Recurring, Indexed };

  /// Appends; `name` is lowered, `value` taken as it is (the parsers have trimmed and checked it). `sending`: if the
  /// caller knows.
  void add(std::string_view name, std::string_view value, Sending sending = Sending::Unknown);
  /// Removes all fields of that name, then appends one.
  void set(std::string_view name, std::string_view value, Sending sending = Sending::Unknown);
  /// Removes all fields of that name (lower case); answers how many there were.
  std::size_t remove(std::string_view name) {
    return may_have(name) ? remove_if([name](std::string_view other) { return other == name; }) : 0;
  }
  /// Removes all fields whose name `unwanted` holds for; answers how many there were.
  template <std::predicate<std::string_view> F>
  std::size_t remove_if(F unwanted) {
    return std::erase_if(entries_, [&](const Entry& e) { return unwanted(name_of(e)); });
  }

  /// The first value of that name (lower case). The view holds until the next change.
  std::optional<std::string_view> get(std::string_view name) const {
    return may_have(name) ? find(name) : std::nullopt;
  }
  bool has(std::string_view name) const { return get(name).has_value(); }
  std::size_t count(std::string_view name) const { return may_have(name) ? count_of(name) : 0; }
  /// All values of that name joined with ", " (RFC 9110 5.3); empty if there is none.
  std::string combined(std::string_view name) const;

  std::size_t size() const { return entries_.size(); }
  bool empty() const { return entries_.empty(); }
  Field at(std::size_t index) const {
    const Entry& e = entries_[index];
    return {name_of(e), {text_.data() + e.value_at, e.value_size}};
  }
  /// Bytes of names and values.
  std::size_t text_bytes() const { return text_.size(); }
  void clear();
  /// Makes room for so many more bytes and fields, also for what is assigned to this afterwards.
  void reserve(std::size_t text_bytes, std::size_t fields);

  Sending sending(std::size_t index) const { return entries_[index].sending; }
  void set_sending(std::size_t index, Sending sending) { entries_[index].sending = sending; }

  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = Field;
    using difference_type = std::ptrdiff_t;
    using pointer = const Field*;
    using reference = Field;
    Iterator() = default;
    Iterator(const Fields* fields, std::size_t index) : fields_(fields), index_(index) {}
    Field operator*() const { return fields_->at(index_); }
    Iterator& operator++() {
      ++index_;
      return *this;
    }
    bool operator==(const Iterator&) const = default;

   private:
    const Fields* fields_ = nullptr;
    std::size_t index_ = 0;
  };
  Iterator begin() const { return {this, 0}; }
  Iterator end() const { return {this, entries_.size()}; }

  /// Same names and values in the same order.
  bool operator==(const Fields& other) const;

 private:
  struct Entry {
    std::uint32_t name_at;
    std::uint32_t name_size;
    std::uint32_t value_at;
    std::uint32_t value_size;
    Sending sending = Sending::Unknown;
  };
  std::string_view name_of(const Entry& e) const {
    return {text_.data() + e.name_at, e.name_size};
  }
  /// One of 64 bits, by size and the letters at both ends, for the look-ups of names that are not there: most are.
  static constexpr std::uint64_t bit_of(std::string_view name) {
    if (name.empty()) return 1;
    const auto first = static_cast<unsigned char>(name.front());
    const auto last = static_cast<unsigned char>(name.back());
    return std::uint64_t{1} << ((name.size() * 9 + first * 13U + last * 8U) % 64);
  }
  bool may_have(std::string_view name) const { return (names_ & bit_of(name)) != 0; }
  std::optional<std::string_view> find(std::string_view name) const;
  std::size_t count_of(std::string_view name) const;

  std::string text_;
  std::vector<Entry> entries_;
  std::uint64_t names_ = 0;  // the bits of all names that were added since clear(), also of those removed
};

}  // namespace http
