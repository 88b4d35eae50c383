// SPDX-License-Identifier: Apache-2.0
#include "edge/policy/vary.h"

#include <algorithm>
#include <charconv>
#include <string_view>

#include "edge/base/text.h"
#include "edge/http/hop_by_hop.h"
#include "edge/policy/coding.h"
#include "edge/policy/forwarding.h"
#include "edge/policy/quality.h"

namespace policy {
namespace {

/// Without white space around commas and at the ends; quoted strings stay as they are.
std::string normal_list(std::string_view value) {
  std::string out;
  bool in_quotes = false;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const char c = value[i];
    if (in_quotes) {
      out += c;
      if (c == '\\' && i + 1 < value.size()) out += value[++i];
      if (c == '"') in_quotes = false;
      continue;
    }
    if (c == ',') {
      while (!out.empty() && (out.back() == ' ' || out.back() == '\t')) out.pop_back();
      out += c;
      while (i + 1 < value.size() && (value[i + 1] == ' ' || value[i + 1] == '\t')) ++i;
      continue;
    }
    in_quotes = c == '"';
    out += c;
  }
  return std::string(base::trimmed(out));
}

/// Language ranges are case-insensitive, and their order says nothing that q does not say (RFC 9110 12.5.4).
std::string normal_languages(std::string_view value) {
  std::vector<Weighted> ranges = parse_weighted(base::lowered(value));
  std::ranges::sort(ranges, [](const Weighted& a, const Weighted& b) {
    return a.quality != b.quality ? a.quality > b.quality : a.text < b.text;
  });
  std::string out;
  for (const Weighted& range : ranges) {
    if (!out.empty()) out += ',';
    out += range.text;
    if (range.quality != kQualityMax) out += ";q=" + std::to_string(range.quality);
  }
  return out;
}

std::string normal_value(std::string_view name, const http::Fields& request) {
  const std::string value = request.combined(name);
  return name == "accept-language" ? normal_languages(value) : normal_list(value);
}

void append_part(std::string& out, std::string_view part) {
  out.append(std::to_string(part.size())).append(":").append(part);
}

/// What append_part() added: takes one from the front of `text`; from a damaged text whatever is there.
std::string_view take_part(std::string_view& text) {
  std::size_t length = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), length).ptr;
  text.remove_prefix(std::min(text.size(), static_cast<std::size_t>(end - text.data()) + 1));
  const std::string_view part = text.substr(0, length);
  text.remove_prefix(part.size());
  return part;
}

/// One field of a variant_text().
struct VariantPart {
  std::string_view name{};
  std::optional<std::string_view> value{};  ///< nothing: the request had none
};

std::vector<VariantPart> parts_of(std::string_view variant_text) {
  std::vector<VariantPart> parts;
  while (!variant_text.empty()) {
    VariantPart part{.name = take_part(variant_text)};
    if (variant_text.starts_with('-')) {
      variant_text.remove_prefix(1);
    } else {
      part.value = take_part(variant_text);
    }
    parts.push_back(part);
  }
  return parts;
}

}  // namespace

std::optional<std::vector<std::string>> vary_names(const http::Fields& response) {
  std::vector<std::string> names;
  base::split(response.combined("vary"), ',',
              [&](std::string_view name) { names.push_back(base::lowered(name)); });
  // A coded body is for those who can decode it, whether the origin says so or not.
  if (response.has("content-encoding")) names.emplace_back("accept-encoding");
  std::ranges::sort(names);
  names.erase(std::ranges::unique(names).begin(), names.end());
  if (std::ranges::binary_search(names, "*")) return {};
  return names;
}

std::string variant_text(const std::vector<std::string>& names, const http::Fields& request) {
  std::string out;
  for (const std::string& name : names) {
    append_part(out, name);
    if (name == "accept-encoding") {
      append_part(out, accept_encoding(request));
    } else if (request.has(name)) {
      append_part(out, normal_value(name, request));
    } else {
      out += '-';
    }
  }
  return out;
}

bool is_chosen_by(std::string_view variant_text, const http::Fields& request,
                  std::string_view content_language) {
  http::Fields asked = request;
  http::remove_hop_by_hop(asked);
  return std::ranges::all_of(parts_of(variant_text), [&](const VariantPart& part) {
    if (is_set_by_edge(part.name)) return true;
    if (part.name == "accept-encoding") {
      return part.value.value_or("").empty() || part.value == accept_encoding(asked);
    }
    if (part.name == "accept-language" && !content_language.empty() &&
        preferred_language(asked) == content_language) {
      return true;
    }
    if (!asked.has(part.name)) return !part.value.has_value();
    return part.value == normal_value(part.name, asked);
  });
}

std::string preferred_language(const http::Fields& request) {
  const std::vector<Weighted> ranges = parse_weighted(base::lowered(request.combined("accept-language")));
  const auto best = std::ranges::max_element(ranges, {}, &Weighted::quality);
  if (best == ranges.end() || best->quality == 0 || best->text == "*") return {};
  const auto alike = std::ranges::count(ranges, best->quality, &Weighted::quality);
  return alike == 1 ? best->text : std::string();
}

std::string content_language(const http::Fields& response) {
  const std::string said = base::lowered(response.combined("content-language"));
  const std::string_view language = base::trimmed(said);
  return language.find_first_of(", \t;*") == std::string_view::npos ? std::string(language) : std::string();
}

std::string language_variant_text(const std::vector<std::string>& names, const http::Fields& request,
                                  std::string_view language) {
  if (language.empty() || std::ranges::find(names, "accept-language") == names.end()) return {};
  http::Fields asked = request;
  asked.set("accept-language", language);
  return variant_text(names, asked);
}

std::string accept_encoding(const http::Fields& request) {
  const AcceptedCodings accepted = accepted_codings(request);
  std::string out;
  for (std::size_t i = 0; i < kCodings.size(); ++i) {
    if (accepted.qualities[i] == 0) continue;
    if (!out.empty()) out += ", ";
    out += name_of(kCodings[i]);
  }
  return out;
}

}  // namespace policy
