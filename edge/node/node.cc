// SPDX-License-Identifier: Apache-2.0
#include "edge/node/node.h"

#include <algorithm>
#include <csignal>
#include <future>

#include "edge/base/log.h"
#include "edge/base/thread.h"
#include "edge/node/decoded.h"
#include "edge/policy/cache_key.h"

namespace node {

using base::Errc;
using namespace std::chrono_literals;

namespace {
constexpr std::uint64_t kQueueBytesMin = 8ULL << 20;  // a transaction's worth
}

Node::Node(Options options, std::shared_ptr<const Config> config)
    : options_(std::move(options)),
      config_(std::move(config)),
      distrust_after_(config_->purge.distrust_after),
      queue_bytes_(config_->disk.queue_bytes != 0 ? config_->disk.queue_bytes
                                                  : std::max(config_->memory_bytes / 8, kQueueBytesMin)),
      coder_({.threads = config_->compress.threads, .queue = config_->compress.queue}),
      ledger_(
          [this](std::string_view site, std::string_view url) {
            const Site* found = config_->sites.named(site);
            return policy::normal_url(found != nullptr ? found->key : policy::KeyRules{}, url);
          },
          config_->purge.ledger),
      memory_({.budget_bytes = tier_bytes()}),
      pass_marks_(config_->fetch.pass_marks),
      variants_(config_->fetch.pass_marks),
      retry_pauses_(config_->fetch.pass_marks),
      groups_(control_.clock().wall()) {}

Node::~Node() { stop(); }

// What fills hold and what waits for the disk is part of the memory budget, which a reload may have made
// small.
std::uint64_t Node::tier_bytes() const {
  const std::uint64_t budget = config_->memory_bytes;
  return budget - config_->fetch.fill_total_bytes - std::min(queue_bytes_, budget / 4);
}

base::Status Node::start() {
  started_ = control_.clock().steady();
  if (auto ledger = open_ledger(); !ledger) return ledger;
  if (auto disk = open_disk(); !disk) return disk;
  if (!config_->access_file.empty()) {
    auto opened = logs::open_lines(config_->access_file, config_->log.queue_lines);
    if (!opened) return std::unexpected(opened.error());
    access_log_ = std::move(*opened);
  }
  shared_ = std::make_unique<Shared>(Shared{.memory = memory_,
                                            .disk = *disk_,
                                            .admission = *admission_,
                                            .fetches = fetches_,
                                            .pass_marks = pass_marks_,
                                            .variants = variants_,
                                            .retry_pauses = retry_pauses_,
                                            .ledger = ledger_,
                                            .groups = groups_,
                                            .fill_bytes = fill_bytes_,
                                            .distrust = [this] { return distrust(); },
                                            .silence = [this] { return silence(); },
                                            .access_log = access_log_.get(),
                                            .coder = &coder_,
                                            .clock = ledger_disk_ ? &clock_ : nullptr,
                                            .purges = purges_.get()});
  if (!config_->tls.certificates.empty()) {
    auto tls = loop::TlsContext::make(config_->tls);
    if (!tls) return std::unexpected(tls.error());
    tls_ = std::move(*tls);
  }
  control_client_ = std::make_unique<http::Client>(control_, http::ClientLimits{});
  start_follower();
  if (auto started = start_workers(); !started) return started;
  start_sweeper();
  return {};
}

// The ledger comes first: whether the disk's objects can be trusted depends on it.
base::Status Node::open_ledger() {
  if (!config_->purge.has_log()) return {};
  auto opened = purge::LedgerDisk::open(config_->purge.state_folder, purge::LedgerDisk::kMapBytes,
                                        config_->purge.commit_delay);
  if (!opened) return std::unexpected(opened.error());
  ledger_disk_ = std::move(opened->store);
  const purge::LedgerPlace& place = opened->place;
  log_id_ = place.log_id;
  log_digest_ = place.digest;
  ledger_.load(place.epoch, place.sequence, opened->rows, place.floor);
  clock_.begin(*ledger_disk_, log_id_);
  if (!config_->purge.url.empty()) purges_ = std::make_unique<PurgeGate>(*config_);
  // Nobody knows what was purged while the objects on disk were stored.
  empty_disk_ = opened->fresh;
  return {};
}

base::Status Node::open_disk() {
  const DiskConfig& disk = config_->disk;
  if (empty_disk_) logs::warn("no purge state found: the disk cache starts empty", {{"folder", disk.folder}});
  auto opened = store::LmdbDisk::open(
      {.folder = disk.folder,
       .budget_bytes = disk.budget_bytes,
       .shards = disk.shards,
       .reader_threads = disk.reader_threads,
       .queue_bytes = queue_bytes_,
       .max_object_bytes = disk.max_object_bytes,
       .max_objects = disk.max_objects,
       .whole_read_bytes = std::min(disk.whole_read_bytes, memory_.entry_bytes_max()),
       .wanted = [this](const store::Key& key, store::ObjectId id) { return memory_.served(key, id); },
       .empty = empty_disk_},
      &decode_object);
  if (!opened) return std::unexpected(opened.error());
  disk_ = std::move(*opened);
  admission_.emplace(*disk_, store::Admission::Options{.second_request = disk.second_request,
                                                       .remembered_bytes = disk.budget_bytes,
                                                       .bytes_per_second = disk.write_rate});
  disk_->on_removed([this](const store::Key& key, store::ObjectId id) { memory_.erase_parted(key, id); });
  return {};
}

void Node::start_follower() {
  if (!ledger_disk_) return;
  auto server = std::make_shared<http::ServerOptions>();
  server->ca_file = config_->purge.ca_file;
  verifier_ = std::make_unique<Verifier>(*this, *control_client_, server, [this](const std::string& json) {
    return follower_ != nullptr && follower_->answer(json);
  });
  std::optional<purge::Follower::Options::Nats> nats;
  if (const PurgeConfig::Nats& given = config_->purge.nats; !given.stream.empty()) {
    nats = {.access = given.access, .stream = given.stream};
  }
  follower_ = std::make_unique<purge::Follower>(
      control_, *control_client_, ledger_, clock_,
      purge::Follower::Options{.api_url = config_->purge.url,
                               .more_urls = config_->purge.more_urls,
                               .nats = std::move(nats),
                               .token = config_->purge.token,
                               .node = config_->node,
                               .server = std::move(server),
                               .seed = static_cast<std::uint64_t>(started_.time_since_epoch().count()),
                               .on_question = [this](std::string_view json) { verifier_->ask(json); }},
      log_id_, log_digest_);
  control_.post([this] { follower_->start(); });
}

void Node::start_sweeper() {
  if (!ledger_disk_) return;
  const Sweeper::Options options{.interval = config_->purge.sweep,
                                 .entries_max = config_->purge.ledger.entries};
  sweeper_ = std::make_unique<Sweeper>(
      control_, *shared_, ledger_, clock_, [this](auto answer) { ask_oldest_fill(std::move(answer)); },
      options);
  control_.post([this] { sweeper_->start(); });
}

// Each loop answers for its fills.
void Node::ask_oldest_fill(std::move_only_function<void(purge::Stamp)> answer) {
  struct Asked {
    std::size_t left;
    purge::Stamp oldest = Sweeper::kNone;
    std::move_only_function<void(purge::Stamp)> answer;
  };
  auto asked = std::make_shared<Asked>(Asked{.left = workers_.size(), .answer = std::move(answer)});
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    workers_[i]->loop().post([this, i, asked] {
      control_.post([asked, oldest = loops_[i]->oldest_fill()] {
        asked->oldest = std::min(asked->oldest, oldest);
        if (--asked->left == 0) asked->answer(asked->oldest);
      });
    });
  }
}

