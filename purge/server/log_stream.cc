// SPDX-License-Identifier: Apache-2.0
#include "purge/server/log_stream.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "edge/base/log.h"
#include "edge/base/text.h"
#include "purge/server/journal_form.h"

namespace purgeapi {
namespace {

Refusal invalid(std::string text) { return {.status = 400, .code = "invalid", .text = std::move(text)}; }

}  // namespace

// The session owns it, but ends it before the stream.
class LogStream::Source final : public http::BodySource {
 public:
  explicit Source(LogStream& stream) : stream_(stream) {}
  http::Pull pull(std::size_t max, base::Slice& out) override { return stream_.pull(max, out); }

 private:
  LogStream& stream_;
};

LogStream::~LogStream() {
  if (!begun_) return;
  api().remove(*this);
  api().nodes().disconnected(node_);
  api().journal().tell({.kind = NodeWord::Kind::Left, .name = node_});
}

void LogStream::answer() {
  if (auto refusal = understand()) return refuse(*refusal);
  if (api().draining())
    return refuse(going_down());
  if (!api().nodes().connected(node_)) {
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
  if (!purge::is_node_name(node_)) {
    return invalid("found node=" + node_ + ", allowed: " + std::string(purge::kNodeNamesAllowed));
  }
  return {};
}

void LogStream::begin() {
  begun_ = true;
  api().add(*this);
  const auto& known = api().nodes().all();
  if (const auto own = known.find(node_); own != known.end()) {
    api().journal().tell({.name = node_, .applied = own->second.applied});
  }
  const PurgeLog::Bounds bounds = api().journal().bounds();
  const std::string log_id = api().journal().log_id();
  nlohmann::json first = {{"log_id", log_id}, {"oldest", bounds.oldest}, {"head", bounds.head}};
  const bool other = !log_id_.empty() && log_id_ != log_id;
  if (other || sent_ > bounds.head || sent_ + 1 < bounds.oldest) {
    logs::warn("a node cannot go on from where it was and starts over",
               {{"node", node_}, {"after", sent_}, {"oldest", bounds.oldest}, {"head", bounds.head}});
    first["reset"] = true;
    sent_ = bounds.head;
  }
  lines_ = first.dump() + "\n";
  http::ResponseHead head{.status = 200};
  head.fields.add("content-type", "application/x-ndjson");
  head.fields.add("cache-control", "no-store");
  mark_answered();
  writer().respond(std::move(head), std::make_unique<Source>(*this));
  heartbeat_.start(api().limits().heartbeat, [this] { beat(); });
  read_on();
}

void LogStream::read_on() {
  if (reading_ || ended_ || lines_.size() - at_ >= api().limits().stream_bytes) return;
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
    lines_ += line_of(entry, false);
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
  lines_ = "{\"head\":" + std::to_string(api().journal().bounds().head) + "}\n";
  at_ = 0;
  writer().resume();
}

void LogStream::say(const std::string& line) {
  if (ended_ || lines_.size() - at_ >= api().limits().stream_bytes) return;
  lines_.erase(0, std::exchange(at_, 0));
  lines_ += line + "\n";
  writer().resume();
}

void LogStream::end() {
  if (std::exchange(ended_, true)) return;
  writer().resume();
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
