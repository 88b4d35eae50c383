// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>

#include "edge/base/text.h"
#include "purge/clock/purge.h"
#include "purge/server/compat.h"

namespace purgeapi {
namespace {

using base::Table;

constexpr std::int64_t kMost = 1'000'000'000;
constexpr std::int64_t kNamesMost = 1000;  // of one purge

void read_rate(const Table& table, const std::string& name, Rate& rate) {
  rate.per_second = table.real(name + "_rate", rate.per_second, 0.001, 1e6);
  rate.burst = static_cast<std::uint32_t>(table.number(name + "_burst", rate.burst, 1, kMost));
}

// An id stands in the path as it is.
std::string read_id(const Table& table) {
  std::string id = table.required_text("id");
  if (id.find_first_of("/?#% ") != std::string::npos) {
    table.fault("id", "found \"" + id + "\", allowed: what can stand in a path as it is");
  }
  return id;
}

std::string read_site(const Table& table) {
  std::string site = table.required_text("site");
  if (site.empty()) return site;
  const auto good = purge::parse_purge(purge::to_json({.site = site}));
  if (!good) table.fault("site", good.error().text);
  return site;
}

CloudflareZone read_zone(const Table& table) {
  CloudflareZone zone{.id = read_id(table), .site = read_site(table)};
  if (table.has("environments")) zone.environments = table.named_texts("environments");
  for (const auto& [id, site] : zone.environments) {
    if (site.empty()) table.fault("environments", "found no site for \"" + id + "\", allowed: a site's name");
  }
  return zone;
}

FastlyService read_service(const Table& table) {
  FastlyService service{.id = read_id(table), .site = read_site(table)};
  for (const std::string& host : table.texts("hosts")) {
    std::string lowered = base::lowered(host);
    const std::string_view name = std::string_view(lowered).substr(lowered.starts_with("*.") ? 2 : 0);
    if (name.empty() || name.find_first_of("*/:?# ") != std::string_view::npos) {
      table.fault("hosts", "found \"" + host + "\", allowed: a host name without port, or \"*.\" and a name");
    }
    service.hosts.push_back(std::move(lowered));
  }
  return service;
}

template <typename T>
const T* find_id(const std::vector<T>& all, std::string_view id) {
  const auto found = std::ranges::find(all, id, &T::id);
  return found == all.end() ? nullptr : &*found;
}

void check_id(const Table& table, const void* other, const std::string& id) {
  if (other != nullptr) table.fault("id", "found \"" + id + "\", which another one has already");
}

void read_zones(const Table& root, Compat& compat) {
  for (const Table& table : root.tables("cloudflare_zone")) {
    CloudflareZone zone = read_zone(table);
    check_id(table, compat.zone(zone.id), zone.id);
    compat.zones.push_back(std::move(zone));
  }
  const auto table = root.table("cloudflare");
  if (!table) return;
  CloudflareLimits& limits = compat.cloudflare;
  limits.operations = static_cast<std::size_t>(table->number("operations", 100, 1, kNamesMost));
  limits.files = static_cast<std::size_t>(table->number("files", 500, 1, kNamesMost));
  read_rate(*table, "purge", limits.purges);
  read_rate(*table, "url", limits.urls);
}

void read_services(const Table& root, Compat& compat) {
  std::map<std::string, std::string> owners;
  for (const Table& table : root.tables("fastly_service")) {
    FastlyService service = read_service(table);
    check_id(table, compat.service(service.id), service.id);
    for (const std::string& host : service.hosts) {
      if (!owners.emplace(host, service.id).second) {
        table.fault("hosts", "found \"" + host + "\", which service \"" + owners[host] + "\" has already");
      }
    }
    compat.services.push_back(std::move(service));
  }
  const auto table = root.table("fastly");
  if (!table) return;
  FastlyLimits& limits = compat.fastly;
  limits.keys = static_cast<std::size_t>(table->number("keys", 256, 1, kNamesMost));
  read_rate(*table, "purge", limits.purges);
  read_rate(*table, "purge_all", limits.purge_all);
}

}  // namespace

const CloudflareZone* Compat::zone(std::string_view id) const { return find_id(zones, id); }
const FastlyService* Compat::service(std::string_view id) const { return find_id(services, id); }

const FastlyService* Compat::service_of_host(std::string_view host) const {
  const std::string lowered = base::lowered(host);
  const auto owner = [this](std::string_view name) -> const FastlyService* {
    for (const FastlyService& service : services) {
      if (std::ranges::find(service.hosts, name) != service.hosts.end()) return &service;
    }
    return nullptr;
  };
  if (const FastlyService* found = owner(lowered)) return found;
  for (std::size_t dot = lowered.find('.'); dot != std::string::npos; dot = lowered.find('.', dot + 1)) {
    if (const FastlyService* found = owner("*" + lowered.substr(dot))) return found;
  }
  return nullptr;
}

Compat read_compat(const Table& root) {
  Compat compat;
  read_zones(root, compat);
  read_services(root, compat);
  return compat;
}

}  // namespace purgeapi
