// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "edge/base/settings.h"

namespace purgeapi {

/// So many purges on average, and at once.
struct Rate {
  double per_second = 1;
  std::uint32_t burst = 1;
  bool operator==(const Rate&) const = default;
};

/// A zone of Cloudflare's API: which site its purges are for.
struct CloudflareZone {
  std::string id{};
  std::string site{};
  std::vector<std::pair<std::string, std::string>> environments{};  ///< id and site
  bool operator==(const CloudflareZone&) const = default;
};

/// Bounds of Cloudflare's API; the defaults are those of its Enterprise plan.
struct CloudflareLimits {
  std::size_t operations = 100;  ///< tags, hosts or prefixes in a request
  std::size_t files = 500;
  Rate purges{.per_second = 50, .burst = 500};  ///< requests with tags, hosts, prefixes or purge_everything
  Rate urls{.per_second = 3000, .burst = 3000};
  bool operator==(const CloudflareLimits&) const = default;
};

/// A service of Fastly's API: which site its purges are for.
struct FastlyService {
  std::string id{};
  std::string site{};
  std::vector<std::string> hosts{};  ///< lower case, or "*." and a name: whose URLs it purges
  bool operator==(const FastlyService&) const = default;
};

/// Bounds of Fastly's API: 100,000 keys and URLs, and 5,000 purge_all, in an hour.
struct FastlyLimits {
  std::size_t keys = 256;
  Rate purges{.per_second = 27.8, .burst = 100'000};
  Rate purge_all{.per_second = 1.39, .burst = 5'000};
  bool operator==(const FastlyLimits&) const = default;
};

/// How the names of other purge APIs lead to sites. Immutable; replaced as a whole at a reload.
struct Compat {
  std::vector<CloudflareZone> zones{};
  std::vector<FastlyService> services{};
  CloudflareLimits cloudflare{};
  FastlyLimits fastly{};
  bool operator==(const Compat&) const = default;

  /// Null: there is none. Valid as long as this.
  const CloudflareZone* zone(std::string_view id) const;
  const FastlyService* service(std::string_view id) const;
  /// The service with this host (any case, no port): exact names before wildcards, longer before shorter.
  const FastlyService* service_of_host(std::string_view host) const;
};

/// Reads [cloudflare], [[cloudflare_zone]], [fastly] and [[fastly_service]].
Compat read_compat(const base::Table& root);

}  // namespace purgeapi
