// SPDX-License-Identifier: Apache-2.0
#include "edge/policy/range.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>

#include "edge/base/text.h"
#include "edge/http/date.h"
#include "edge/policy/conditional.h"

namespace policy {
namespace {

/// Digits; a number too large for 64 bits is the largest, since no body is longer.
std::optional<std::uint64_t> position(std::string_view text) {
  if (text.empty() || text.find_first_not_of("0123456789") != std::string_view::npos) return {};
  return base::decimal(text).value_or(UINT64_MAX);
}

/// One member of the set: "5-9", "5-", "-5".
std::optional<OpenRange> parse_spec(std::string_view member) {
  const std::size_t dash = member.find('-');
  if (dash == std::string_view::npos) return {};
  const std::string_view before = member.substr(0, dash);
  const std::string_view after = member.substr(dash + 1);
  OpenRange spec{position(before), position(after)};
  if (!spec.first && !spec.last) return {};
  if ((!before.empty() && !spec.first) || (!after.empty() && !spec.last)) return {};
  if (spec.first && spec.last && *spec.last < *spec.first) return {};
  return spec;
}

/// The members of a Range field; nothing if it is to be ignored: another unit, malformed, or more than
/// `parts_max`.
std::optional<std::vector<OpenRange>> parse_range(std::string_view value, std::size_t parts_max) {
  const std::size_t equals = value.find('=');
  if (equals == std::string_view::npos || !base::iequals(value.substr(0, equals), "bytes")) return {};
  std::vector<OpenRange> specs;
  bool good = true;
  base::split(value.substr(equals + 1), ',', [&](std::string_view member) {
    const auto spec = good && specs.size() < parts_max ? parse_spec(member) : std::nullopt;
    good = spec.has_value();
    if (good) specs.push_back(*spec);
  });
  if (!good || specs.empty()) return {};
  return specs;
}

/// Nothing if not satisfiable (RFC 9110 14.1.2). Requires: size > 0.
std::optional<ByteRange> resolve(const OpenRange& spec, std::uint64_t size) {
  if (!spec.first) {
    if (*spec.last == 0) return {};
    return ByteRange{size - std::min(*spec.last, size), size - 1};
  }
  if (*spec.first >= size) return {};
  return ByteRange{*spec.first, std::min(spec.last.value_or(size - 1), size - 1)};
}

/// Overlapping and adjoining ranges become one, which stands where the first of them was asked for.
std::vector<ByteRange> merged(const std::vector<ByteRange>& asked) {
  struct Placed {
    ByteRange range;
    std::size_t place;
  };
  std::vector<Placed> sorted;
  for (std::size_t i = 0; i < asked.size(); ++i) sorted.push_back({asked[i], i});
  std::ranges::sort(sorted, {}, [](const Placed& p) { return p.range.first; });
  std::vector<Placed> groups;
  for (const Placed& next : sorted) {
    if (groups.empty() || next.range.first > groups.back().range.last + 1) {
      groups.push_back(next);
      continue;
    }
    Placed& group = groups.back();
    group.range.last = std::max(group.range.last, next.range.last);
    group.place = std::min(group.place, next.place);
  }
  std::ranges::sort(groups, {}, &Placed::place);
  std::vector<ByteRange> out;
  for (const Placed& group : groups) out.push_back(group.range);
  return out;
}

/// Last-Modified is strong if the response was made at least a second later (RFC 9110 8.8.2.2): the body
/// cannot have changed again within the same second.
bool matches_date(std::string_view condition, const http::Fields& response, base::Wall now) {
  const auto wanted = http::parse_date(condition, now);
  const auto modified = http::parse_date(response.get("last-modified").value_or(std::string_view()), now);
  const auto date = http::parse_date(response.get("date").value_or(std::string_view()), now);
  return wanted && modified && date && *wanted == *modified && *date > *modified;
}

/// If-Range (RFC 9110 13.1.5): the client's part is of this representation, so that the rest may be sent.
bool range_applies(const http::RequestHead& request, const http::Fields& response, base::Wall now) {
  const std::size_t count = request.fields.count("if-range");
  if (count == 0) return true;
  if (count > 1) return false;
  const std::string_view condition = base::trimmed(*request.fields.get("if-range"));
  if (condition == "*") return false;
  if (matches_strongly(condition, response.get("etag").value_or(std::string_view()))) return true;
  return matches_date(condition, response, now);
}

std::string boundary_of(std::uint64_t seed) {
  std::array<char, sizeof seed> bytes{};
  for (char& byte : bytes) {
    byte = static_cast<char>(seed & 0xff);
    seed >>= 8;
  }
  return "selvage-" + base::hex({bytes.data(), bytes.size()});
}

}  // namespace

RangeChoice choose_range(const http::RequestHead& request, const http::Fields& response, std::uint64_t size,
                         std::size_t parts_max, base::Wall now) {
  if (request.method != "GET" || request.fields.count("range") != 1) return {};
  const auto specs = parse_range(base::trimmed(*request.fields.get("range")), parts_max);
  if (!specs || !range_applies(request, response, now)) return {};
  if (size == 0) {
    // No Content-Range can say "all of nothing", so a suffix of it, which is satisfiable, gets the whole.
    const bool suffix = std::ranges::any_of(*specs, [](const OpenRange& s) { return !s.first && *s.last > 0; });
    return {suffix ? RangeChoice::Kind::Whole : RangeChoice::Kind::Unsatisfiable, {}};
  }
  std::vector<ByteRange> asked;
  for (const OpenRange& spec : *specs) {
    if (const auto range = resolve(spec, size)) asked.push_back(*range);
  }
  if (asked.empty()) return {RangeChoice::Kind::Unsatisfiable, {}};
  return {RangeChoice::Kind::Partial, merged(asked)};
}

std::optional<OpenRange> only_range(const http::RequestHead& request) {
  if (request.method != "GET" || request.fields.count("range") != 1) return {};
  const auto specs = parse_range(base::trimmed(*request.fields.get("range")), 1);
  if (!specs || (!specs->front().first && *specs->front().last == 0)) return {};
  return specs->front();
}

std::optional<ContentRange> parse_content_range(const http::Fields& response) {
  if (response.count("content-range") != 1) return {};
  const std::string_view value = base::trimmed(*response.get("content-range"));
  constexpr std::string_view kUnit = "bytes ";
  const std::size_t slash = value.find('/');
  if (slash == std::string_view::npos || !base::iequals(value.substr(0, kUnit.size()), kUnit)) return {};
  const std::string_view range = value.substr(kUnit.size(), slash - kUnit.size());
  const std::size_t dash = range.find('-');
  if (dash == std::string_view::npos) return {};
  const auto first = position(range.substr(0, dash));
  const auto last = position(range.substr(dash + 1));
  const auto total = position(value.substr(slash + 1));
  if (!first || !last || !total || *last < *first || *total <= *last) return {};
  return ContentRange{{*first, *last}, *total};
}

std::string content_range(const ByteRange& range, std::uint64_t size) {
  return "bytes " + std::to_string(range.first) + "-" + std::to_string(range.last) + "/" +
         std::to_string(size);
}

std::string content_range_unsatisfied(std::uint64_t size) { return "bytes */" + std::to_string(size); }

Multipart make_multipart(const std::vector<ByteRange>& parts, std::uint64_t size, std::string_view part_type,
                         std::uint64_t boundary_seed) {
  const std::string boundary = boundary_of(boundary_seed);
  Multipart out;
  out.content_type = "multipart/byteranges; boundary=" + boundary;
  for (const ByteRange& part : parts) {
    std::string head = out.heads.empty() ? "--" : "\r\n--";
    head.append(boundary).append("\r\n");
    if (!part_type.empty()) head.append("Content-Type: ").append(part_type).append("\r\n");
    head.append("Content-Range: ").append(content_range(part, size)).append("\r\n\r\n");
    out.body_bytes += head.size() + part.size();
    out.heads.push_back(std::move(head));
  }
  out.tail = "\r\n--" + boundary + "--\r\n";
  out.body_bytes += out.tail.size();
  return out;
}

}  // namespace policy
