// SPDX-License-Identifier: Apache-2.0
#include "edge/policy/coding.h"

#include <algorithm>
#include <string_view>

#include "edge/base/check.h"
#include "edge/base/text.h"
#include "edge/policy/cache_control.h"
#include "edge/policy/cache_key.h"
#include "edge/policy/quality.h"

namespace policy {
namespace {

constexpr std::array<std::string_view, 6> kOfIdentity = {"accept-ranges",  "content-length", "content-md5",
                                                         "content-digest", "repr-digest",    "digest"};

std::string media_type(const http::Fields& response) {
  const std::string_view value = response.get("content-type").value_or("");
  return base::lowered(base::trimmed(value.substr(0, value.find(';'))));
}

}  // namespace

const char* name_of(Coding coding) {
  switch (coding) {
    case Coding::Br: return "br";
    case Coding::Zstd: return "zstd";
    case Coding::Gzip: return "gzip";
  }
  CHECK(false);
}

AcceptedCodings accepted_codings(const http::Fields& request) {
  std::array<std::optional<unsigned>, kCodings.size()> named;
  std::optional<unsigned> identity;
  unsigned any = 0;  // quality of "*"
  for (const Weighted& coding : parse_weighted(base::lowered(request.combined("accept-encoding")))) {
    if (coding.text == "*") any = coding.quality;
    if (coding.text == "identity") identity = coding.quality;
    const std::string_view name = coding.text == "x-gzip" ? std::string_view("gzip") : coding.text;
    for (std::size_t i = 0; i < kCodings.size(); ++i) {
      if (name == name_of(kCodings[i])) named[i] = coding.quality;
    }
  }
  AcceptedCodings out;
  for (std::size_t i = 0; i < kCodings.size(); ++i) out.qualities[i] = named[i].value_or(any);
  out.identity = identity.value_or(any);
  return out;
}

std::optional<Coding> choose_coding(const http::Fields& request) {
  const AcceptedCodings accepted = accepted_codings(request);
  const auto best = std::ranges::max_element(accepted.qualities);  // the first of several
  if (*best == 0 || *best < accepted.identity) return {};
  return kCodings[static_cast<std::size_t>(best - accepted.qualities.begin())];
}

bool may_be_coded(const CodingRule& rule, const StoredResponse& response) {
  if (rule.types.empty() || response.status != 200 || response.fields.has("content-encoding")) return false;
  const std::string type = media_type(response.fields);
  const bool listed = std::ranges::any_of(
      rule.types, [&](const std::string& pattern) { return path_matches(pattern, type); });
  return listed && !parse_cache_control(response.fields).no_transform;
}

void vary_by_coding(http::Fields& response) {
  std::string names = response.combined("vary");
  bool said = false;
  base::split(names, ',', [&](std::string_view name) {
    said = said || name == "*" || base::iequals(name, "accept-encoding");
  });
  if (said) return;
  response.set("vary", names.append(names.empty() ? "" : ", ").append("Accept-Encoding"));
}

void set_coding(http::Fields& response, Coding coding) {
  response.remove_if(
      [](std::string_view name) { return std::ranges::find(kOfIdentity, name) != kOfIdentity.end(); });
  response.set("content-encoding", name_of(coding));
  const std::string etag(response.get("etag").value_or(""));
  if (!etag.empty() && !etag.starts_with("W/")) response.set("etag", "W/" + etag);
}

StoredResponse coded_response(const StoredResponse& identity, Coding coding, std::uint64_t bytes) {
  StoredResponse out = identity;
  set_coding(out.fields, coding);
  out.body_bytes = bytes;
  return out;
}

}  // namespace policy
