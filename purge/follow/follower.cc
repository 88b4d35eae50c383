// SPDX-License-Identifier: Apache-2.0
#include "purge/follow/follower.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>
#include <variant>

#include "edge/base/log.h"
#include "edge/base/random.h"
#include "purge/follow/http_source.h"
#include "purge/follow/log_line.h"
#include "purge/follow/nats_source.h"

namespace purge {
namespace {

using base::Errc;
using std::chrono::milliseconds;

// So many entries may be applied and not yet on disk; past it the log is not read.
constexpr std::size_t kUnkeptMax = 4096;
constexpr unsigned kDoublingsMax = 20;

std::string tidied(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url;
}

std::unique_ptr<LogSource> source_of(base::Executor& home, http::ExchangeMaker& client,
                                     const Follower::Options& options, LogSource::Sink& sink) {
  if (options.nats) {
    return std::make_unique<NatsSource>(
        home,
        NatsSource::Options{
            .access = options.nats->access, .stream = options.nats->stream, .node = options.node},
        sink);
  }
  HttpSource::Options http{.api_urls = {tidied(options.api_url)},
                           .token = options.token,
                           .node = options.node,
                           .server = options.server,
                           .silence_limit = options.silence_limit};
  for (const std::string& url : options.more_urls) http.api_urls.push_back(tidied(url));
  return std::make_unique<HttpSource>(home, client, std::move(http), sink);
}

}  // namespace

struct Follower::Impl final : LogSource::Sink {
  Impl(base::Executor& executor, http::ExchangeMaker& maker, Ledger& clock, LedgerStore& disk, Options chosen,
       std::string known_log, std::optional<std::uint64_t> known_digest)
      : home(executor),
        ledger(clock),
        store(disk),
        options(std::move(chosen)),
        log_id(std::move(known_log)),
        digest(known_digest),
        random(options.seed),
        kept(sequence_of(clock.now())),
        timer(executor),
        source(source_of(executor, maker, options, *this)) {
    state.applied = kept;
  }

  base::Status on_line(std::string_view line) override;
  void on_word() override;
  void on_lost(const std::string& reason) override { disconnect(reason); }
  bool full() override;

  void connect();
  void disconnect(const std::string& reason);
  void await_word();
  base::Status begin(const LogHead& head);
  base::Status reset(const LogHead& head);
  base::Status apply(const LogEntry& entry);
  base::Status beat(const Heartbeat& heartbeat);
  std::move_only_function<void(base::Status)> keeping(Sequence sequence);
  void on_kept(Sequence sequence);
  void look_whether_caught_up();
  Sequence applied() const { return sequence_of(ledger.now()); }
  LedgerPlace place() const { return {ledger.epoch(), applied(), ledger.floor(), log_id, digest}; }

  base::Executor& home;
  Ledger& ledger;
  LedgerStore& store;
  const Options options;
  std::string log_id;
  std::optional<std::uint64_t> digest;  ///< of the newest entry applied
  State state{};
  base::Random random;

