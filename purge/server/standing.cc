// SPDX-License-Identifier: Apache-2.0
#include "purge/server/standing.h"

#include <algorithm>
#include <utility>

#include "edge/base/log.h"
#include "purge/server/log_stream.h"

namespace purgeapi {
namespace {

using base::Errc;
using namespace std::chrono_literals;

constexpr auto kLookForLate = 100ms;

Refusal unavailable_because(std::string text) {
  return {.status = 503, .code = "unavailable", .text = std::move(text)};
}

}  // namespace

Standing::Standing(loop::Loop& loop, Journal& journal, Options options)
    : loop_(loop),
      clock_(loop.clock()),
      journal_(journal),
      options_(std::move(options)),
      began_(clock_.steady()),
      server_(std::make_shared<http::ServerOptions>()),
      client_(loop, http::ClientLimits{}),
      timer_(loop) {
  server_->ca_file = options_.ca_file;
}

Standing::~Standing() = default;

void Standing::follow() {
  follower_ = std::make_unique<StandbyFollower>(
      loop_, client_, journal_,
      StandbyFollower::Options{
          .url = options_.of, .token = options_.token, .server = server_, .silence = options_.silence},
      noted_);
  follower_->start();
}

void Standing::start(StandbyFollower::Noted noted) {
  noted_ = std::move(noted);
  const Leadership own = leadership();
  if (own.role == LogRole::Standby) return follow();
  if (own.role != LogRole::Primary) return;
  // One that was promoted goes on telling the old primary; the old one asks whether it is that.
  if (!options_.peer.empty()) {
    asked_ = false;
    asking_since_ = clock_.steady();
    ask(options_.peer);
  } else if (!options_.of.empty()) {
    ask(options_.of);
  }
}

void Standing::ask(const std::string& url) {
  peer_ = std::make_unique<Peer>(
      loop_, client_, Peer::Options{.url = url, .token = options_.token, .server = server_},
      [this] { return meeting(); }, [this](const std::optional<Meeting>& answer) { on_peer(answer); });
  peer_->start();
}

void Standing::on_peer(const std::optional<Meeting>& answer) {
  if (answer) meets(*answer);
  if (asked_) return;
  if (!answer && clock_.steady() - asking_since_ < options_.peer_wait) return;
  asked_ = true;
  if (!answer) {
    logs::warn("the standby does not say who leads: this primary goes on in its term",
               {{"term", leadership().term}});
  }
}

std::optional<Refusal> Standing::refusal() const {
  const Leadership own = leadership();
  switch (own.role) {
    case LogRole::Primary: return {};
    case LogRole::Standby: return unavailable_because("this is a standby; the primary is " + options_.of);
    case LogRole::Superseded: break;
  }
  return unavailable_because("this log of term " + std::to_string(own.term) + " was superseded by term " +
                             std::to_string(own.newer) +
                             (options_.peer.empty() ? "" : "; the primary is " + options_.peer));
}

std::optional<Refusal> Standing::purge_refusal() const {
  if (auto why = refusal()) return why;
  if (!asked_) return unavailable_because("the standby has not yet said who leads");
  if (options_.required && !has_standby()) {
    return unavailable_because("there is no standby, and [log_store] standby is \"required\"");
  }
  return {};
}

std::optional<Refusal> Standing::out_of_touch() const {
  if (!options_.required || has_standby() || leadership().role != LogRole::Primary) return {};
  if (clock_.steady() - std::max(heard_, began_) < options_.alone) return {};
  return unavailable_because("the required standby has been silent for longer than [standby] alone allows");
}

void Standing::meets(const Meeting& other) {
  const Leadership own = leadership();
  if (own.role != LogRole::Primary || other.log_id != journal_.log_id()) return;
  if (other.leadership.role != LogRole::Primary || other.leadership.term <= own.term) return;
  journal_.supersede(other.leadership.term, loop_, anchor_.wrap([this](const base::Status& status) {
    if (!status)
      return logs::error("cannot note that this log was superseded", {{"reason", status.error().text}});
    for (auto& [sequence, waiting] : std::exchange(waiting_, {})) {
      waiting.done(base::fail(Errc::Unavailable, "this log was superseded"));
    }
  }));
}

void Standing::await(Sequence sequence, Done done) {
  if (!options_.required || acknowledged_ >= sequence) return done({});
  waiting_.emplace(sequence, Waiting{.done = std::move(done), .deadline = clock_.steady() + options_.wait});
  if (!timer_.running()) timer_.start(kLookForLate, [this] { look_for_late(); });
}

void Standing::look_for_late() {
  std::vector<Done> late;
  for (auto at = waiting_.begin(); at != waiting_.end();) {
    if (at->second.deadline > clock_.steady()) {
      ++at;
      continue;
    }
    late.push_back(std::move(at->second.done));
    at = waiting_.erase(at);
  }
  if (!waiting_.empty()) timer_.start(kLookForLate, [this] { look_for_late(); });
  for (Done& done : late) done(base::fail(Errc::Timeout, "the standby did not confirm it in time"));
}

void Standing::promote(std::int64_t at_ms, std::move_only_function<void(base::Result<std::uint64_t>)> done) {
  // From here on nothing is taken from the old primary, nor confirmed to it.
  follower_.reset();
  journal_.promote(at_ms, loop_,
                   anchor_.wrap([this, done = std::move(done)](base::Result<std::uint64_t> term) mutable {
                     if (!term && leadership().role == LogRole::Standby && !follower_) follow();
                     if (term && !options_.of.empty() && !peer_) ask(options_.of);
                     done(std::move(term));
                   }));
}

void Standing::attached(LogStream& stream, Sequence has) {
  LogStream* before = std::exchange(stream_, &stream);
  if (before != nullptr && before != &stream) before->end();
  asked_ = true;  // who follows does not lead
  acknowledged(has);
}

void Standing::detached(LogStream& stream) {
  if (stream_ == &stream) stream_ = nullptr;
}

void Standing::acknowledged(Sequence sequence) {
  acknowledged_ = sequence;
  heard_ = clock_.steady();
  std::vector<Done> ready;
  for (auto at = waiting_.begin(); at != waiting_.end() && at->first <= sequence; at = waiting_.erase(at)) {
    ready.push_back(std::move(at->second.done));
  }
  for (Done& done : ready) done({});
}

}  // namespace purgeapi
