// SPDX-License-Identifier: Apache-2.0
#include "purge/clock/purge.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>

#include "edge/base/text.h"
#include "purge/clock/json_text.h"

namespace purge {
namespace {

using base::Errc;
using nlohmann::json;

constexpr std::size_t kNamesMax = 1000;
constexpr std::size_t kNameBytesMax = 2048;
constexpr std::size_t kSiteBytesMax = 128;
constexpr std::size_t kQuotedBytesMax = 200;  // of a wrong name, in a message
constexpr std::size_t kHeadersMax = 32;       // of one variant
constexpr std::size_t kHeaderNameBytesMax = 100;
constexpr std::array<std::pair<std::string_view, Kind>, 7> kSelectors = {{{"urls", Kind::Urls},
                                                                          {"tags", Kind::Tags},
                                                                          {"prefixes", Kind::Prefixes},
                                                                          {"hosts", Kind::Hosts},
                                                                          {"wildcards", Kind::Wildcards},
                                                                          {"variants", Kind::Variants},
                                                                          {"everything", Kind::Everything}}};
constexpr std::string_view kAllowed =
    "\"site\", one of \"urls\", \"tags\", \"prefixes\", \"hosts\", \"wildcards\", \"variants\", "
    "\"everything\", and "
    "\"soft\", \"ignore_case\"";

std::unexpected<base::Error> refuse(std::string text) { return base::fail(Errc::Invalid, std::move(text)); }

std::string_view key_of(Kind kind) {
  return std::ranges::find(kSelectors, kind, &std::pair<std::string_view, Kind>::second)->first;
}

bool printable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte > 0x20 && byte != 0x7f;
  });
}