base::Status Node::start_workers() {
  std::vector<std::string> addresses;
  for (const ListenerConfig& listener : config_->listeners) addresses.push_back(listener.address);
  loops_.resize(config_->loops);
  for (std::size_t i = 0; i < config_->loops; ++i) {
    workers_.push_back(std::make_unique<loop::Worker>("loop-" + std::to_string(i)));
    counters_.push_back(std::make_unique<LoopCounters>());
    if (auto started = start_worker(i, addresses); !started) return started;
  }
  admin_ = std::make_unique<Admin>(*this, control_);
  if (!config_->admin_address.empty()) {
    if (auto listening = admin_->listen(config_->admin_address); !listening) return listening;
  }
  signals_ = std::make_unique<loop::Signals>(control_, [this](int number) { on_signal(number); });
  std::vector<base::BoundListener> bound;
  for (std::size_t i = 0; i < addresses.size(); ++i)
    bound.push_back({config_->listeners[i].name, addresses[i]});
  logs::info("edge started",
             {{"node", config_->node}, {"loops", config_->loops}, {"sites", config_->site_count}});
  return base::write_ready_file(options_.ready_file, bound, admin_->address());
}

// Makes one loop and opens its listeners; the first turns port 0 into the port that all share.
base::Status Node::start_worker(std::size_t index, std::vector<std::string>& addresses) {
  std::promise<base::Status> listening;
  auto result = listening.get_future();
  loop::Worker& worker = *workers_[index];
  worker.start(
      [&, index] {
        if (const base::Cores& cores = config_->loop_cores; !cores.empty()) {
          if (auto status = base::stay_on({cores[index % cores.size()]}); !status)
            logs::warn(status.error().text);
        }
        loops_[index] = std::make_unique<NodeLoop>(worker.loop(), *shared_, config_, *counters_[index]);
        base::Status status = loops_[index]->listen(addresses, tls_);
        for (std::size_t i = 0; status && index == 0 && i < addresses.size(); ++i) {
          std::string& address = addresses[i];
          address =
              address.substr(0, address.rfind(':') + 1) + std::to_string(loops_[index]->server().port(i));
        }
        listening.set_value(std::move(status));
      },
      [this, index] { loops_[index].reset(); });
  return result.get();
}

