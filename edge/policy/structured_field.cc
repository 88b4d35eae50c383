// SPDX-License-Identifier: Apache-2.0
// The algorithms of RFC 9651 4.2, one function for each. Nothing nests deeper than an item in an inner list,
// so neither does this.
#include "edge/policy/structured_field.h"

#include <algorithm>
#include <utility>

#include "edge/http/syntax.h"

namespace policy {
namespace {

constexpr std::size_t kIntegerDigitsMax = 15;
constexpr std::size_t kWholeDigitsMax = 12;  // of a Decimal
constexpr std::size_t kFractionDigitsMax = 3;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_alpha(char c) { return is_lower(c) || (c >= 'A' && c <= 'Z'); }
bool is_printable(char c) { return c >= ' ' && c <= '~'; }
bool is_key_char(char c) {
  return is_lower(c) || is_digit(c) || c == '_' || c == '-' || c == '.' || c == '*';
}
bool is_token_char(char c) { return c == ':' || c == '/' || http::is_token({&c, 1}); }

int base64_value(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (is_lower(c)) return c - 'a' + 26;
  if (is_digit(c)) return c - '0' + 52;
  if (c == '+') return 62;
  return c == '/' ? 63 : -1;
}

/// Padding may be missing, and bits of it may be set (RFC 9651 4.2.7).
std::optional<std::string> base64_decoded(std::string_view text) {
  for (int padding = 0; padding < 2 && text.ends_with('='); ++padding) text.remove_suffix(1);
  if (text.size() % 4 == 1) return {};
  std::string out;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const int value = base64_value(c);
    if (value < 0) return {};
    bits = (bits << 6 | static_cast<std::uint32_t>(value)) & 0xffff;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out += static_cast<char>(bits >> count & 0xff);
  }
  return out;
}

/// Bytes of the UTF-8 character that begins with `lead`; 0: none does.
std::size_t utf8_size(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead <= 0xdf) return 2;
  if (lead >= 0xe0 && lead <= 0xef) return 3;
  return lead >= 0xf0 && lead <= 0xf4 ? 4 : 0;
}

/// Without overlong forms, surrogates, and what is above U+10FFFF (RFC 3629 4).
bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const auto lead = static_cast<unsigned char>(text[0]);
    const std::size_t size = utf8_size(lead);
    if (size == 0 || size > text.size()) return false;
    for (std::size_t i = 1; i < size; ++i) {
      if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80) return false;
    }
    const auto second = size > 1 ? static_cast<unsigned char>(text[1]) : 0;
    if ((lead == 0xe0 && second < 0xa0) || (lead == 0xed && second > 0x9f)) return false;
    if ((lead == 0xf0 && second < 0x90) || (lead == 0xf4 && second > 0x8f)) return false;
    text.remove_prefix(size);
  }
  return true;
}

/// Lower case only (RFC 9651 4.2.10).
int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/// Sets `key` of a list of pairs; false if that makes too many.
template <typename Pairs, typename Value>
bool put(Pairs& pairs, std::string key, Value value, std::size_t most) {
  const auto found = std::ranges::find_if(pairs, [&](const auto& pair) { return pair.key == key; });
  if (found != pairs.end()) {
    found->value = std::move(value);
    return true;
  }
  pairs.push_back({std::move(key), std::move(value)});
  return pairs.size() <= most;
}

/// Takes elements from the front of a text. Nothing: the whole field fails.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) { skip_spaces(); }

  std::optional<Item> item();
  std::optional<Member> member();
  std::optional<std::string> key();
  std::optional<Parameters> parameters();
  /// After a member of a List or a Dictionary: whether another must follow; nothing if what follows is wrong.
  std::optional<bool> more();

  bool empty() const { return text_.empty(); }
  bool take(char c) {
    if (!text_.starts_with(c)) return false;
    text_.remove_prefix(1);
    return true;
  }
  void skip_spaces() {
    while (take(' ')) {
    }
  }

 private:
  std::optional<BareItem> bare_item();
  std::optional<BareItem> number();
  std::optional<BareItem> string();
  std::optional<BareItem> token();
  std::optional<BareItem> byte_sequence();
  std::optional<BareItem> boolean();
  std::optional<BareItem> date();
  std::optional<BareItem> display_string();
  std::optional<InnerList> inner_list();
  std::string_view digits();
  void skip_white();

  std::string_view text_;
};

void Reader::skip_white() {
  while (take(' ') || take('\t')) {
  }
}

std::string_view Reader::digits() {
  const auto end = std::ranges::find_if_not(text_, is_digit);
  const std::string_view out = text_.substr(0, static_cast<std::size_t>(end - text_.begin()));
  text_.remove_prefix(out.size());
  return out;
}

std::int64_t value_of(std::string_view digits) {
  std::int64_t value = 0;
  for (const char c : digits) value = value * 10 + (c - '0');
  return value;
}

std::optional<BareItem> Reader::number() {
  const std::int64_t sign = take('-') ? -1 : 1;
  const std::string_view whole = digits();
  if (whole.empty() || whole.size() > kIntegerDigitsMax) return {};
  if (!take('.')) return sign * value_of(whole);
  const std::string_view fraction = digits();
  if (whole.size() > kWholeDigitsMax || fraction.empty() || fraction.size() > kFractionDigitsMax) return {};
  std::int64_t thousandths = value_of(fraction);
  for (std::size_t i = fraction.size(); i < kFractionDigitsMax; ++i) thousandths *= 10;
  return Decimal{sign * (value_of(whole) * 1000 + thousandths)};
}

