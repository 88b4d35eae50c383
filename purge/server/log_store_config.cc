// SPDX-License-Identifier: Apache-2.0
#include "purge/server/log_store_config.h"

#include <utility>

#include "edge/base/path.h"
#include "edge/loop/server_settings.h"
#include "purge/nats/access_settings.h"

namespace purgeapi {
namespace {

using base::Table;
using namespace std::chrono_literals;

constexpr std::uint64_t kMiB = 1ULL << 20;
constexpr std::uint64_t kTiB = 1ULL << 40;

void read_nats(const Table& store, Config& config) {
  NatsLog::Options& nats = config.nats;
  nats.access = nats::read_access(store);
  nats.stream.name = nats::read_stream(store);
  nats.stream.replicas = static_cast<unsigned>(store.number("replicas", 1, 1, 5));
  if (nats.stream.replicas % 2 == 0) {
    store.fault("replicas", "found " + std::to_string(nats.stream.replicas) + ", allowed: 1, 3 or 5");
  }
  nats.stream.entries_max = config.journal.keep_entries;
  nats.stream.bytes_max = store.bytes("max_size", nats.stream.bytes_max, kMiB, 16 * kTiB);
  nats.stream.age_max = store.duration("max_age", 0ms, 0ms, 3650 * 24h);
  nats.stream.duplicate_window = config.journal.key_window;
  if (nats.stream.age_max != 0ms && nats.stream.age_max < nats.stream.duplicate_window) {
    store.fault("max_age", "is less than key_window; a key must be known for as long as its purge");
  }
  nats.publish_limit = store.duration("publish_timeout", nats.publish_limit, 100ms, 1min);
  nats.silence = store.duration("silence", nats.silence, 2s, 1h);
  nats.open_limit = store.duration("start_timeout", nats.open_limit, 1s, 1h);
  nats.held_bytes = store.bytes("memory", nats.held_bytes, kMiB, kTiB);
}

bool is_url(const std::string& text) { return text.starts_with("https://") || text.starts_with("http://"); }

void read_standby(const Table& root, Config& config) {
  const auto table = root.table("standby");
  if (!table) {
    if (config.standing.required) {
      root.fault("standby",
                 "is missing, but [log_store] standby is \"required\"; allowed: a table with peer");
    }
    return;
  }
  Standing::Options& standing = config.standing;
  standing.of = table->text("of", "");
  standing.peer = table->text("peer", "");
  for (auto [key, url] : {std::pair("of", &standing.of), std::pair("peer", &standing.peer)}) {
    while (url->ends_with('/')) url->pop_back();
    if (!url->empty() && !is_url(*url)) {
      table->fault(key, "found \"" + *url + "\", allowed: an https:// or http:// URL");
    }
  }
  if (standing.of.empty() == standing.peer.empty()) {
    table->fault("of", "allowed: either of, the primary's URL, or peer, the standby's");
  }
  standing.token = table->required_text("token");
  standing.ca_file = loop::read_authorities(*table, "ca_file");
  standing.peer_wait = table->duration("peer_wait", standing.peer_wait, 0ms, 1h);
  standing.alone = table->duration("alone", standing.alone, 1s, 24h);
  config.journal.standby = !standing.of.empty();
  if (config.engine != Engine::Lmdb)
    table->fault("of", "engine \"nats\" takes no standby: start a second API instead");
}

}  // namespace

void read_log_store(const Table& root, Config& config) {
  const auto store = root.table("log_store");
  if (!store) {
    root.fault("log_store",
               "table [log_store] is missing; it must say where the log lies: "
               "folder = \"/var/lib/selvage/purge\"");
    return;
  }
  Journal::Options& journal = config.journal;
  config.engine = store->choice("engine", {{"lmdb", Engine::Lmdb}, {"nats", Engine::Nats}}, Engine::Lmdb);
  journal.keep_entries =
      static_cast<std::uint64_t>(store->number("keep_entries", 1'000'000, 1, 1'000'000'000));
  journal.key_window = store->duration("key_window", journal.key_window, 1s, 24h);
  if (config.engine == Engine::Nats) {
    read_nats(*store, config);
    return read_standby(root, config);
  }
  config.standing.required = store->choice("standby", {{"none", false}, {"required", true}}, false);
  config.standing.wait = store->duration("standby_wait", config.standing.wait, 100ms, 1min);
  journal.commit_delay = store->duration("commit_delay", journal.commit_delay, 0ms, 1s);
  journal.keys_max = static_cast<std::uint64_t>(store->number("keys", 100'000, 1, 100'000'000));
  journal.map_bytes = store->bytes("max_size", journal.map_bytes, kMiB, 16 * kTiB);
  journal.folder = store->required_text("folder");
  if (const auto usable = base::can_use_folder(journal.folder); !journal.folder.empty() && !usable)
    store->fault("folder", usable.error().text);
  read_standby(root, config);
}

}  // namespace purgeapi