void Node::run() {
  base::set_work(base::Work::Background);  // purges, metrics and signals give way to the loops
  control_.run();
  stop();
}

void Node::stop() {
  if (std::exchange(stopping_, true)) return;
  for (auto& worker : workers_) worker->stop();
  for (auto& worker : workers_) worker->join();
  coder_.stop();
  signals_.reset();
  admin_.reset();
  sweeper_.reset();
  follower_.reset();
  verifier_.reset();
  control_client_.reset();
}

void Node::on_signal(int number) {
  if (number == SIGHUP) return reload();
  if (draining_ != 0) return control_.stop();  // asked twice: at once
  logs::info("draining", {{"signal", number}});
  drain();
}

void Node::drain() {
  draining_ = workers_.size();
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    workers_[i]->loop().post([this, i] {
      loops_[i]->server().drain(config_->drain, [this] {
        control_.post([this] {
          if (--draining_ == 0) control_.stop();
        });
      });
    });
  }
}

void Node::reload() {
  auto next = read_config(options_.config_path, Reading::Reload);
  if (!next) {
    for (const base::Fault& fault : next.error())
      logs::error("configuration not reloaded", {{"fault", fault.str()}});
    return;
  }
  for (const base::Fault& warning : (*next)->warnings) logs::warn(warning.str());
  if (const std::string what = unchangeable(*config_, **next); !what.empty()) {
    logs::error("configuration not reloaded",
                {{"fault", what + " cannot change while running; restart for it"}});
    return;
  }
  std::shared_ptr<loop::TlsContext> tls;
  if (!(*next)->tls.certificates.empty()) {
    auto made = loop::TlsContext::make((*next)->tls);
    if (!made) return logs::error("configuration not reloaded", {{"fault", made.error().text}});
    tls = std::move(*made);
  }
  if (auto opened = logs::open((*next)->log); !opened) {
    return logs::error("configuration not reloaded", {{"fault", opened.error().text}});
  }
  if (access_log_) {
    if (auto reopened = access_log_->reopen(); !reopened)
      logs::error("access log", {{"fault", reopened.error().text}});
  }
  config_ = *next;
  tls_ = tls;
  memory_.set_budget(tier_bytes());
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    workers_[i]->loop().post([this, i, config = config_, tls] { loops_[i]->reload(config, tls); });
  }
  logs::info("configuration reloaded", {{"sites", config_->site_count}});
}

// Called by every loop, as silence() is. Without a purge API there is nothing that could have been missed.
bool Node::distrust() const {
  if (!follower_ || distrust_after_ == 0ms) return false;
  return !follower_->state().caught_up.load(std::memory_order_acquire);
}

std::chrono::milliseconds Node::silence() const {
  using std::chrono::milliseconds;
  if (!follower_) return 0ms;
  const auto since = [](base::Steady time) {
    return std::chrono::duration_cast<milliseconds>(time.time_since_epoch());
  };
  const milliseconds heard(follower_->state().heard_ms.load(std::memory_order_relaxed));
  return since(control_.clock().steady()) - std::max(heard, since(started_));
}

std::string Node::readiness() const {
  if (draining_ != 0) return "draining";
  if (follower_ && !follower_->state().caught_up.load(std::memory_order_acquire)) {
    return "has not yet caught up with the purge log";
  }
  return {};
}

}  // namespace node
