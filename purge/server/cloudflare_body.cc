// SPDX-License-Identifier: Apache-2.0
#include "purge/server/cloudflare_body.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "edge/base/text.h"
#include "purge/clock/json_text.h"

namespace purgeapi {
namespace {

using nlohmann::json;
using purge::Kind;

constexpr std::size_t kTagBytesMax = 1024;
constexpr std::size_t kHostBytesMax = 200;
constexpr std::ptrdiff_t kSeparatorsMax = 31;
constexpr std::size_t kQuotedBytesMax = 200;

// A selector and Cloudflare's codes for it: too many names, a name too long, a name that is wrong, rate limit
// reached. For prefixes no codes are published: those of files.
struct Selector {
  const char* member;
  Kind kind;
  int too_many;
  int too_long;
  int wrong;
  int limit;
};
constexpr Selector kFiles = {"files", Kind::Urls, 1094, 1015, 1015, 1083};
constexpr std::array<Selector, 3> kOthers = {{{"tags", Kind::Tags, 1101, 1100, 1015, 1102},
                                              {"hosts", Kind::Hosts, 1111, 1114, 1115, 1113},
                                              {"prefixes", Kind::Prefixes, 1094, 1015, 1015, 1083}}};

std::unexpected<Refusal> refuse(int number, std::string text, std::string pointer = {}) {
  return std::unexpected(Refusal{.status = 400,
                                 .code = "invalid",
                                 .text = std::move(text),
                                 .number = number,
                                 .pointer = std::move(pointer)});
}

std::string in_quotes(std::string_view text) {
  return '"' + std::string(text.substr(0, kQuotedBytesMax)) + (text.size() > kQuotedBytesMax ? "…\"" : "\"");
}

std::string pointer_of(const Selector& selector, std::size_t index) {
  return "/" + std::string(selector.member) + "/" + std::to_string(index);
}

// What Cloudflare allows less of than a purge does; nothing if the name is good.
std::optional<std::string> fault_of(Kind kind, std::string_view name) {
  if (kind == Kind::Tags) {
    const bool plain = std::ranges::all_of(name, [](char c) { return c > 0x20 && c < 0x7f; });
    if (!plain) return "allowed: printable ASCII without spaces";
  }
  if (kind == Kind::Prefixes) {
    if (name.find("://") != std::string_view::npos) return "allowed: host and path without a scheme";
    if (std::ranges::count(name, '/') > kSeparatorsMax) {
      return "allowed: at most " + std::to_string(kSeparatorsMax) + " path separators";
    }
  }
  return {};
}

std::optional<std::size_t> length_max(Kind kind) {
  if (kind == Kind::Tags) return kTagBytesMax;
  if (kind == Kind::Hosts) return kHostBytesMax;
  return {};
}

// The list of a selector; null if it asks for nothing.
std::expected<const json*, Refusal> list_of(const json& object, const Selector& selector, std::size_t most) {
  const auto found = object.find(selector.member);
  if (found == object.end() || found->is_null()) return nullptr;
  const std::string member = selector.member;
  if (!found->is_array()) {
    return refuse(1014,
                  selector.kind == Kind::Prefixes ? "\"prefixes\" must be an array"
                                                  : R"("files", "tags", or "hosts" must be an array)",
                  "/" + member);
  }
  if (found->empty()) return nullptr;
  if (found->size() > most) {
    return refuse(selector.too_many,
                  "Exceeded maximum amount of " + std::to_string(most) + " " + member +
                      " that can be purged on a single request",
                  "/" + member);
  }
  return &*found;
}

// A purge as parse_purge takes it; the first of its names that is not good otherwise. `places`: where each
// name stands in the body.
std::expected<purge::Purge, Refusal> checked(purge::Purge purge, const Selector& selector,
                                             const std::vector<std::size_t>& places) {
  if (purge::parse_purge(purge::to_json(purge))) return purge;
  for (std::size_t i = 0; i < purge.names.size(); ++i) {
    purge::Purge one = {.site = purge.site, .kind = purge.kind, .names = {purge.names[i]}};
    if (purge.kind == Kind::Variants) one.headers = {purge.headers[i]};
    if (const auto good = purge::parse_purge(purge::to_json(one)); !good) {
      return refuse(selector.wrong, "Unable to purge " + in_quotes(purge.names[i]) + ": " + good.error().text,
                    pointer_of(selector, places[i]));
    }
  }
  return refuse(1016, "Unable to purge any urls");
}

std::expected<purge::Purge, Refusal> names_of(const json& list, const Selector& selector,
                                              const purge::Purge& like) {
  purge::Purge purge = like;
  purge.kind = selector.kind;
  purge.ignore_case = selector.kind == Kind::Tags;
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::string where = pointer_of(selector, i);
    if (!list[i].is_string()) {
      return refuse(selector.wrong, "found a " + std::string(list[i].type_name()) + ", allowed: a text",
                    where);
    }
    std::string name = list[i].get<std::string>();
    const auto most = length_max(selector.kind);
    if (most && name.size() > *most) {
      return refuse(selector.too_long,
                    std::string(selector.kind == Kind::Tags ? "Tag" : "Host") +
                        " exceeds maximum length of " + std::to_string(*most) + " characters",
                    where);
    }
    if (const auto fault = fault_of(selector.kind, name)) {
      return refuse(selector.wrong, "Unable to purge " + in_quotes(name) + ": " + *fault, where);
    }
    purge.names.push_back(selector.kind == Kind::Hosts ? base::lowered(name) : std::move(name));
    places.push_back(i);
  }
  return checked(std::move(purge), selector, places);
}

// The header fields of a file; empty if it has none: then all of the URL's variants go.
std::expected<purge::VariantHeaders, Refusal> headers_of(const json& file, const std::string& where) {
  const auto found = file.is_object() ? file.find("headers") : file.end();
  if (!file.is_object() || found == file.end() || found->is_null()) return {};
  if (!found->is_object()) return refuse(kFiles.wrong, "\"headers\" must be an object", where + "/headers");
  purge::VariantHeaders headers;
  for (const auto& [name, value] : found->items()) {
    if (!value.is_string()) {
      return refuse(kFiles.wrong, "\"headers\" must have texts as values", where + "/headers/" + name);
    }
    headers.emplace_back(base::lowered(name), value.get<std::string>());
  }
  return headers;
}

// URLs of which all variants go, and those of which one does.
std::expected<std::vector<purge::Purge>, Refusal> files_of(const json& list, const purge::Purge& like) {
  struct Part {
    purge::Purge purge;
    std::vector<std::size_t> places{};
  };
  std::array<Part, 2> parts = {Part{.purge = like}, Part{.purge = like}};
  parts[0].purge.kind = Kind::Urls;
  parts[1].purge.kind = Kind::Variants;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const json& file = list[i];
    const json* url = file.is_object() && file.contains("url") ? &file["url"] : &file;
    if (!url->is_string()) {
      return refuse(kFiles.wrong, R"(allowed: a URL or {"url": URL, "headers": {NAME: VALUE}})",
                    pointer_of(kFiles, i));
    }
    auto headers = headers_of(file, pointer_of(kFiles, i));
    if (!headers) return std::unexpected(std::move(headers.error()));
    Part& part = parts[headers->empty() ? 0 : 1];
    part.purge.names.push_back(url->get<std::string>());
    part.places.push_back(i);
    if (!headers->empty()) part.purge.headers.push_back(std::move(*headers));
  }
  std::vector<purge::Purge> purges;
  for (Part& part : parts) {
    if (part.purge.names.empty()) continue;
    auto good = checked(std::move(part.purge), kFiles, part.places);
    if (!good) return std::unexpected(std::move(good.error()));
    purges.push_back(std::move(*good));
  }
  return purges;
}

