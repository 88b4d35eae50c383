// SPDX-License-Identifier: Apache-2.0
#include "edge/policy/cache_control.h"

#include <algorithm>
#include <string>
#include <utility>

#include "edge/base/text.h"
#include "edge/policy/field_list.h"
#include "edge/policy/structured_field.h"

namespace policy {
namespace {

/// One member of the list: `name`, `name=token` or `name="quoted"`.
struct Directive {
  std::string name{};
  std::optional<std::string> argument{};  ///< without quotes
};

std::string unquoted(std::string_view text) {
  if (text.size() < 2 || text.front() != '"' || quoted_end(text, 0) != text.size()) return std::string(text);
  std::string out;
  for (std::size_t i = 1; i + 1 < text.size(); ++i) {
    if (text[i] == '\\') ++i;
    out += text[i];
  }
  return out;
}

Directive read_directive(std::string_view member) {
  const std::size_t equals = member.find('=');
  Directive out;
  out.name = base::lowered(base::trimmed(member.substr(0, equals)));
  // White space around "=" stays in the argument or makes it one: either way the number cannot be read and
  // counts as strict.
  if (equals != std::string_view::npos) {
    const bool spaced = equals > 0 && (member[equals - 1] == ' ' || member[equals - 1] == '\t');
    out.argument = (spaced ? " " : "") + unquoted(member.substr(equals + 1));
  }
  return out;
}

/// delta-seconds (RFC 9111 1.2.2); nothing if the argument is missing or malformed.
std::optional<std::uint32_t> delta_seconds(const Directive& directive) {
  if (!directive.argument || directive.argument->empty()) return {};
  std::uint64_t value = 0;
  for (const char c : *directive.argument) {
    if (c < '0' || c > '9') return {};
    value = std::min<std::uint64_t>(value * 10 + static_cast<std::uint64_t>(c - '0'), kDeltaSecondsMax);
  }
  return static_cast<std::uint32_t>(value);
}

void keep_smaller(std::optional<std::uint32_t>& slot, std::uint32_t value) {
  slot = std::min(slot.value_or(value), value);
}

bool apply_seconds(const Directive& directive, CacheControl& out) {
  const std::string& name = directive.name;
  const auto value = delta_seconds(directive);
  if (name == "max-age") {
    keep_smaller(out.max_age, value.value_or(0));
  } else if (name == "s-maxage") {
    keep_smaller(out.s_maxage, value.value_or(0));
  } else if (name == "max-stale") {
    keep_smaller(out.max_stale, directive.argument ? value.value_or(0) : kDeltaSecondsMax);
  } else if (name == "min-fresh") {
    out.min_fresh = std::max(out.min_fresh.value_or(0), value.value_or(kDeltaSecondsMax));
  } else if (name == "stale-while-revalidate") {
    keep_smaller(out.stale_while_revalidate, value.value_or(0));
  } else if (name == "stale-if-error") {
    keep_smaller(out.stale_if_error, value.value_or(0));
  } else {
    return false;
  }
  return true;
}

/// Flags that restrict hold with any argument; those that permit only without one (they take none).
void apply_flag(const Directive& directive, CacheControl& out) {
  const std::string& name = directive.name;
  if (name == "no-store") out.no_store = true;
  if (name == "no-cache") out.no_cache = true;
  if (name == "private") out.is_private = true;
  if (name == "must-revalidate") out.must_revalidate = true;
  if (name == "proxy-revalidate") out.proxy_revalidate = true;
  if (name == "no-transform") out.no_transform = true;
  if (name == "only-if-cached") out.only_if_cached = true;
  if (directive.argument) return;
  if (name == "public") out.is_public = true;
  if (name == "immutable") out.immutable = true;
  if (name == "must-understand") out.must_understand = true;
}

void apply(const Directive& directive, CacheControl& out) {
  if (!apply_seconds(directive, out)) apply_flag(directive, out);
}

/// As Cache-Control would say it; nothing for `name=?0`, which takes a flag back. What no directive's
/// argument can be (a String, a List) becomes an argument that cannot be read.
std::optional<Directive> directive_of(const DictionaryMember& member) {
  Directive out{.name = member.key, .argument = "?"};
  const auto* item = std::get_if<Item>(&member.value);
  if (item == nullptr) return out;
  if (const auto* number = std::get_if<std::int64_t>(&item->value)) out.argument = std::to_string(*number);
  if (const auto* flag = std::get_if<bool>(&item->value)) {
    if (!*flag) return {};
    out.argument.reset();
  }
  return out;
}

bool is_seconds(std::string_view name) {
  CacheControl unused;
  return apply_seconds({.name = std::string(name)}, unused);
}

/// RFC 9213 2.1. Nothing: not there, not valid or empty, and so of no account.
std::optional<CacheControl> targeted_directives(const http::Fields& response, std::string_view name) {
  if (!response.has(name)) return {};
  const auto members = parse_dictionary(response.combined(name));
  if (!members || members->empty()) return {};
  CacheControl out{.present = true, .targeted = true};
  for (const DictionaryMember& member : *members) {
    if (auto directive = directive_of(member)) {
      apply(*directive, out);
    } else if (is_seconds(member.key)) {
      apply({.name = member.key, .argument = "?0"}, out);
    }
  }
  return out;
}

/// "N+M" of a surrogate: fresh for N seconds, of use for M more.
void apply_surrogate_max_age(Directive directive, CacheControl& out) {
  const std::size_t plus = directive.argument ? directive.argument->find('+') : std::string::npos;
  if (plus != std::string::npos) {
    const Directive window{.name = {}, .argument = directive.argument->substr(plus + 1)};
    directive.argument->resize(plus);
    const auto stale = delta_seconds(window);
    if (!stale) directive.argument.reset();
    keep_smaller(out.stale_while_revalidate, stale.value_or(0));
    keep_smaller(out.stale_if_error, stale.value_or(0));
  }
  keep_smaller(out.max_age, delta_seconds(directive).value_or(0));
}

/// The older field of surrogates, a list as lenient as Cache-Control. Known are max-age, the grace windows
/// and what restricts; a member with a target (";name") is another surrogate's. Nothing: none is known.
std::optional<CacheControl> surrogate_directives(const http::Fields& response) {
  if (!response.has("surrogate-control")) return {};
  CacheControl out{.present = true, .targeted = true};
  bool known = false;
  for_each_member(response.combined("surrogate-control"), [&](std::string_view member) {
    if (member.find(';') != std::string_view::npos) return;
    Directive directive = read_directive(member);
    const std::string& name = directive.name;
    if (name == "max-age") {
      known = true;
      return apply_surrogate_max_age(std::move(directive), out);
    }
    if (name != "no-store" && name != "no-cache" && name != "private" && name != "stale-while-revalidate" &&
        name != "stale-if-error") {
      return;
    }
    known = true;
    apply(directive, out);
  });
  if (!known) return {};
  return out;
}

}  // namespace

CacheControl parse_cache_control_text(std::string_view text) {
  CacheControl out;
  out.present = true;
  for_each_member(text, [&](std::string_view member) { apply(read_directive(member), out); });
  return out;
}

CacheControl parse_cache_control(const http::Fields& fields) {
  const auto counts = [](http::Fields::Field field) { return field.name == "cache-control" || field.name == "pragma"; };
  if (std::none_of(fields.begin(), fields.end(), counts)) return {};
  if (fields.has("cache-control")) return parse_cache_control_text(fields.combined("cache-control"));
  CacheControl out;
  base::split(fields.combined("pragma"), ',', [&](std::string_view directive) {
    if (base::iequals(directive, "no-cache")) out.no_cache = true;
  });
  return out;
}

CacheControl response_directives(const http::Fields& response) {
  for (const std::string_view name : {"selvage-cache-control", "cdn-cache-control"}) {
    if (const auto directives = targeted_directives(response, name)) return *directives;
  }
  if (const auto directives = surrogate_directives(response)) return *directives;
  if (!response.has("cache-control")) return {};
  return parse_cache_control_text(response.combined("cache-control"));
}

}  // namespace policy
