// SPDX-License-Identifier: Apache-2.0
#include "purge/server/routes.h"

#include <algorithm>
#include <array>
#include <utility>

#include "purge/server/cloudflare_request.h"
#include "purge/server/fastly_request.h"
#include "purge/server/history.h"
#include "purge/server/log_stream.h"
#include "purge/server/requests.h"
#include "purge/server/standby_requests.h"
#include "purge/server/verify_request.h"

namespace purgeapi {
namespace {

template <typename T>
std::unique_ptr<http::Handler> make(Call call) {
  return std::make_unique<T>(std::move(call));
}

constexpr std::uint8_t role(Role one) { return static_cast<std::uint8_t>(one); }
constexpr std::uint8_t kPurge = role(Role::Purge);
constexpr std::uint8_t kSee = role(Role::Purge) | role(Role::Read);
constexpr std::uint8_t kNode = role(Role::Node);

// Old clients of Cloudflare's purge with DELETE.
constexpr Route kRoutes[] = {
    {"POST", "/v1/purges", kPurge, &make<PurgeRequest>},
    {"GET", "/v1/purges", kSee, &make<HistoryView>},
    {"GET", "/v1/purges/{}", kSee, &make<PurgeView>},
    {"GET", "/v1/nodes", kSee, &make<NodesView>},
    {"GET", "/v1/log", kNode, &make<LogStream>},
    {"DELETE", "/v1/nodes/{}", kPurge, &make<RetireRequest>},
    {"POST", "/v1/nodes/{}/ack", kNode, &make<AckRequest>},
    {"GET", "/v1/verify", kSee, &make<VerifyRequest>},
    {"POST", "/v1/nodes/{}/verify", kNode, &make<VerifyAnswer>},
    {"GET", "/v1/standby", kSee | role(Role::Standby), &make<StandbyView>},
    {"GET", "/v1/standby/log", role(Role::Standby), &make<LogStream>},
    {"POST", "/v1/standby/ack", role(Role::Standby), &make<StandbyAckRequest>},
    {"POST", "/v1/standby/meet", role(Role::Standby), &make<MeetRequest>},
    {"POST", "/v1/promote", kPurge, &make<PromoteRequest>},
    {"POST", "/client/v4/zones/{}/purge_cache", kPurge, &make<CloudflareRequest>},
    {"DELETE", "/client/v4/zones/{}/purge_cache", kPurge, &make<CloudflareRequest>},
    {"POST", "/client/v4/zones/{}/invalidate_cache", kPurge, &make<CloudflareRequest>},
    {"POST", "/client/v4/zones/{}/environments/{}/purge_cache", kPurge, &make<CloudflareRequest>},
    {"DELETE", "/client/v4/zones/{}/environments/{}/purge_cache", kPurge, &make<CloudflareRequest>},
    {"POST", "/client/v4/zones/{}/environments/{}/invalidate_cache", kPurge, &make<CloudflareRequest>},
    {"POST", "/service/{}/purge", kPurge, &make<FastlyKeysRequest>},
    {"POST", "/service/{}/purge_all", kPurge, &make<FastlyAllRequest>},
    {"POST", "/service/{}/purge/{*}", kPurge, &make<FastlyKeyRequest>},
    {"POST", "/purge/{*}", kPurge, &make<FastlyUrlRequest>},
};
// Of any target: it names what is to be purged and no resource of the API.
constexpr Route kPurgeMethod = {"PURGE", "{*}", kPurge, &make<FastlyUrlRequest>};

std::string roles_text(std::uint8_t roles) {
  std::string out;
  for (const auto& [role, name] : {std::pair(Role::Purge, "purge"), std::pair(Role::Read, "read"),
                                   std::pair(Role::Node, "node"), std::pair(Role::Standby, "standby")}) {
    if ((roles & static_cast<std::uint8_t>(role)) != 0)
      out += (out.empty() ? "\"" : " or \"") + std::string(name) + "\"";
  }
  return out;
}

Refusal forbidden(const Token& caller, const Route& route) {
  return {.status = 403,
          .code = "forbidden",
          .text = "the roles of token \"" + caller.name + "\" do not include " + roles_text(route.roles) +
                  ", which " + std::string(route.method) + " " + std::string(route.pattern) + " takes"};
}

std::variant<Routed, Refusal> allowed(const Route& route, const Token& caller,
                                      std::vector<std::string> names) {
  if ((caller.roles & route.roles) == 0) return forbidden(caller, route);
  return Routed{.route = &route, .names = std::move(names)};
}

// The patterns of the API that `path` is meant for, told apart by the first segment.
std::string patterns_near(std::string_view path) {
  const auto first = [](std::string_view text) { return text.substr(0, text.find('/', 1)); };
  std::string near;
  for (const Route& route : kRoutes) {
    if (first(route.pattern) != first(path) || near.find(route.pattern) != std::string::npos) continue;
    near += (near.empty() ? "" : ", ") + std::string(route.pattern);
  }
  return near.empty() ? "/v1/purges, /client/v4/zones/{}/purge_cache, /service/{}/purge, /purge/{*}" : near;
}

}  // namespace

std::optional<std::vector<std::string>> match(std::string_view pattern, std::string_view target) {
  std::vector<std::string> names;
  std::string_view path = target.substr(0, target.find('?'));
  for (;;) {
    const std::size_t open = std::min(pattern.find('{'), pattern.size());
    if (open == pattern.size()) return path == pattern ? std::optional(std::move(names)) : std::nullopt;
    if (!path.starts_with(pattern.substr(0, open))) return {};
    path.remove_prefix(open);
    pattern.remove_prefix(open);
    if (pattern == "{*}") {
      names.emplace_back(target.substr(static_cast<std::size_t>(path.data() - target.data())));
      return names;
    }
    const std::size_t end = std::min(path.find('/'), path.size());
    if (end == 0) return {};
    names.emplace_back(path.substr(0, end));
    path.remove_prefix(end);
    pattern.remove_prefix(2);
  }
}

std::variant<Routed, Refusal> route_of(const http::RequestHead& head, const Token& caller) {
  if (head.method == kPurgeMethod.method) return allowed(kPurgeMethod, caller, {head.target});
  std::string allow;
  for (const Route& route : kRoutes) {
    auto names = match(route.pattern, head.target);
    if (!names) continue;
    if (head.method == route.method) return allowed(route, caller, std::move(*names));
    allow += (allow.empty() ? "" : ", ") + std::string(route.method);
  }
  if (!allow.empty()) {
    return Refusal{.status = 405,
                   .code = "method_not_allowed",
                   .text = "found " + head.method + ", allowed: " + allow,
                   .allow = allow};
  }
  const std::string path = head.target.substr(0, head.target.find('?'));
  return Refusal{.status = 404,
                 .code = "not_found",
                 .text = "there is no \"" + path + "\"; allowed: " + patterns_near(path)};
}

}  // namespace purgeapi
