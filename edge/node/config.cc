// SPDX-License-Identifier: Apache-2.0
#include "edge/node/config.h"

#include <algorithm>
#include <thread>

#include "edge/base/check.h"
#include "edge/base/log_settings.h"
#include "edge/base/path.h"
#include "edge/base/text.h"
#include "edge/http/limits_settings.h"
#include "edge/loop/server_settings.h"
#include "edge/node/config_purge.h"
#include "edge/node/config_site.h"
#include "purge/clock/purge.h"
#include "store/disk/space.h"

namespace node {
namespace {

using base::Settings;
using base::Table;
using namespace std::chrono_literals;

constexpr std::uint64_t kKiB = 1ULL << 10;
constexpr std::uint64_t kMiB = 1ULL << 20;
constexpr std::uint64_t kGiB = 1ULL << 30;
constexpr std::uint64_t kTiB = 1ULL << 40;

base::Cores read_cores(const Table& table, const char* key) {
  const auto cores = base::parse_cores(table.text(key, ""));
  const base::Cores& own = base::own_cores();
  if (!cores) {
    table.fault(key, cores.error().text);
  } else if (const base::Cores away = base::without(*cores, own); !away.empty()) {
    table.fault(key, "found " + base::text_of(away) + ", allowed: cores that the edge may run on, " +
                         base::text_of(own));
  } else {
    if (*cores == own)
      table.warn(key, "leaves no core to the edge's other threads: they share those of the loops");
    return *cores;
  }
  return {};
}

void read_edge(const Table& root, Config& config) {
  const auto edge = root.table("edge");
  if (!edge) {
    root.fault("edge", "table [edge] is missing; it must name this node: node = \"edge-1\"");
    return;
  }
  config.node = edge->required_text("node");
  if (!config.node.empty() && !purge::is_node_name(config.node)) {
    edge->fault("node", "found \"" + config.node + "\", allowed: " + std::string(purge::kNodeNamesAllowed));
  }
  const auto cores = std::max(1U, std::thread::hardware_concurrency());
  config.loop_cores = read_cores(*edge, "loop_cores");
  config.loops = static_cast<unsigned>(edge->number("loops", 0, 0, 256));
  if (config.loops == 0) {
    config.loops = config.loop_cores.empty() ? cores : static_cast<unsigned>(config.loop_cores.size());
  }
  config.https_port = static_cast<std::uint16_t>(edge->number("https_port", 0, 0, 65'535));
  config.drain = edge->duration("drain", 30s, 0ms, 1h);
}

std::uint16_t port_of(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  if (colon == std::string::npos) return 0;
  return static_cast<std::uint16_t>(base::decimal(address.substr(colon + 1)).value_or(0));
}

void read_listeners(const Table& root, Config& config, loop::ListenAddresses& addresses) {
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
    listener.proxy_protocol = table.flag("proxy_protocol", false);
    listener.trust_forwarded = table.flag("trust_forwarded", false);
    if (listener.tls && config.https_port == 0) config.https_port = port_of(listener.address);
    config.listeners.push_back(std::move(listener));
  }
  if (config.https_port == 0) config.https_port = 443;
}

void read_admin(const Table& root, Config& config, loop::ListenAddresses& addresses) {
  const auto admin = root.table("admin");
  if (!admin) return;
  config.admin_address = admin->text("address", "127.0.0.1:9180");
  addresses.add(*admin, config.admin_address, "the admin listener");
}

void read_certificates(const Table& root, Config& config) {
  for (const Table& table : root.tables("certificate")) {
    config.tls.certificates.push_back(loop::read_certificate(table, "certificate", "key"));
  }
  if (const auto tls = root.table("tls")) config.tls.tls12 = tls->flag("tls12", true);
  const bool wanted = std::ranges::any_of(config.listeners, &ListenerConfig::tls);
  if (wanted && config.tls.certificates.empty()) {
    root.fault("certificate", "there is no [[certificate]], but a listener has tls = true (the default)");
  }
}

void check_folder(const Table& table, std::string_view key, const std::string& folder) {
  if (folder.empty()) return;
  if (const auto usable = base::can_use_folder(folder); !usable) table.fault(key, usable.error().text);
}

void read_store(const Table& root, Config& config) {
  const auto memory = root.table("memory");
  config.memory_bytes = memory ? memory->bytes("budget", 256 * kMiB, kMiB, 16 * kTiB) : 256 * kMiB;
  // Several must fit, and one must not push out too much.
  const std::uint64_t whole_most = std::max<std::uint64_t>(config.memory_bytes / 16, base::kChunkBytes);
  config.whole_bytes = std::min<std::uint64_t>(kMiB, whole_most);
  if (memory) config.whole_bytes = memory->bytes("whole", config.whole_bytes, base::kChunkBytes, whole_most);
  const auto disk = root.table("disk");
  if (!disk) {
    root.fault(
        "disk",
        "table [disk] is missing; it must say where the cache lies: folder = \"/var/lib/selvage/cache\"");
    return;
  }
  config.disk.folder = disk->required_text("folder");
  config.disk.shards = static_cast<unsigned>(disk->number("shards", 2, 1, 64));
  config.disk.budget_bytes =
      disk->bytes("budget", 10 * kGiB, config.disk.shards * store::space::kShardBytesMin, 64 * kTiB);
  config.disk.reader_threads = static_cast<unsigned>(disk->number("reader_threads", 4, 1, 64));
  config.disk.max_object_bytes =
      disk->bytes("max_object", 0, 0, config.disk.budget_bytes / config.disk.shards / 2);
  config.disk.max_objects = disk->number("max_objects", 0, 0, 1LL << 40);
  config.disk.queue_bytes = disk->bytes("queue", 0, 0, config.memory_bytes / 4);
  config.disk.whole_read_bytes = disk->bytes("whole_read", 256 * kKiB, 0, 16 * kMiB);
  config.disk.second_request =
      disk->choice<bool>("admission", {{"second-request", true}, {"every-request", false}}, true);
  config.disk.write_rate = disk->bytes("write_rate", 0, 0, 64 * kGiB);
  check_folder(*disk, "folder", config.disk.folder);
}

void read_fetch(const Table& root, Config& config) {
  const auto table = root.table("fetch");
  if (!table) return;
  FetchLimits& f = config.fetch;
  f.fill_window_bytes = table->bytes("fill_window", f.fill_window_bytes, 256 << 10, kGiB);
  f.fill_total_bytes = table->bytes("fill_total", f.fill_total_bytes, 0, config.memory_bytes / 2);
  f.pass_window_bytes = table->bytes("pass_window", f.pass_window_bytes, 64 << 10, kGiB);
  f.hold_back = table->duration("hold_back", f.hold_back, 0ms, 1h);
  f.finish_bytes = table->bytes("finish", f.finish_bytes, 0, kTiB);
  f.pass_mark = table->duration("pass_mark", f.pass_mark, 0ms, 24h);
  f.pass_marks = static_cast<std::uint32_t>(table->number("pass_marks", f.pass_marks, 16, 100'000'000));
  f.variants = static_cast<std::uint32_t>(table->number("variants", f.variants, 1, 10'000));
  f.retry_pause = table->duration("retry_pause", f.retry_pause, 0ms, 1h);
  f.ranges = static_cast<std::uint32_t>(table->number("ranges", f.ranges, 1, 1'000));
  http::ClientLimits& c = config.client_limits;
  c.connections_total =
      static_cast<std::uint32_t>(table->number("connections", c.connections_total, 1, 100'000));
  c.connections_per_host =
      static_cast<std::uint32_t>(table->number("connections_per_origin", c.connections_per_host, 1, 100'000));
  c.pass_connections =
      static_cast<std::uint32_t>(table->number("pass_connections", c.pass_connections, 0, 100'000));
  c.minimum_rate = table->bytes("minimum_rate", c.minimum_rate, 0, kGiB);
}

void read_compress(const Table& root, Config& config) {
  const auto table = root.table("compress");
  if (!table) return;
  CompressConfig& c = config.compress;
  c.threads = static_cast<unsigned>(table->number("threads", c.threads, 1, 64));
  c.queue = static_cast<std::uint32_t>(table->number("queue", c.queue, 1, 100'000));
  c.wait = table->duration("wait", c.wait, 0ms, 10min);
  c.gzip = static_cast<int>(table->number("gzip", c.gzip, 1, 9));
  c.br = static_cast<int>(table->number("br", c.br, 0, 11));
  c.zstd = static_cast<int>(table->number("zstd", c.zstd, 1, 19));
}

void read_log(const Table& root, Config& config) {
  const auto table = root.table("log");
  if (!table) return;
  config.log = logs::read_setup(*table);
  config.access_file = logs::read_lines_file(*table, "access_file", "");
}

}  // namespace

int CompressConfig::level_of(policy::Coding coding) const {
  switch (coding) {
    case policy::Coding::Br: return br;
    case policy::Coding::Zstd: return zstd;
    case policy::Coding::Gzip: return gzip;
  }
  CHECK(false);
}

std::expected<std::shared_ptr<const Config>, std::vector<base::Fault>> read_config(const std::string& path,
                                                                                   Reading reading) {
  Settings settings = Settings::parse_file(path);
  auto config = std::make_shared<Config>();
  if (settings.faults().empty()) {
    const Table root = settings.root();
    read_edge(root, *config);
    loop::ListenAddresses addresses(reading == Reading::Start);
    read_listeners(root, *config, addresses);
    read_admin(root, *config, addresses);
    read_certificates(root, *config);
    read_store(root, *config);
    read_purge(root, *config);
    read_sites(root, *config);
    if (const auto limits = root.table("limits")) http::read_limits(*limits, config->limits);
    read_fetch(root, *config);
    read_compress(root, *config);
    read_log(root, *config);
    if (config->fetch.fill_total_bytes == 0) config->fetch.fill_total_bytes = config->memory_bytes / 8;
    settings.finish();
  }
  if (!settings.faults().empty()) return std::unexpected(settings.faults());
  config->warnings = settings.warnings();
  return config;
}

std::string unchangeable(const Config& running, const Config& next) {
  if (running.node != next.node) return "[edge] node";
  if (running.loop_cores != next.loop_cores) return "[edge] loop_cores";
  if (running.loops != next.loops) return "[edge] loops";
  if (running.listeners != next.listeners) return "[[listener]]";
  if (running.admin_address != next.admin_address) return "[admin] address";
  if (running.disk != next.disk) return "[disk]";
  if (running.purge != next.purge) return "[purge]";
  if (running.client_limits != next.client_limits) return "[fetch] connections and connections_per_origin";
  if (running.fetch.pass_marks != next.fetch.pass_marks) return "[fetch] pass_marks";
  const bool same_coder =
      running.compress.threads == next.compress.threads && running.compress.queue == next.compress.queue;
  if (!same_coder) return "[compress] threads and queue";
  if (running.log.queue_lines != next.log.queue_lines) return "[log] queue_lines";
  if (running.access_file != next.access_file) return "[log] access_file";
  return {};
}

}  // namespace node