std::expected<CloudflareAsk, Refusal> everything_of(const json& object, const json& flag, purge::Purge like) {
  if (flag != json(true)) return refuse(1013, "\"purge_everything\" must be true", "/purge_everything");
  for (const char* other : {"files", "tags", "hosts", "prefixes"}) {
    if (object.contains(other)) {
      return refuse(1092,
                    R"(Request cannot contain "purge_everything" and any of "files", "tags", "hosts" or )"
                    R"("prefixes")");
    }
  }
  like.kind = Kind::Everything;
  return CloudflareAsk{.purges = {std::move(like)}, .limit_code = 1017};
}

}  // namespace

std::expected<CloudflareAsk, Refusal> parse_cloudflare(std::string_view body, const std::string& site,
                                                       bool soft, const CloudflareLimits& limits) {
  const json object = body.empty() ? json::object() : purge::json_or_null(body);
  if (!object.is_object()) return refuse(6007, "Malformed JSON in request body");
  const purge::Purge like = {.site = site, .soft = soft};
  if (const auto flag = object.find("purge_everything"); flag != object.end()) {
    return everything_of(object, *flag, like);
  }
  CloudflareAsk ask;
  const auto files = list_of(object, kFiles, limits.files);
  if (!files) return std::unexpected(files.error());
  if (*files != nullptr) {
    auto purges = files_of(**files, like);
    if (!purges) return std::unexpected(std::move(purges.error()));
    ask.purges = std::move(*purges);
    ask.files = (*files)->size();
  }
  for (const Selector& selector : kOthers) {
    const auto list = list_of(object, selector, limits.operations);
    if (!list) return std::unexpected(list.error());
    if (*list == nullptr) continue;
    auto purge = names_of(**list, selector, like);
    if (!purge) return std::unexpected(std::move(purge.error()));
    ask.purges.push_back(std::move(*purge));
    ask.limit_code = selector.limit;
  }
  if (ask.purges.empty()) {
    return refuse(
        1012, R"(Request must contain one of "purge_everything", "files", "tags", "hosts" or "prefixes")");
  }
  return ask;
}

}  // namespace purgeapi
