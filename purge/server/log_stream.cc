// SPDX-License-Identifier: Apache-2.0
#include "purge/server/log_stream.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "edge/base/log.h"
#include "edge/base/text.h"
#include "purge/follow/log_line.h"
#include "purge/server/journal_form.h"
#include "purge/server/standing.h"

namespace purgeapi {
namespace {

Refusal invalid(std::string text) { return {.status = 400, .code = "invalid", .text = std::move(text)}; }

/// May be otherwise the next time.
bool is_for_now(base::Errc code) {
  return code == base::Errc::Busy || code == base::Errc::Timeout || code == base::Errc::Unavailable;
}

}  // namespace

// The session owns it, but ends it before the stream.
class LogStream::Source final : public http::BodySource {
 public:
  explicit Source(LogStream& stream) : stream_(stream) {}
  http::Pull pull(std::size_t max, base::Slice& out) override { return stream_.pull(max, out); }

 private:
  LogStream& stream_;
};

LogStream::LogStream(Call call) : ApiRequest(std::move(call)), heartbeat_(api().home()) {
  standby_ = this->call().head.target.starts_with("/v1/standby/");
}

LogStream::~LogStream() {
  if (!begun_) return;
  api().remove(*this);
  if (standby_) {
    api().standing()->detached(*this);
  } else {
    api().nodes().disconnected(node_);
    api().journal().tell({.kind = NodeWord::Kind::Left, .name = node_});
  }
}

void LogStream::answer() {
  if (auto refusal = understand()) return refuse(*refusal);
  if (api().draining()) return refuse(going_down());
  if (auto refusal = not_here()) return refuse(*refusal);
  if (!standby_) {
    if (auto refusal = api().out_of_touch()) return refuse(*refusal);
  }
  if (!standby_ && !api().nodes().connected(node_)) {
    return refuse(
        {.status = 503, .code = "unavailable", .text = "there are as many nodes as [limits] nodes allows"});
  }
  begin();
}

std::optional<Refusal> LogStream::understand() {
  for (const auto& [key, value] : query_of(call().head.target)) {
    if (key == "after") {
      const auto number = base::decimal(value);
      if (!number) return invalid("found after=" + value + ", allowed: a number of the log");
      sent_ = *number;
    } else if (key == "node") {
      node_ = value;
    } else if (key == "log_id") {
      log_id_ = value;
    } else {
      return invalid("unknown parameter \"" + key + "\", allowed: after, node, log_id");
    }
  }
  if (const auto digest = call().head.fields.get(purge::kDigestField)) digest_ = purge::parse_digest(*digest);
  if (!purge::is_node_name(node_)) {
    return invalid("found node=" + node_ + ", allowed: " + std::string(purge::kNodeNamesAllowed));
  }
  return {};
}

// Who has read numbers of a newer term than this log's knows more than it.
std::optional<Refusal> LogStream::not_here() {
  Standing* standing = api().standing();
  if (standing == nullptr) {
    if (!standby_) return {};
    return Refusal{.status = 404, .code = "not_found", .text = "the log of this API takes no standby"};
  }
  if (!log_id_.empty() && term_of(sent_) > standing->leadership().term) {
    standing->meets({.log_id = log_id_, .leadership = {.term = term_of(sent_)}});
    if (log_id_ == api().journal().log_id()) {
      return Refusal{.status = 503,
                     .code = "unavailable",
                     .text = "entry " + std::to_string(sent_) + " is of a newer term of this log"};
    }
  }
  return standing->refusal();
}

void LogStream::begin() {
  begun_ = true;
  api().add(*this);
  compare();
}

// A log that went back and came on again has another entry there than the follower. What it does not have,
// since it is too old or because a term began above it, cannot be compared.
void LogStream::compare() {
  const PurgeLog::Bounds bounds = api().journal().bounds();
  const bool other = !log_id_.empty() && log_id_ != api().journal().log_id();
  if (!digest_ || other || sent_ < bounds.oldest || sent_ > bounds.head) return answer_with(false);
  api().journal().read(sent_, 1, api().home(),
                       anchor_.wrap([this](const base::Result<std::vector<JournalEntry>>& found) {
                         if (ended_) return refuse(going_down());
                         if (!found && is_for_now(found.error().code)) {
                           ended_ = true;
                           return refuse(unavailable(found.error()));
                         }
                         const bool there = found && !found->empty() && found->front().sequence == sent_;
                         answer_with(there && digest_of(found->front()) != *digest_);
                       }));
}

void LogStream::answer_with(bool given_again) {
  const PurgeLog::Bounds bounds = api().journal().bounds();
  const std::string log_id = api().journal().log_id();
  nlohmann::json first = {{"log_id", log_id}, {"oldest", bounds.oldest}, {"head", bounds.head}};
  const bool other = !log_id_.empty() && log_id_ != log_id;
  if (other || given_again || sent_ > bounds.head || sent_ + 1 < bounds.oldest) {
    logs::warn("a node cannot go on from where it was and starts over", {{"node", node_},
                                                                         {"after", sent_},
                                                                         {"oldest", bounds.oldest},
                                                                         {"head", bounds.head},
                                                                         {"given_again", given_again}});
    first["reset"] = true;
    // A standby needs all that there is.
    sent_ = standby_ ? bounds.oldest - 1 : bounds.head;
  }
  lines_ = first.dump() + "\n";
  if (standby_) {
    add_notes();
    api().standing()->attached(*this, first.contains("reset") ? 0 : sent_);
  } else if (!first.contains("reset")) {
    tell_others();
  }
  http::ResponseHead head{.status = 200};
  head.fields.add("content-type", "application/x-ndjson");
  head.fields.add("cache-control", "no-store");
  mark_answered();
  writer().respond(std::move(head), std::make_unique<Source>(*this));
  heartbeat_.start(api().limits().heartbeat, [this] { beat(); });
  read_on();
}

// The other processes of the API, which do not see this stream.
void LogStream::tell_others() {
  const auto& known = api().nodes().all();
  const auto own = known.find(node_);
  if (own != known.end()) api().journal().tell({.name = node_, .applied = own->second.applied});
}

void LogStream::add_notes() {
  const base::Steady now = api().home().clock().steady();
  for (const auto& [name, node] : api().nodes().all()) {
    const auto silent = std::chrono::duration_cast<std::chrono::milliseconds>(now - node.heard);
    const KnownNode known{
        .name = name, .applied = node.applied, .heard_ms = api().wall_ms() - silent.count()};
    note(name, &known);
  }
}

void LogStream::note(const std::string& name, const KnownNode* node) {
  if (!standby_ || ended_) return;
  nlohmann::json line = {{"node", name}};
  if (node != nullptr) {
    line["applied"] = node->applied;
    line["heard"] = node->heard_ms;
  }
  lines_ += line.dump() + "\n";
  if (answered()) writer().resume();
}

void LogStream::read_on() {
  if (!answered() || reading_ || ended_ || lines_.size() - at_ >= api().limits().stream_bytes) return;
  if (sent_ >= api().journal().bounds().head) return;
  reading_ = true;
  api().journal().read(sent_ + 1, api().limits().stream_bytes, api().home(),
                       anchor_.wrap([this](base::Result<std::vector<JournalEntry>> entries) {
                         reading_ = false;
                         take(std::move(entries));
                       }));
}

void LogStream::take(base::Result<std::vector<JournalEntry>> entries) {
  if (ended_) return;
  if (!entries) {
    logs::warn("a node's log is ended",
               {{"node", node_}, {"after", sent_}, {"reason", entries.error().text}});
    return end();
  }
  if (entries->empty()) return;
  lines_.erase(0, std::exchange(at_, 0));
  for (const JournalEntry& entry : *entries) {
    lines_ += line_of(entry, standby_);
    lines_ += '\n';
    sent_ = entry.sequence;
  }
  writer().resume();
  read_on();
}

void LogStream::beat() {
  heartbeat_.start(api().limits().heartbeat, [this] { beat(); });
  // A follower that still has lines to take needs no sign of life.
  if (at_ != lines_.size() || ended_) return;
  if (!standby_ && api().out_of_touch()) return;
  lines_ = "{\"head\":" + std::to_string(api().journal().bounds().head) + "}\n";
  at_ = 0;
  writer().resume();
}

void LogStream::say(const std::string& line) {
  if (!answered() || ended_ || lines_.size() - at_ >= api().limits().stream_bytes) return;
  lines_.erase(0, std::exchange(at_, 0));
  lines_ += line + "\n";
  writer().resume();
}

void LogStream::end() {
  if (std::exchange(ended_, true)) return;
  if (answered()) writer().resume();
}

http::Pull LogStream::pull(std::size_t max, base::Slice& out) {
  if (at_ == lines_.size()) return ended_ ? http::Pull::End : http::Pull::Later;
  out = base::slice_of(std::string_view(lines_).substr(at_, std::min(max, base::kChunkBytes)));
  at_ += out.bytes.size();
  if (at_ == lines_.size()) {
    lines_.clear();
    at_ = 0;
  }
  read_on();
  return http::Pull::Data;
}

}  // namespace purgeapi
