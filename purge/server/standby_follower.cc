// SPDX-License-Identifier: Apache-2.0
#include "purge/server/standby_follower.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <random>
#include <utility>

#include "edge/base/log.h"
#include "purge/clock/json_text.h"
#include "purge/follow/http_source.h"

namespace purgeapi {
namespace {

using base::Errc;
using nlohmann::json;
using std::chrono::milliseconds;

constexpr std::size_t kUnkeptMax = 4096;
constexpr milliseconds kBackoffMin{100};
constexpr milliseconds kBackoffMax{5'000};
constexpr unsigned kDoublingsMax = 10;

}  // namespace

StandbyFollower::StandbyFollower(base::Executor& home, http::ExchangeMaker& client, Journal& journal,
                                 Options options, Noted noted)
    : home_(home),
      journal_(journal),
      options_(std::move(options)),
      noted_(std::move(noted)),
      log_id_(journal.log_id()),
      taken_(journal.bounds().head),
      kept_(taken_),
      random_(std::random_device{}()),
      timer_(home) {
  purge::HttpSource::Options http{.api_urls = {options_.url},
                                  .token = options_.token,
                                  .node = "standby",
                                  .server = options_.server,
                                  .silence_limit = options_.silence};
  http.log_path = "/v1/standby/log";
  http.ack_path = "/v1/standby/ack";
  source_ = std::make_unique<purge::HttpSource>(home, client, std::move(http), *this);
}

StandbyFollower::~StandbyFollower() = default;

// What the journal holds by then is what the primary is asked to go on from, so all that is on its way there
// comes first.
void StandbyFollower::start() {
  if (adopting_ || unkept_ != 0) return timer_.start(kBackoffMin, [this] { start(); });
  log_id_ = journal_.log_id();
  kept_ = journal_.bounds().head;
  digest_.reset();
  if (kept_ == 0) return connect();
  journal_.read(kept_, 1, home_, anchor_.wrap([this](const base::Result<std::vector<JournalEntry>>& found) {
    if (found && !found->empty() && found->front().sequence == kept_) {
      digest_ = digest_of(found->front());
    }
    connect();
  }));
}

void StandbyFollower::connect() {
  begun_ = false;
  held_back_ = false;
  open_ = true;
  ++connections_;
  // What was not kept comes again.
  taken_ = kept_;
  source_->connect(kept_, log_id_, digest_);
  on_word();
}

void StandbyFollower::on_word() {
  if (!open_) return;
  timer_.start(options_.silence, [this] { on_lost("no word from it within the silence limit"); });
}

void StandbyFollower::on_lost(const std::string& reason) {
  begun_ = false;
  open_ = false;
  source_->disconnect();
  const milliseconds longest = std::min(kBackoffMax, kBackoffMin * (1 << std::min(failures_, kDoublingsMax)));
  const auto half = static_cast<std::uint64_t>(longest.count() / 2);
  const milliseconds delay(half + random_.below(half + 1));
  if (failures_++ == 0) {
    logs::warn("no primary, connecting again", {{"reason", reason}, {"delay_ms", delay.count()}});
  }
  timer_.start(delay, [this] { start(); });
}

bool StandbyFollower::full() {
  if (unkept_ < kUnkeptMax) return false;
  held_back_ = true;
  timer_.stop();  // its silence is ours
  return true;
}

base::Status StandbyFollower::on_line(std::string_view line) {
  if (!begun_) return begin(line);
  failures_ = 0;
  return take(line);
}

base::Status StandbyFollower::begin(std::string_view line) {
  const json head = purge::json_or_null(line);
  if (!head.is_object() || !head.contains("log_id") || !head["log_id"].is_string() ||
      !head.contains("head") || !head["head"].is_number_unsigned()) {
    return base::fail(Errc::Protocol, "the log's first line is not understood");
  }
  begun_ = true;
  const std::string id = head["log_id"].get<std::string>();
  if (id != log_id_ || head.contains("reset")) {
    if (!log_id_.empty()) {
      logs::warn("this standby cannot go on from where it was and begins anew",
                 {{"head", kept_}, {"log_id", id}, {"primary_head", head["head"].get<Sequence>()}});
    }
    log_id_ = id;
    taken_ = kept_ = 0;
    digest_.reset();
    adopting_ = true;
    journal_.adopt(id, head["head"].get<Sequence>(), home_,
                   anchor_.wrap([this, now = connections_](const base::Status& status) {
                     adopting_ = false;
                     if (!status) {  // the journal is what it was
                       log_id_ = journal_.log_id();
                       taken_ = kept_ = journal_.bounds().head;
                     }
                     if (now != connections_) return;
                     if (!status) return on_lost(status.error().text);
                     source_->tell(kept_, log_id_);
                   }));
  }
  tell();
  return {};
}

// Nothing until the journal has the other log: what it has now is not of it.
void StandbyFollower::tell() {
  if (!adopting_) source_->tell(kept_, log_id_);
}

base::Status StandbyFollower::take(std::string_view line) {
  const json object = purge::json_or_null(line);
  if (!object.is_object()) return base::fail(Errc::Protocol, "a line of the log is not a JSON object");
  if (object.contains("seq")) {
    auto entry = entry_of_line(line);
    if (!entry) return std::unexpected(entry.error());
    taken_ = entry->sequence;
    ++unkept_;
    const std::uint64_t digest = digest_of(*entry);
    journal_.replicate({std::move(*entry)}, home_,
                       anchor_.wrap([this, now = connections_, n = taken_,
                                     digest](const base::Status& status) { kept(now, n, digest, status); }));
    return {};
  }
  if (object.contains("node") && object["node"].is_string()) {
    KnownNode node{.name = object["node"].get<std::string>()};
    const json applied = object.value("applied", json());
    const json heard = object.value("heard", json());
    if (applied.is_number_unsigned() && heard.is_number_integer()) {
      node.applied = applied.get<Sequence>();
      node.heard_ms = heard.get<std::int64_t>();
      noted_(node.name, &node);
    } else {
      noted_(node.name, nullptr);
    }
    return {};
  }
  tell();  // a heartbeat: so the primary sees that this standby lives
  return {};
}

void StandbyFollower::kept(std::uint64_t connection, Sequence sequence, std::uint64_t digest,
                           const base::Status& status) {
  --unkept_;
  if (connection != connections_ || !open_) return;
  if (!status) return on_lost(status.error().text);
  if (sequence > kept_) {
    kept_ = sequence;
    digest_ = digest;
  }
  tell();
  if (!held_back_ || unkept_ >= kUnkeptMax / 2) return;
  held_back_ = false;
  on_word();
  source_->resume();
}

}  // namespace purgeapi