std::optional<BareItem> Reader::string() {
  if (!take('"')) return {};
  std::string out;
  while (!text_.empty()) {
    if (take('"')) return out;
    if (take('\\') && !text_.starts_with('"') && !text_.starts_with('\\')) return {};
    if (!is_printable(text_[0])) return {};
    out += text_[0];
    text_.remove_prefix(1);
  }
  return {};
}

std::optional<BareItem> Reader::token() {
  const auto end = std::ranges::find_if_not(text_, is_token_char);
  const std::string_view out = text_.substr(0, static_cast<std::size_t>(end - text_.begin()));
  text_.remove_prefix(out.size());
  return Token{std::string(out)};
}

std::optional<BareItem> Reader::byte_sequence() {
  if (!take(':')) return {};
  const std::size_t end = text_.find(':');
  if (end == std::string_view::npos) return {};
  auto bytes = base64_decoded(text_.substr(0, end));
  text_.remove_prefix(end + 1);
  if (!bytes) return {};
  return ByteSequence{std::move(*bytes)};
}

std::optional<BareItem> Reader::boolean() {
  if (!take('?')) return {};
  if (take('1')) return true;
  if (take('0')) return false;
  return {};
}

std::optional<BareItem> Reader::date() {
  if (!take('@')) return {};
  const auto value = number();
  if (!value || !std::holds_alternative<std::int64_t>(*value)) return {};
  return Date{std::get<std::int64_t>(*value)};
}

std::optional<BareItem> Reader::display_string() {
  if (!take('%') || !take('"')) return {};
  std::string out;
  while (!text_.empty() && is_printable(text_[0])) {
    if (take('"')) {
      if (!is_utf8(out)) return {};
      return DisplayString{std::move(out)};
    }
    if (take('%')) {
      if (text_.size() < 2 || hex_digit(text_[0]) < 0 || hex_digit(text_[1]) < 0) return {};
      out += static_cast<char>(hex_digit(text_[0]) * 16 + hex_digit(text_[1]));
      text_.remove_prefix(2);
    } else {
      out += text_[0];
      text_.remove_prefix(1);
    }
  }
  return {};
}

std::optional<BareItem> Reader::bare_item() {
  if (text_.empty()) return {};
  const char c = text_[0];
  if (c == '-' || is_digit(c)) return number();
  if (c == '*' || is_alpha(c)) return token();
  switch (c) {
    case '"': return string();
    case ':': return byte_sequence();
    case '?': return boolean();
    case '@': return date();
    case '%': return display_string();
    default: return {};
  }
}

std::optional<std::string> Reader::key() {
  if (text_.empty() || (!is_lower(text_[0]) && text_[0] != '*')) return {};
  const auto end = std::ranges::find_if_not(text_, is_key_char);
  std::string out(text_.substr(0, static_cast<std::size_t>(end - text_.begin())));
  text_.remove_prefix(out.size());
  return out;
}

std::optional<Parameters> Reader::parameters() {
  Parameters out;
  while (take(';')) {
    skip_spaces();
    auto name = key();
    if (!name) return {};
    std::optional<BareItem> value = true;
    if (take('=')) value = bare_item();
    if (!value || !put(out, std::move(*name), std::move(*value), kParametersMax)) return {};
  }
  return out;
}

std::optional<Item> Reader::item() {
  auto value = bare_item();
  if (!value) return {};
  auto more = parameters();
  if (!more) return {};
  return Item{std::move(*value), std::move(*more)};
}

std::optional<InnerList> Reader::inner_list() {
  InnerList out;
  for (;;) {
    skip_spaces();
    if (take(')')) break;
    auto next = item();
    if (!next || out.items.size() == kInnerItemsMax) return {};
    if (!text_.starts_with(' ') && !text_.starts_with(')')) return {};
    out.items.push_back(std::move(*next));
  }
  auto more = parameters();
  if (!more) return {};
  out.parameters = std::move(*more);
  return out;
}

std::optional<Member> Reader::member() {
  if (!take('(')) return item();
  return inner_list();
}

std::optional<bool> Reader::more() {
  skip_white();
  if (text_.empty()) return false;
  if (!take(',')) return {};
  skip_white();
  if (text_.empty()) return {};  // a comma at the end
  return true;
}

std::string_view without_spaces_at_end(std::string_view text) {
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

/// Calls `each()`, which reads a member, until the text ends; false if anything fails.
template <typename F>
bool read_members(Reader& in, F each) {
  if (in.empty()) return true;
  for (;;) {
    if (!each()) return false;
    const std::optional<bool> more = in.more();
    if (!more) return false;
    if (!*more) return true;
  }
}

}  // namespace

std::optional<Item> parse_item(std::string_view text) {
  Reader in(without_spaces_at_end(text));
  auto out = in.item();
  if (!in.empty()) return {};
  return out;
}

std::optional<List> parse_list(std::string_view text) {
  Reader in(without_spaces_at_end(text));
  List out;
  const bool good = read_members(in, [&] {
    auto member = in.member();
    if (!member || out.size() == kMembersMax) return false;
    out.push_back(std::move(*member));
    return true;
  });
  if (!good) return {};
  return out;
}

std::optional<Dictionary> parse_dictionary(std::string_view text) {
  Reader in(without_spaces_at_end(text));
  Dictionary out;
  const bool good = read_members(in, [&] {
    auto key = in.key();
    if (!key) return false;
    std::optional<Member> value;
    if (in.take('=')) {
      value = in.member();
    } else if (auto parameters = in.parameters()) {
      value = Item{true, std::move(*parameters)};
    }
    return value && put(out, std::move(*key), std::move(*value), kMembersMax);
  });
  if (!good) return {};
  return out;
}

std::string structured_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (!is_printable(c)) continue;
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  out += '"';
  return out;
}

}  // namespace policy
