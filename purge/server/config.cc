// SPDX-License-Identifier: Apache-2.0
#include "purge/server/config.h"

#include <algorithm>

#include "edge/base/log_settings.h"
#include "edge/base/text.h"
#include "edge/http/limits_settings.h"
#include "edge/loop/server_settings.h"
#include "purge/server/log_store_config.h"

namespace purgeapi {
namespace {

using base::Settings;
using base::Table;
using namespace std::chrono_literals;

constexpr std::uint64_t kMiB = 1ULL << 20;

void read_listeners(const Table& root, Config& config, Reading reading) {
  loop::ListenAddresses addresses(reading == Reading::Start);
  const auto listeners = root.tables("listener");
  if (listeners.empty()) root.fault("listener", "there is no [[listener]]; at least one is needed");
  for (const Table& table : listeners) {
    ListenerConfig listener;
    listener.address = table.required_text("address");
    listener.name = table.text("name", "");
    addresses.add_name(table, listener.name);
    if (listener.name.empty()) listener.name = listener.address;
    addresses.add(table, listener.address, "listener \"" + listener.name + "\"");
    listener.tls = table.flag("tls", true);
    config.listeners.push_back(std::move(listener));
  }
  if (const auto admin = root.table("admin")) {
    config.admin_address = admin->text("address", "127.0.0.1:9543");
    addresses.add(*admin, config.admin_address, "the admin listener");
  }
}

void read_certificates(const Table& root, Config& config) {
  for (const Table& table : root.tables("certificate")) {
    config.tls.certificates.push_back(loop::read_certificate(table, "certificate", "key"));
  }
  const bool wanted = std::ranges::any_of(config.listeners, &ListenerConfig::tls);
  if (wanted && config.tls.certificates.empty()) {
    root.fault("certificate", "there is no [[certificate]], but a listener has tls = true (the default)");
  }
}

std::uint8_t read_roles(const Table& table) {
  std::uint8_t roles = 0;
  const auto words = table.texts("roles");
  if (words.empty())
    table.fault("roles", "there is none; allowed: a list of \"purge\", \"node\", \"read\", \"standby\"");
  for (const std::string& word : words) {
    if (word == "purge") {
      roles |= static_cast<std::uint8_t>(Role::Purge);
    } else if (word == "node") {
      roles |= static_cast<std::uint8_t>(Role::Node);
    } else if (word == "read") {
      roles |= static_cast<std::uint8_t>(Role::Read);
    } else if (word == "standby") {
      roles |= static_cast<std::uint8_t>(Role::Standby);
    } else {
      table.fault("roles", "found \"" + word + "\", allowed: \"purge\", \"node\", \"read\", \"standby\"");
    }
  }
  return roles;
}

Token read_token(const Table& table) {
  Token token;
  token.name = table.required_text("name");
  const std::string hash = table.required_text("sha256");
  const auto raw = base::unhex(hash);
  if (raw && raw->size() == 32) {
    token.sha256 = *raw;
  } else if (!hash.empty()) {
    table.fault("sha256", "found " + std::to_string(hash.size()) +
                              " characters, allowed: the 64 hexadecimal digits of the token's SHA-256");
  }
  token.roles = read_roles(table);
  token.sites = table.texts("sites");
  if (token.sites.empty() && (token.has(Role::Purge) || token.has(Role::Read))) {
    table.fault("sites", "there is none; allowed: a list of sites' names, or [\"*\"] for all");
  }
  return token;
}

void read_tokens(const Table& root, Config& config) {
  for (const Table& table : root.tables("token")) {
    Token token = read_token(table);
    for (const Token& other : config.tokens) {
      if (other.name == token.name)
        table.fault("name", "found \"" + token.name + "\", which another token has already");
      if (!token.sha256.empty() && other.sha256 == token.sha256) {
        table.fault("sha256", "found the SHA-256 of token \"" + other.name + "\"; each token needs its own");
      }
    }
    config.tokens.push_back(std::move(token));
  }
  if (config.tokens.empty()) root.fault("token", "there is no [[token]]; without one nobody can use the API");
}

void read_limits(const Table& root, Config& config) {
  // A follower that takes nothing for so long is cut; it catches up when it comes back.
  config.limits.write_stall = 15s;
  const auto table = root.table("limits");
  if (!table) return;
  http::read_limits(*table, config.limits);
  ApiLimits& a = config.api;
  a.body_bytes = table->bytes("body", a.body_bytes, 1024, 4 * kMiB);
  a.batch = static_cast<std::size_t>(table->number("batch", 100, 1, 10'000));
  a.wait = table->duration("wait", a.wait, 0ms, 1h);
  a.heartbeat = table->duration("heartbeat", a.heartbeat, 100ms, 5s);
  a.stream_bytes = table->bytes("stream_buffer", a.stream_bytes, 64 << 10, 64 * kMiB);
  a.verify = table->duration("verify", a.verify, 100ms, 60s);
  a.verifications = static_cast<std::size_t>(table->number("verifications", 32, 1, 64));
  a.nodes.nodes = static_cast<std::size_t>(table->number("nodes", 10'000, 1, 1'000'000));
  a.nodes.recent_purges = static_cast<std::size_t>(table->number("recent_purges", 10'000, 1, 1'000'000));
  a.nodes.silence = table->duration("node_silence", a.nodes.silence, 1s, 1h);
  a.nodes.forget = table->duration("node_forget", a.nodes.forget, 1min, 365 * 24h);
  config.journal.queued_max = static_cast<std::size_t>(table->number("queued_purges", 10'000, 1, 1'000'000));
  config.nats.queued_max = config.journal.queued_max;
  config.drain = table->duration("drain", config.drain, 0ms, 1h);
}

void read_audit(const Table& root, Config& config) {
  const auto table = root.table("audit");
  if (!table) return;
  config.audit.file = logs::read_lines_file(*table, "file", "");
  config.audit.queue_lines = static_cast<std::size_t>(table->number("queue_lines", 8192, 16, 10'000'000));
}

}  // namespace

std::expected<std::shared_ptr<const Config>, std::vector<base::Fault>> read_config(const std::string& path,
                                                                                   Reading reading) {
  Settings settings = Settings::parse_file(path);
  auto config = std::make_shared<Config>();
  if (settings.faults().empty()) {
    const Table root = settings.root();
    read_listeners(root, *config, reading);
    read_certificates(root, *config);
    read_log_store(root, *config);
    read_tokens(root, *config);
    read_limits(root, *config);
    config->compat = std::make_shared<Compat>(read_compat(root));
    read_audit(root, *config);
    if (const auto log = root.table("log")) config->log = logs::read_setup(*log);
    settings.finish();
  }
  if (!settings.faults().empty()) return std::unexpected(settings.faults());
  config->warnings = settings.warnings();
  return config;
}

std::string unchangeable(const Config& running, const Config& next) {
  if (running.listeners != next.listeners) return "[[listener]]";
  if (running.admin_address != next.admin_address) return "[admin] address";
  if (running.journal != next.journal || running.engine != next.engine || running.nats != next.nats)
    return "[log_store] or [limits] queued_purges";
  if (running.audit != next.audit) return "[audit]";
  if (running.standing != next.standing) return "[standby] or [log_store] standby";
  if (running.api != next.api) return "[limits] of the API (body, wait, heartbeat, stream_buffer, nodes, …)";
  return {};
}

}  // namespace purgeapi
