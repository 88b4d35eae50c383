// SPDX-License-Identifier: Apache-2.0
#include "edge/node/config_purge.h"

#include "edge/base/path.h"
#include "edge/base/text.h"
#include "edge/loop/server_settings.h"
#include "edge/node/config_purge_log.h"

namespace node {
namespace {

using base::Table;
using namespace std::chrono_literals;

void read_state_folder(const Table& purge, Config& config) {
  config.purge.state_folder = purge.required_text("state_folder");
  const std::string& state = config.purge.state_folder;
  if (state.empty()) return;
  if (const auto usable = base::can_use_folder(state); !usable)
    purge.fault("state_folder", usable.error().text);
  // Each is emptied without a look at what the other keeps there.
  if (!config.disk.folder.empty() && base::paths_overlap(state, config.disk.folder)) {
    purge.fault("state_folder", "found \"" + state + "\", which overlaps with disk.folder \"" +
                                    config.disk.folder + "\"; allowed: folders outside of each other");
  }
}

std::vector<std::string> read_digests(const Table& table) {
  std::vector<std::string> out;
  for (const std::string& text : table.texts("tokens_sha256")) {
    auto raw = base::unhex(text);
    if (raw && raw->size() == 32) {
      out.push_back(std::move(*raw));
    } else {
      table.fault("tokens_sha256",
                  "found " + std::to_string(text.size()) +
                      " characters, allowed: the 64 hexadecimal digits of a token's SHA-256");
    }
  }
  return out;
}

}  // namespace

void read_purge(const Table& root, Config& config) {
  const auto purge = root.table("purge");
  if (!purge) return;
  PurgeConfig& p = config.purge;
  read_purge_log(*purge, p);
  while (p.url.ends_with('/')) p.url.pop_back();
  for (std::string& url : p.more_urls) {
    while (url.ends_with('/')) url.pop_back();
  }
  p.purge_token = purge->text("purge_token", "");
  p.ca_file = loop::read_authorities(*purge, "ca_file");
  read_state_folder(*purge, config);
  p.distrust_after = purge->duration("distrust_after", 60s, 0ms, 24h * 365);
  p.commit_delay = purge->duration("commit_delay", p.commit_delay, 0ms, 1s);
  p.sweep = purge->duration("sweep", p.sweep, 0ms, 24h);
  // A purge may have a thousand names: the bound leaves room for many.
  p.ledger.entries =
      static_cast<std::size_t>(purge->number("ledger_entries", 1'000'000, 10'000, 1'000'000'000));
  p.ledger.wildcards = static_cast<std::size_t>(purge->number("ledger_wildcards", 1'000, 16, 1'000'000));
  p.ledger.variants = static_cast<std::size_t>(purge->number("ledger_variants", 100, 16, 1'000'000));
  p.forwards = static_cast<std::uint32_t>(purge->number("forwards", p.forwards, 1, 100'000));
  p.forward_limit = purge->duration("forward_limit", p.forward_limit, 100ms, 60s);
  p.peers = loop::read_ranges(*purge, "peers");
  p.peer_wait = purge->duration("peer_wait", p.peer_wait, 0ms, 10s);
}

std::shared_ptr<const PurgeMethods> read_purge_methods(const Table& site, const PurgeConfig& purge) {
  using WaitFor = PurgeMethods::WaitFor;
  using Require = PurgeMethods::Require;
  const auto table = site.table("purge");
  if (!table) return nullptr;
  auto rules = std::make_shared<PurgeMethods>();
  rules->tokens = read_digests(*table);
  rules->clients = loop::read_ranges(*table, "clients");
  rules->require = table->choice<Require>("require", {{"either", Require::Either}, {"both", Require::Both}},
                                          Require::Either);
  rules->wait_for = table->choice<WaitFor>(
      "wait_for", {{"log", WaitFor::Log}, {"here", WaitFor::Here}, {"nodes", WaitFor::Nodes}}, WaitFor::Here);
  rules->wait = table->duration("wait", rules->wait, 1ms, 60s);
  rules->rate = static_cast<std::uint32_t>(table->number("rate", rules->rate, 1, 1'000'000));
  const bool both = rules->require == Require::Both;
  if (both ? rules->tokens.empty() || rules->clients.empty()
           : rules->tokens.empty() && rules->clients.empty()) {
    table->fault("tokens_sha256", both ? "require = \"both\" needs tokens_sha256 and clients"
                                       : "there is neither tokens_sha256 nor clients: then nobody may purge");
  }
  if (purge.url.empty())
    site.fault("purge", "needs the url of a purge API in the table [purge]: there the purges go");
  return rules;
}

SilenceRule read_silence(const Table& site, const PurgeConfig& purge) {
  using What = SilenceRule::What;
  SilenceRule rule;
  rule.what = site.choice<What>(
      "purge_silence", {{"serve", What::Serve}, {"revalidate", What::Revalidate}, {"refuse", What::Refuse}},
      What::Revalidate);
  rule.after = site.duration("purge_silence_after", purge.distrust_after, 0ms, 24h * 365);
  return rule;
}

}  // namespace node