// Clients send such a host in punycode: a purge of any other form would match nothing.
bool is_ascii(std::string_view host) {
  return std::ranges::all_of(host, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

// `text` in quotes for a message: cut if it is long, control characters as '?'.
std::string shown(std::string_view text) {
  std::string out(text.substr(0, kQuotedBytesMax));
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return '"' + out + (text.size() > kQuotedBytesMax ? "…\"" : "\"");
}

// What is wrong with one name of a purge; nothing if it is good.
std::optional<std::string> fault_of(Kind kind, std::string_view name) {
  if (name.empty()) return "is empty";
  if (name.size() > kNameBytesMax) {
    return "has " + std::to_string(name.size()) + " bytes, allowed: " + std::to_string(kNameBytesMax);
  }
  if (!printable(name)) return "has spaces or control characters";
  const bool absolute = name.starts_with("https://") || name.starts_with("http://");
  const std::string_view rest = absolute ? name.substr(name.find("://") + 3) : name;
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  const bool user = authority.find('@') != std::string_view::npos;
  if (kind != Kind::Tags && !is_ascii(kind == Kind::Hosts ? name : authority)) {
    return "has a host that is not ASCII; write it in punycode, \"xn--…\"";
  }
  switch (kind) {
    case Kind::Urls:
    case Kind::Variants:
      if (!absolute) return "is not an absolute http or https URL";
      if (authority.empty()) return "has no host";
      if (user) return "has a user name";
      if (rest.find('#') != std::string_view::npos) return "has a fragment, which is never sent to a server";
      return {};
    case Kind::Prefixes:
      if (rest.find_first_of("?#*") != std::string_view::npos) {
        return "has a query, fragment or wildcard; allowed: host and path, \"www.example.com/blog/\"";
      }
      if (authority.empty()) return "has no host; allowed: host and path, \"www.example.com/blog/\"";
      if (user) return "has a user name";
      return {};
    case Kind::Wildcards:
      if (rest.find_first_of("?#") != std::string_view::npos) {
        return "has a query or fragment; allowed: host and path, \"www.example.com/img/*.png\", for all "
               "query strings";
      }
      if (authority.empty() || authority.find('*') != std::string_view::npos) {
        return "has no host, or one with a wildcard; allowed: host and path, \"www.example.com/img/*.png\"";
      }
      if (user) return "has a user name";
      if (rest.find('*') == std::string_view::npos)
        return "has no \"*\"; without one it is a URL or a prefix";
      return {};
    case Kind::Hosts:
      if (name.find_first_of("/:?#@*") != std::string_view::npos) return "is not a host name without port";
      return {};
    default: return {};
  }
}

base::Result<VariantHeaders> headers_of(const json& object, const std::string& where) {
  if (!object.is_object() || object.empty() || object.size() > kHeadersMax) {
    return refuse(where + " \"headers\" is a " + object.type_name() + " of " + std::to_string(object.size()) +
                  ", allowed: an object of 1 to " + std::to_string(kHeadersMax) + " request header fields");
  }
  VariantHeaders headers;
  for (const auto& [name, value] : object.items()) {
    const bool is_name = !name.empty() && name.size() <= kHeaderNameBytesMax && printable(name) &&
                         is_ascii(name) && name.find_first_of(":,;()<>@[]{}?=\"\\/") == std::string::npos;
    if (!is_name)
      return refuse(where + " has the header " + shown(name) + ", allowed: names of header fields");
    if (!value.is_string())
      return refuse(where + " has for the header " + shown(name) + " a " + value.type_name() +
                    ", allowed: a text");
    const auto& text = value.get_ref<const std::string&>();
    const bool is_value = text.size() <= kNameBytesMax && std::ranges::none_of(text, [](char c) {
                            return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
                          });
    if (!is_value) {
      return refuse(where + " has for the header " + shown(name) + " the value " + shown(text) +
                    ", allowed: up to " + std::to_string(kNameBytesMax) +
                    " bytes without control characters");
    }
    headers.emplace_back(base::lowered(name), text);
  }
  return headers;
}

// One element of a list: a name, or for variants a URL with header fields.
base::Status add_name(Purge& purge, const json& element, const std::string& where) {
  const json* name = &element;
  if (purge.kind == Kind::Variants) {
    if (!element.is_object() || element.size() != 2 || !element.contains("url") ||
        !element.contains("headers")) {
      return refuse(where + " is a " + element.type_name() +
                    R"(, allowed: {"url": "https://…", "headers": {…}})");
    }
    auto headers = headers_of(element["headers"], where);
    if (!headers) return std::unexpected(headers.error());
    purge.headers.push_back(std::move(*headers));
    name = &element["url"];
  }
  if (!name->is_string()) return refuse(where + " is a " + name->type_name() + ", allowed: a text");
  std::string text = name->get<std::string>();
  if (auto fault = fault_of(purge.kind, text)) return refuse(where + ' ' + shown(text) + ' ' + *fault);
  purge.names.push_back(std::move(text));
  return {};
}

base::Status add_names(Purge& purge, const json& list) {
  const std::string key(key_of(purge.kind));
  if (!list.is_array()) return refuse("\"" + key + "\" is a " + list.type_name() + ", allowed: a list");
  if (list.empty()) return refuse("\"" + key + "\" is empty; name at least one");
  if (list.size() > kNamesMax) {
    return refuse("\"" + key + "\" has " + std::to_string(list.size()) +
                  " names, allowed: " + std::to_string(kNamesMax));
  }
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (auto added = add_name(purge, list[i], "\"" + key + "\"[" + std::to_string(i) + "]"); !added)
      return added;
  }
  return {};
}

base::Result<bool> flag_of(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end()) return false;
  if (!found->is_boolean()) {
    return refuse(std::string("\"") + key + "\" is a " + found->type_name() + ", allowed: true or false");
  }
  return found->get<bool>();
}

base::Status check_members(const json& object) {
  for (const auto& [key, unused] : object.items()) {
    const bool known = key == "site" || key == "soft" || key == "ignore_case" ||
                       std::ranges::any_of(kSelectors, [&](const auto& s) { return s.first == key; });
    if (!known) return refuse("unknown member " + shown(key) + "; allowed: " + std::string(kAllowed));
  }
  return {};
}

base::Result<Purge> purge_of(const json& object) {
  if (!object.is_object())
    return refuse(std::string("the body is a ") + object.type_name() + ", allowed: an object");
  if (auto good = check_members(object); !good) return std::unexpected(good.error());
  Purge purge;
  const auto site = object.find("site");
  if (site == object.end() || !site->is_string() || site->get_ref<const std::string&>().empty()) {
    return refuse("\"site\" is missing or not a text");
  }
  purge.site = site->get<std::string>();
  if (purge.site.size() > kSiteBytesMax || !printable(purge.site)) {
    return refuse("\"site\" is " + shown(purge.site) + ", allowed: up to " + std::to_string(kSiteBytesMax) +
                  " characters without spaces");
  }
  const auto soft = flag_of(object, "soft");
  if (!soft) return std::unexpected(soft.error());
  purge.soft = *soft;
  std::size_t selectors = 0;
  for (const auto& [key, kind] : kSelectors) {
    const auto found = object.find(key);
    if (found == object.end()) continue;
    ++selectors;
    purge.kind = kind;
    if (kind == Kind::Everything) {
      if (*found != json(true)) {
        return refuse(std::string("\"everything\" is ") +
                      (found->is_boolean() ? "false" : std::string("a ") + found->type_name()) +
                      ", allowed: true");
      }
      continue;
    }
    if (auto added = add_names(purge, *found); !added) return std::unexpected(added.error());
  }
  if (selectors != 1) {
    return refuse("found " + std::to_string(selectors) + " selectors; allowed: " + std::string(kAllowed));
  }
  const auto ignore_case = flag_of(object, "ignore_case");
  if (!ignore_case) return std::unexpected(ignore_case.error());
  if (*ignore_case && purge.kind != Kind::Tags) return refuse("\"ignore_case\" goes with \"tags\" only");
  purge.ignore_case = *ignore_case;
  return purge;
}

}  // namespace

base::Result<Purge> parse_purge(std::string_view text) {
  const auto object = parse_json(text);
  if (!object) return std::unexpected(object.error());
  return purge_of(*object);
}

bool is_node_name(std::string_view name) {
  constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
  return !name.empty() && name.size() <= 100 && name.find_first_not_of(kAllowed) == std::string_view::npos;
}

std::string to_json(const Purge& purge) {
  json object = {{"site", purge.site}};
  json& names = object[std::string(key_of(purge.kind))];
  if (purge.kind == Kind::Everything) {
    names = true;
  } else if (purge.kind == Kind::Variants) {
    for (std::size_t i = 0; i < purge.names.size(); ++i) {
      json headers = json::object();
      for (const auto& [name, value] : purge.headers[i]) headers[name] = value;
      names.push_back({{"url", purge.names[i]}, {"headers", std::move(headers)}});
    }
  } else {
    names = purge.names;
  }
  if (purge.soft) object["soft"] = true;
  if (purge.ignore_case) object["ignore_case"] = true;
  // Names that are not UTF-8 cannot come through parse_purge; replaced rather than thrown about.
  return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string_view word_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::Live: return "live";
    case Verdict::Stale: return "stale";
    case Verdict::Dead: return "dead";
  }
  return "";
}

}  // namespace purge
