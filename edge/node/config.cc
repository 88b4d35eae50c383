// SPDX-License-Identifier: Apache-2.0
#include "edge/node/config.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <thread>

#include "edge/base/text.h"
#include "edge/loop/listener.h"
#include "edge/node/config_site.h"

namespace node {
namespace {

using base::Settings;
using base::Table;
using namespace std::chrono_literals;

constexpr std::uint64_t kMiB = 1ULL << 20;
constexpr std::uint64_t kGiB = 1ULL << 30;
constexpr std::uint64_t kTiB = 1ULL << 40;

void read_edge(const Table& root, Config& config) {
  const auto edge = root.table("edge");
  if (!edge) {
    root.fault("edge", "table [edge] is missing; it must name this node: node = \"edge-1\"");
    return;
  }
  config.node = edge->required_text("node");
  const auto cores = std::max(1U, std::thread::hardware_concurrency());
  config.loops = static_cast<unsigned>(edge->number("loops", 0, 0, 256));
  if (config.loops == 0) config.loops = cores;
  config.https_port = static_cast<std::uint16_t>(edge->number("https_port", 0, 0, 65'535));
  config.drain = edge->duration("drain", 30s, 0ms, 1h);
}

std::uint16_t port_of(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  if (colon == std::string::npos) return 0;
  return static_cast<std::uint16_t>(base::decimal(address.substr(colon + 1)).value_or(0));
}

// The address must be free: with SO_REUSEPORT two programs could share it without either noticing.
void try_address(const Table& table, const std::string& address) {
  if (address.empty()) return;
  if (const auto free = loop::Listener::probe(address); !free) table.fault("address", free.error().text);
}

void read_listeners(const Table& root, Config& config, Reading reading) {
  const auto listeners = root.tables("listener");
  if (listeners.empty()) root.fault("listener", "there is no [[listener]]; at least one is needed");
  for (const Table& table : listeners) {
    ListenerConfig listener;
    listener.address = table.required_text("address");
    listener.name = table.text("name", listener.address);
    listener.tls = table.flag("tls", true);
    listener.proxy_protocol = table.flag("proxy_protocol", false);
    for (const ListenerConfig& other : config.listeners) {
      if (other.address == listener.address && port_of(listener.address) != 0) {
        table.fault("address", "found \"" + listener.address + "\", which listener \"" + other.name + "\" has already");
      }
    }
    if (reading == Reading::Start) try_address(table, listener.address);
    if (listener.tls && config.https_port == 0) config.https_port = port_of(listener.address);
    config.listeners.push_back(std::move(listener));
  }
  if (config.https_port == 0) config.https_port = 443;
}

void read_certificates(const Table& root, Config& config) {
  for (const Table& table : root.tables("certificate")) {
    loop::CertificateFiles files{table.required_text("certificate"), table.required_text("key")};
    if (!files.certificate.empty() && !files.key.empty()) {
      loop::TlsOptions one;
      one.certificates.push_back(files);
      if (const auto context = loop::TlsContext::make(one); !context) table.fault("certificate", context.error().text);
    }
    config.tls.certificates.push_back(std::move(files));
  }
  if (const auto tls = root.table("tls")) config.tls.tls12 = tls->flag("tls12", true);
  const bool wanted = std::ranges::any_of(config.listeners, &ListenerConfig::tls);
  if (wanted && config.tls.certificates.empty()) {
    root.fault("certificate", "there is no [[certificate]], but a listener has tls = true (the default)");
  }
}

// A folder that can be made and written to, checked now rather than at the first write.
void check_folder(const Table& table, std::string_view key, const std::string& folder) {
  if (folder.empty()) return;
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) {
    table.fault(key, "folder \"" + folder + "\" cannot be made: " + error.message());
  } else if (::access(folder.c_str(), R_OK | W_OK | X_OK) != 0) {
    table.fault(key, "folder \"" + folder + "\" cannot be read and written by this user");
  }
}

void read_store(const Table& root, Config& config) {
  const auto memory = root.table("memory");
  config.memory_bytes = memory ? memory->bytes("budget", 256 * kMiB, kMiB, 16 * kTiB) : 256 * kMiB;
  const auto disk = root.table("disk");
  if (!disk) {
    root.fault("disk", "table [disk] is missing; it must say where the cache lies: folder = \"/var/lib/selvage/cache\"");
    return;
  }
  config.disk.folder = disk->required_text("folder");
  config.disk.budget_bytes = disk->bytes("budget", 10 * kGiB, 16 * kMiB, 256 * kTiB);
  config.disk.shards = static_cast<unsigned>(disk->number("shards", 2, 1, 64));
  config.disk.reader_threads = static_cast<unsigned>(disk->number("reader_threads", 4, 1, 256));
  config.disk.max_object_bytes = disk->bytes("max_object", 0, 0, 256 * kTiB);
  config.disk.queue_bytes = disk->bytes("queue", 0, 0, config.memory_bytes / 4);
  check_folder(*disk, "folder", config.disk.folder);
}

void read_purge(const Table& root, Config& config) {
  const auto purge = root.table("purge");
  if (!purge) return;
  config.purge.url = purge->required_text("url");
  config.purge.token = purge->required_text("token");
  config.purge.ca_file = purge->text("ca_file", "");
  config.purge.state_folder = purge->required_text("state_folder");
  config.purge.distrust_after = purge->duration("distrust_after", 60s, 0ms, 24h * 365);
  check_folder(*purge, "state_folder", config.purge.state_folder);
  const std::string& url = config.purge.url;
  if (!url.empty() && !url.starts_with("https://") && !url.starts_with("http://")) {
    purge->fault("url", "found \"" + url + "\", allowed: an https:// or http:// URL");
  }
}

void read_limits(const Table& root, Config& config) {
  const auto table = root.table("limits");
  if (!table) return;
  http::Limits& l = config.limits;
  const auto count = [&](const char* key, std::uint32_t& value, std::int64_t min, std::int64_t max) {
    value = static_cast<std::uint32_t>(table->number(key, value, min, max));
  };
  const auto size = [&](const char* key, std::uint32_t& value, std::uint64_t min, std::uint64_t max) {
    value = static_cast<std::uint32_t>(table->bytes(key, value, min, max));
  };
  count("connections", l.connections, 1, 10'000'000);
  size("header", l.header_bytes, 1024, kMiB);
  count("header_fields", l.header_fields, 8, 10'000);
  count("streams", l.streams, 1, 10'000);
  size("request_window", l.request_window, 16 << 10, 64 * kMiB);
  size("buffered", l.buffered_bytes, 16 << 10, 64 * kMiB);
  l.handshake = table->duration("handshake", l.handshake, 100ms, 10min);
  l.header = table->duration("header_time", l.header, 100ms, 10min);
  l.idle = table->duration("idle", l.idle, 100ms, 24h);
  l.write_stall = table->duration("write_stall", l.write_stall, 100ms, 24h);
  l.body_stall = table->duration("body_stall", l.body_stall, 100ms, 24h);
  count("resets_per_second", l.resets_per_second, 1, 1'000'000);
}

void read_fetch(const Table& root, Config& config) {
  const auto table = root.table("fetch");
  if (!table) return;
  FetchLimits& f = config.fetch;
  f.fill_window_bytes = table->bytes("fill_window", f.fill_window_bytes, 256 << 10, kGiB);
  f.fill_total_bytes = table->bytes("fill_total", f.fill_total_bytes, 0, config.memory_bytes / 2);
  f.pass_window_bytes = table->bytes("pass_window", f.pass_window_bytes, 64 << 10, kGiB);
  f.finish_bytes = table->bytes("finish", f.finish_bytes, 0, kTiB);
  f.pass_mark = table->duration("pass_mark", f.pass_mark, 0ms, 24h);
  f.pass_marks = static_cast<std::uint32_t>(table->number("pass_marks", f.pass_marks, 16, 100'000'000));
  f.ranges = static_cast<std::uint32_t>(table->number("ranges", f.ranges, 1, 1'000));
  http::ClientLimits& c = config.client_limits;
  c.connections_total = static_cast<std::uint32_t>(table->number("connections", c.connections_total, 1, 100'000));
  c.connections_per_host = static_cast<std::uint32_t>(
      table->number("connections_per_origin", c.connections_per_host, 1, 100'000));
}

void read_log(const Table& root, Config& config) {
  const auto table = root.table("log");
  if (!table) return;
  using logs::Level;
  config.log.level = table->choice<Level>(
      "level", {{"debug", Level::Debug}, {"info", Level::Info}, {"warn", Level::Warn}, {"error", Level::Error}},
      Level::Info);
  config.log.file = table->text("file", "");
  config.log.queue_lines = static_cast<std::size_t>(table->number("queue_lines", 8192, 16, 10'000'000));
  config.access_file = table->text("access_file", "");
}

}  // namespace

std::expected<std::shared_ptr<const Config>, std::vector<base::Fault>> read_config(const std::string& path,
                                                                                   Reading reading) {
  Settings settings = Settings::parse_file(path);
  auto config = std::make_shared<Config>();
  if (settings.faults().empty()) {
    const Table root = settings.root();
    read_edge(root, *config);
    read_listeners(root, *config, reading);
    read_certificates(root, *config);
    if (const auto admin = root.table("admin")) {
      config->admin_address = admin->text("address", "127.0.0.1:9180");
      if (reading == Reading::Start) try_address(*admin, config->admin_address);
    }
    read_store(root, *config);
    read_purge(root, *config);
    read_sites(root, *config);
    read_limits(root, *config);
    read_fetch(root, *config);
    read_log(root, *config);
    if (config->fetch.fill_total_bytes == 0) config->fetch.fill_total_bytes = config->memory_bytes / 8;
    settings.finish();
  }
  if (!settings.faults().empty()) return std::unexpected(settings.faults());
  return config;
}

std::string unchangeable(const Config& running, const Config& next) {
  if (running.node != next.node) return "[edge] node";
  if (running.loops != next.loops) return "[edge] loops";
  if (running.listeners != next.listeners) return "[[listener]]";
  if (running.admin_address != next.admin_address) return "[admin] address";
  if (running.disk != next.disk) return "[disk]";
  if (running.purge != next.purge) return "[purge]";
  return {};
}

}  // namespace node
