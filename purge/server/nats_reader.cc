// SPDX-License-Identifier: Apache-2.0
#include "purge/server/nats_reader.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "edge/base/log.h"
#include "purge/server/journal_form.h"

namespace purgeapi {
namespace {

using base::Errc;
using namespace std::chrono_literals;

constexpr Sequence kAtOnce = 256;
constexpr unsigned kMissesMax = 10;
constexpr auto kMissPause = 200ms;
constexpr std::size_t kEntryOverhead = 200;
constexpr std::string_view kNoNumber = "{\"seq\":0,";

std::size_t bytes_of(const JournalEntry& entry) { return entry.purge.size() + kEntryOverhead; }

}  // namespace

std::optional<std::uint64_t> print_of_nats(std::string_view payload) {
  const auto entry = entry_of_nats(1, payload);
  if (!entry) return {};
  return digest_of(*entry);
}

std::string nats_payload_of(const JournalEntry& entry) {
  JournalEntry plain = entry;
  plain.sequence = 0;
  return "{" + line_of(plain, true).substr(kNoNumber.size());
}

base::Result<JournalEntry> entry_of_nats(Sequence sequence, std::string_view payload) {
  if (!payload.starts_with('{')) return base::fail(Errc::Protocol, "a message of the stream is no purge");
  return entry_of_line("{\"seq\":" + std::to_string(sequence) + "," + std::string(payload.substr(1)));
}

void NatsReader::hold(JournalEntry entry) {
  const std::size_t bytes = bytes_of(entry);
  if (const auto before = held_.find(entry.sequence); before != held_.end()) {
    const JournalEntry& was = before->second;
    // Of the usual case, that it comes once more, the texts tell: digests take parsing.
    const bool same = was.purge == entry.purge && was.at_ms == entry.at_ms;
    if (!same && digest_of(was) != digest_of(entry)) host_.went_back(entry.sequence);
    return;
  }
  held_.emplace(entry.sequence, std::move(entry));
  for (bytes_ += bytes; bytes_ > options_.held_bytes && held_.size() > 1; held_.erase(held_.begin())) {
    bytes_ -= bytes_of(held_.begin()->second);
  }
}

std::optional<nats::Witness::Entry> NatsReader::newest() const {
  if (held_.empty()) return {};
  const auto& [sequence, entry] = *held_.rbegin();
  return nats::Witness::Entry{.number = sequence, .print = digest_of(entry)};
}

void NatsReader::forget() {
  held_.clear();
  bytes_ = 0;
}

void NatsReader::read(Sequence from, std::size_t max_bytes, PurgeLog::Read done) {
  readings_.push_back({.from = from, .max_bytes = max_bytes, .done = std::move(done)});
  if (!busy_) next();
}

// What is there without gap from the first reading's place on, as much as it wants.
std::vector<JournalEntry> NatsReader::at_hand() const {
  const Reading& reading = readings_.front();
  std::vector<JournalEntry> found;
  std::size_t bytes = 0;
  const Sequence head = host_.bounds().head;
  for (Sequence n = reading.from; n <= head && (found.empty() || bytes < reading.max_bytes); ++n) {
    auto at = held_.find(n);
    if (at == held_.end()) {
      at = got_.find(n);
      if (at == got_.end()) break;
    }
    bytes += at->second.purge.size();
    found.push_back(at->second);
  }
  return found;
}

void NatsReader::next() {
  while (!readings_.empty()) {
    busy_ = true;
    const Reading& reading = readings_.front();
    const PurgeLog::Bounds bounds = host_.bounds();
    if (reading.from < bounds.oldest) {
      finish(base::fail(Errc::NotFound, "the log begins at entry " + std::to_string(bounds.oldest) + " now"));
      continue;
    }
    auto found = at_hand();
    if (reading.from > bounds.head || !found.empty()) {
      finish(std::move(found));
      continue;
    }
    // No more than it may want, since one entry has some bytes.
    const Sequence most = std::clamp<Sequence>(reading.max_bytes / kEntryOverhead, 1, kAtOnce);
    return fetch(std::min(bounds.head, reading.from + most - 1));
  }
  busy_ = false;
}

void NatsReader::fetch(Sequence end) {
  const Sequence from = readings_.front().from;
  got_.clear();
  status_ = {};
  left_ = end - from + 1;
  for (Sequence n = from; n <= end; ++n) {
    stream_.get(n, [this, n, from](base::Result<std::string> payload) {
      auto entry = payload ? entry_of_nats(n, *payload) : std::unexpected(payload.error());
      if (entry) {
        got_.emplace(n, *entry);
        if (held_.empty() || n > held_.begin()->first) hold(std::move(*entry));
      } else if (n == from) {
        status_ = std::unexpected(entry.error());
      }
      if (--left_ == 0) fetched();
    });
  }
}

void NatsReader::fetched() {
  if (!status_ && status_.error().code == Errc::NotFound) return missing();
  if (!status_) {
    finish(std::unexpected(status_.error()));
  } else {
    finish(at_hand());
  }
  next();
}

// A server that has just become the leader, or no longer is, may not have it: it is looked for again. What is
// gone though it is no older than the oldest cannot be followed past.
void NatsReader::missing() {
  Reading& reading = readings_.front();
  if (++reading.missed > kMissesMax) {
    logs::error("an entry of the purge log's stream is missing: who needs it starts over",
                {{"entry", reading.from}});
    host_.raise_oldest(reading.from + 1);
    return next();
  }
  host_.look_again(anchor_.wrap([this] { timer_.start(kMissPause, [this] { next(); }); }));
}

void NatsReader::finish(base::Result<std::vector<JournalEntry>> result) {
  PurgeLog::Read done = std::move(readings_.front().done);
  readings_.pop_front();
  got_.clear();
  done(std::move(result));
}

}  // namespace purgeapi