  Sequence kept;                            ///< of this epoch: applied, and durable
  std::size_t unkept = 0;                   ///< calls of the store not yet answered
  std::optional<Sequence> head_at_begin{};  ///< of this connection; none before its first line
  unsigned failures = 0;                    ///< in a row
  std::string last_reason{};
  bool paused = false;
  base::Timer timer;  ///< silence while connected, backoff while not
  bool open = false;  ///< the source has a connection, or makes one
  std::unique_ptr<LogSource> source;
  base::Anchor anchor{};
};

void Follower::Impl::connect() {
  head_at_begin.reset();
  paused = false;
  open = true;
  source->connect(applied(), log_id, digest);
  if (open) await_word();
}

void Follower::Impl::disconnect(const std::string& reason) {
  open = false;
  source->disconnect();
  state.connected = false;
  ++state.reconnects;
  // Half of the delay is by chance: edges that lost the API together do not come back together.
  const milliseconds longest =
      std::min(options.backoff_max, options.backoff_min * (1 << std::min(failures, kDoublingsMax)));
  const auto half = static_cast<std::uint64_t>(longest.count() / 2);
  const milliseconds delay(half + random.below(half + 1));
  if (failures++ == 0 || reason != last_reason) {
    logs::warn("no purge log, connecting again", {{"reason", reason}, {"delay_ms", delay.count()}});
  }
  last_reason = reason;
  timer.start(delay, [this] { connect(); });
}

void Follower::Impl::await_word() {
  timer.start(options.silence_limit, [this] { disconnect("no word from it within the silence limit"); });
}

// Without room for more entries what is said is not heard: that is silence to the sites.
void Follower::Impl::on_word() {
  if (paused) return;
  const auto now = home.clock().steady().time_since_epoch();
  state.heard_ms.store(std::chrono::duration_cast<milliseconds>(now).count(), std::memory_order_relaxed);
  await_word();
}

bool Follower::Impl::full() {
  if (unkept < kUnkeptMax) return false;
  paused = true;
  timer.stop();  // its silence is ours
  return true;
}

base::Status Follower::Impl::on_line(std::string_view line) {
  auto parsed = parse_log_line(line);
  if (!parsed) return std::unexpected(parsed.error());
  const auto* head = std::get_if<LogHead>(&*parsed);
  if ((head != nullptr) == head_at_begin.has_value()) {
    return base::fail(Errc::Protocol, "the log's first line must come first, and once");
  }
  if (head != nullptr) return begin(*head);
  if (std::holds_alternative<UnknownLine>(*parsed)) return {};
  if (const auto* question = std::get_if<Question>(&*parsed)) {
    if (options.on_question) options.on_question(question->json);
    return {};
  }
  const auto* entry = std::get_if<LogEntry>(&*parsed);
  const base::Status status = entry != nullptr ? apply(*entry) : beat(std::get<Heartbeat>(*parsed));
  if (status) failures = 0;
  return status;
}

base::Status Follower::Impl::begin(const LogHead& head) {
  const bool same = log_id.empty() || head.log_id == log_id;
  if (head.reset) {
    if (auto done = reset(head); !done) return done;
  } else if (!same || head.oldest > applied() + 1 || head.head < applied()) {
    return base::fail(Errc::Protocol, "it goes on with log " + head.log_id + ", entries " +
                                          std::to_string(head.oldest) + " to " + std::to_string(head.head) +
                                          ", though " + std::to_string(applied()) + " of log " + log_id +
                                          " was asked for");
  } else if (log_id.empty()) {
    log_id = head.log_id;
    store.keep(place(), {}, home, keeping(applied()));
  }
  head_at_begin = head.head;
  state.log_head = head.head;
  state.connected = true;
  source->tell(kept, log_id);
  look_whether_caught_up();
  return {};
}

base::Status Follower::Impl::reset(const LogHead& head) {
  if (ledger.epoch() == std::numeric_limits<std::uint16_t>::max()) {
    return base::fail(Errc::Limit, "the log was lost too often; delete the purge state and restart");
  }
  const auto epoch = static_cast<std::uint16_t>(ledger.epoch() + 1);
  logs::warn("the purge log cannot go on from here: all that is stored counts as purged",
             {{"applied", applied()}, {"oldest", head.oldest}, {"head", head.head}, {"log_id", head.log_id}});
  log_id = head.log_id;
  digest.reset();
  kept = 0;
  // In memory first: from now on nothing stored is served. A crash before the store has it leads here again.
  ledger.reset(epoch, head.head);
  state.applied = head.head;
  ++state.resets;
  store.restart(place(), home, keeping(head.head));
  return {};
}

base::Status Follower::Impl::apply(const LogEntry& entry) {
  // A new term's numbers begin above all that the one before has given, whatever this edge had of them.
  const bool term = entry.after && *entry.after <= applied() && entry.sequence > applied();
  if (entry.sequence != applied() + 1 && !term) {
    return base::fail(Errc::Protocol, "entry " + std::to_string(entry.sequence) + " came after entry " +
                                          std::to_string(applied()) + " of the log");
  }
  auto rows = ledger.rows_of(entry.sequence, entry.purge);
  const Stamp floor = ledger.floor();
  for (Ledger::Row& row : ledger.apply(entry.sequence, entry.purge)) rows.push_back(std::move(row));
  if (ledger.floor() != floor) {
    logs::warn("there are too many purged names: what is stored and older than a purge counts as purged",
               {{"purge", sequence_of(ledger.floor())}, {"entries", ledger.entries()}});
  }
  digest = entry.digest;
  state.applied = entry.sequence;
  state.log_head = std::max(state.log_head.load(), entry.sequence);
  store.keep(place(), std::move(rows), home, keeping(entry.sequence));
  return {};
}

base::Status Follower::Impl::beat(const Heartbeat& heartbeat) {
  if (heartbeat.head < applied()) {
    return base::fail(Errc::Protocol,
                      "a heartbeat says that the log went back to " + std::to_string(heartbeat.head));
  }
  state.log_head = heartbeat.head;
  source->tell(kept, log_id);  // so the API sees that this node lives
  return {};
}

std::move_only_function<void(base::Status)> Follower::Impl::keeping(Sequence sequence) {
  ++unkept;
  return anchor.wrap([this, sequence, epoch = ledger.epoch()](base::Status status) {
    --unkept;
    if (!status) return logs::error("a purge is applied but not kept", {{"reason", status.error().text}});
    if (epoch == ledger.epoch()) on_kept(sequence);
    if (paused && open && unkept < kUnkeptMax / 2) {
      paused = false;
      await_word();
      source->resume();
    }
  });
}

void Follower::Impl::on_kept(Sequence sequence) {
  kept = sequence;
  source->tell(kept, log_id);
  look_whether_caught_up();
}

void Follower::Impl::look_whether_caught_up() {
  if (head_at_begin && kept >= *head_at_begin) state.caught_up.store(true, std::memory_order_release);
}

Follower::Follower(base::Executor& home, http::ExchangeMaker& client, Ledger& ledger, LedgerStore& store,
                   Options options, std::string log_id, std::optional<std::uint64_t> digest)
    : impl_(std::make_unique<Impl>(home, client, ledger, store, std::move(options), std::move(log_id),
                                   digest)) {}
Follower::~Follower() = default;

void Follower::start() { impl_->connect(); }
const Follower::State& Follower::state() const { return impl_->state; }
bool Follower::answer(const std::string& json) { return impl_->source->answer(json); }

}  // namespace purge
