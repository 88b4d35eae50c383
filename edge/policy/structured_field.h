// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// Structured field values (RFC 9651, which includes RFC 8941), read strictly: what does not parse as a whole
/// is nothing, so that a caller treats the field as if it were not there (RFC 9651 4.2). Pure functions, any
/// thread.
namespace policy {

struct Decimal {
  std::int64_t thousandths = 0;
  bool operator==(const Decimal&) const = default;
};
struct Token {
  std::string text{};
  bool operator==(const Token&) const = default;
};
struct ByteSequence {
  std::string bytes{};  ///< decoded
  bool operator==(const ByteSequence&) const = default;
};
struct Date {
  std::int64_t seconds = 0;  ///< since 1970
  bool operator==(const Date&) const = default;
};
struct DisplayString {
  std::string text{};  ///< UTF-8
  bool operator==(const DisplayString&) const = default;
};

/// RFC 9651 3.3: Integer, Decimal, String, Token, Byte Sequence, Boolean, Date, Display String.
using BareItem =
    std::variant<std::int64_t, Decimal, std::string, Token, ByteSequence, bool, Date, DisplayString>;

/// RFC 9651 3.1.2. Keys are unique, in the order in which they first came; the last value counts.
struct Parameter {
  std::string key{};
  BareItem value{true};
};
using Parameters = std::vector<Parameter>;

struct Item {
  BareItem value{};
  Parameters parameters{};
};
struct InnerList {
  std::vector<Item> items{};
  Parameters parameters{};
};
/// Of a List or a Dictionary.
using Member = std::variant<Item, InnerList>;
using List = std::vector<Member>;
/// RFC 9651 3.2. Keys as in Parameters.
struct DictionaryMember {
  std::string key{};
  Member value{};
};
using Dictionary = std::vector<DictionaryMember>;

/// A field with more members, items of one inner list or parameters of one item is not read: the least that
/// RFC 9651 3.1 and 3.2 ask a reader for.
inline constexpr std::size_t kMembersMax = 1024;
inline constexpr std::size_t kInnerItemsMax = 256;
inline constexpr std::size_t kParametersMax = 256;

/// `text`: all lines of the field, joined with commas (RFC 9651 4.2). An empty one is an empty List or
/// Dictionary.
std::optional<Item> parse_item(std::string_view text);
std::optional<List> parse_list(std::string_view text);
std::optional<Dictionary> parse_dictionary(std::string_view text);

/// A String (RFC 9651 4.1.6). What none may hold, all but printable ASCII, is left out.
std::string structured_string(std::string_view text);

}  // namespace policy
