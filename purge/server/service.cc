// SPDX-License-Identifier: Apache-2.0
#include "purge/server/service.h"

#include <algorithm>
#include <csignal>
#include <tuple>
#include <utility>
#include <vector>

#include "edge/base/log.h"
#include "edge/base/program.h"
#include "edge/base/thread.h"
#include "purge/server/journal.h"

namespace purgeapi {
namespace {

base::Result<std::shared_ptr<loop::TlsContext>> tls_of(const Config& config) {
  if (config.tls.certificates.empty()) return nullptr;
  return loop::TlsContext::make(config.tls);
}

}  // namespace

Service::Service(Options options, std::shared_ptr<const Config> config)
    : options_(std::move(options)), config_(std::move(config)) {}

// What the log still answers at its end goes to the loop, which destroys it unseen.
Service::~Service() {
  signals_.reset();
  admin_.reset();
  front_.reset();
  api_.reset();
  standing_.reset();
  journal_.reset();
}

base::Status Service::start() {
  if (auto opened = open_log(); !opened) return opened;
  api_ = std::make_unique<Api>(loop_, *journal_, config_->api);
  api_->set_tokens(std::make_shared<Tokens>(config_->tokens));
  api_->set_compat(config_->compat);
  if (!config_->audit.file.empty()) {
    auto audit = Audit::open(config_->audit, loop_.clock());
    if (!audit) return std::unexpected(audit.error());
    audit_ = std::move(*audit);
    api_->set_audit(audit_.get());
  }
  stand();
  front_ = std::make_unique<http::Server>(loop_, config_->limits, *api_);
  admin_ = std::make_unique<Admin>(loop_, *api_, *front_);
  if (auto listening = listen(); !listening) return listening;
  if (!config_->admin_address.empty()) {
    if (auto listening = admin_->listen(config_->admin_address); !listening) return listening;
  }
  signals_ = std::make_unique<loop::Signals>(loop_, [this](int number) { on_signal(number); });
  std::vector<base::BoundListener> bound;
  for (std::size_t i = 0; i < config_->listeners.size(); ++i) {
    const ListenerConfig& listener = config_->listeners[i];
    const std::string host = listener.address.substr(0, listener.address.rfind(':') + 1);
    bound.push_back({listener.name, host + std::to_string(front_->port(i))});
  }
  const PurgeLog::Bounds bounds = journal_->bounds();
  logs::info("purge API started",
             {{"log_id", journal_->log_id()}, {"oldest", bounds.oldest}, {"head", bounds.head}});
  return base::write_ready_file(options_.ready_file, bound, admin_->address());
}

void Service::run() {
  base::set_work(base::Work::Background);  // of an edge on the same machine the loops go first
  loop_.run();
}

base::Status Service::open_log() {
  if (config_->engine == Engine::Nats) {
    auto opened = NatsLog::open(config_->nats);
    if (!opened) return std::unexpected(opened.error());
    journal_ = std::move(*opened);
    return {};
  }
  auto opened = Journal::open(config_->journal);
  if (!opened) return std::unexpected(opened.error());
  standing_ = std::make_unique<Standing>(loop_, **opened, config_->standing);
  journal_ = std::move(*opened);
  return {};
}

void Service::stand() {
  if (!standing_) return;
  api_->set_standing(*standing_);
  standing_->start([this](const std::string& name, const KnownNode* node) {
    if (node == nullptr) {
      std::ignore = journal_->forget_node(name);
      return api_->nodes().forgotten_elsewhere(name);
    }
    std::ignore = journal_->keep_node(*node);
    const std::chrono::milliseconds silent(std::max<std::int64_t>(0, api_->wall_ms() - node->heard_ms));
    api_->nodes().restore(name, node->applied, silent);
  });
}

base::Status Service::listen() {
  auto tls = tls_of(*config_);
  if (!tls) return std::unexpected(tls.error());
  for (const ListenerConfig& listener : config_->listeners) {
    auto listening = front_->listen({.address = listener.address, .tls = listener.tls ? *tls : nullptr});
    if (!listening) return listening;
  }
  return {};
}

void Service::on_signal(int number) {
  if (number == SIGHUP) return reload();
  if (std::exchange(draining_, true)) return stop();
  logs::info("draining", {{"signal", number}});
  drain();
}

void Service::drain() {
  api_->drain();
  front_->drain(config_->drain, [this] { stop(); });
}

void Service::reload() {
  const auto refuse = [](const std::string& fault) {
    logs::error("configuration not reloaded", {{"fault", fault}});
  };
  auto next = read_config(options_.config_path, Reading::Reload);
  if (!next) {
    for (const base::Fault& fault : next.error()) refuse(fault.str());
    return;
  }
  for (const base::Fault& warning : (*next)->warnings) logs::warn(warning.str());
  if (const std::string what = unchangeable(*config_, **next); !what.empty()) {
    return refuse(what + " cannot change while running; restart for it");
  }
  auto tls = tls_of(**next);
  if (!tls) return refuse(tls.error().text);
  if (auto opened = logs::open((*next)->log); !opened) return refuse(opened.error().text);
  if (audit_ != nullptr) {
    if (auto opened = audit_->reopen(); !opened) return refuse(opened.error().text);
  }
  config_ = *next;
  for (std::size_t i = 0; i < config_->listeners.size(); ++i) {
    if (config_->listeners[i].tls) front_->set_tls(i, *tls);
  }
  front_->set_limits(config_->limits);
  api_->set_tokens(std::make_shared<Tokens>(config_->tokens));
  api_->set_compat(config_->compat);
  logs::info("configuration reloaded", {{"tokens", config_->tokens.size()}});
}

}  // namespace purgeapi
