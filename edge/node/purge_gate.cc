// SPDX-License-Identifier: Apache-2.0
#include "edge/node/purge_gate.h"

#include <algorithm>

#include "edge/base/secret.h"

namespace node {
namespace {

using namespace std::chrono_literals;

constexpr auto kWaitMax = 60s;  // as [site.purge] wait allows

std::shared_ptr<const http::ServerOptions> server_of(const PurgeConfig& purge) {
  auto server = std::make_shared<http::ServerOptions>();
  server->ca_file = purge.ca_file;
  server->connect_limit = std::min(server->connect_limit, purge.forward_limit);
  server->queue_limit = std::min(server->queue_limit, purge.forward_limit);
  server->first_byte_limit = purge.forward_limit + kWaitMax;
  return server;
}

}  // namespace

PurgeGate::PurgeGate(const Config& config)
    : places_(config.purge.forwards),
      key_prefix_(config.node + "-" + base::random_hex(8) + "-"),
      server_(server_of(config.purge)) {}

std::optional<PurgeGate::Place> PurgeGate::enter() {
  if (under_way_.fetch_add(1) < places_) return Place(*this);
  under_way_.fetch_sub(1);
  return {};
}

bool PurgeGate::take(const Site& site, base::Steady now) {
  const std::uint32_t rate = site.purge->rate;
  const std::scoped_lock lock(mutex_);
  auto [place, fresh] = rates_.try_emplace(site.name, rate, http::TokenBucket(rate, rate));
  // A reload may have changed it.
  if (place->second.per_second != rate) place->second = {rate, http::TokenBucket(rate, rate)};
  return place->second.bucket.take(now);
}

std::string PurgeGate::next_key() { return key_prefix_ + std::to_string(keys_.fetch_add(1)); }

}  // namespace node
