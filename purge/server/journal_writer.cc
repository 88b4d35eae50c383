// SPDX-License-Identifier: Apache-2.0
#include "purge/server/journal_writer.h"

#include <sys/random.h>

#include <algorithm>
#include <cerrno>

#include "edge/base/log.h"
#include "edge/base/text.h"

namespace purgeapi {
namespace {

using base::Errc;

constexpr std::uint64_t kForgottenMin = 1'000;  // entries that a commit may forget beyond what it adds
constexpr std::uint64_t kBatchBytesMax = 16ULL << 20;
constexpr unsigned kForgetRounds = 3;  // when the file is full all the same
constexpr std::size_t kValueOverhead = 16;

base::Result<std::string> random_id() {
  std::string bytes(16, '\0');
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    return base::fail_system("cannot get random bytes", errno);
  }
  return base::hex(bytes);
}

std::size_t entries_of(const JournalWriter::Job& job) {
  if (const auto* appending = std::get_if<JournalWriter::Appending>(&job))
    return appending->request.purges.size();
  if (const auto* replicating = std::get_if<JournalWriter::Replicating>(&job))
    return replicating->entries.size();
  return 1;
}

std::int64_t time_of(const JournalWriter::Job& job) {
  if (const auto* appending = std::get_if<JournalWriter::Appending>(&job)) return appending->request.at_ms;
  const auto* replicating = std::get_if<JournalWriter::Replicating>(&job);
  return replicating != nullptr && !replicating->entries.empty() ? replicating->entries.back().at_ms : 0;
}

// What a log says that does not lead.
base::Error not_leading(const Leadership& leadership) {
  if (leadership.role == LogRole::Standby) return {Errc::Denied, "this is a standby, which takes no purges"};
  return {Errc::Denied, "this log of term " + std::to_string(leadership.term) + " was superseded by term " +
                            std::to_string(leadership.newer)};
}

}  // namespace

std::uint64_t bytes_of(const JournalWriter::Job& job) {
  std::uint64_t bytes = kValueOverhead;
  if (const auto* appending = std::get_if<JournalWriter::Appending>(&job)) {
    for (const std::string& purge : appending->request.purges) bytes += purge.size() + kValueOverhead;
  } else if (const auto* replicating = std::get_if<JournalWriter::Replicating>(&job)) {
    for (const JournalEntry& entry : replicating->entries) bytes += entry.purge.size() + kValueOverhead;
  } else {
    bytes += sizeof(KnownNode);
  }
  return bytes;
}

base::Result<std::vector<KnownNode>> JournalWriter::load() {
  auto txn = tables_.begin(lmdb::Txn::Mode::Write);
  if (!txn) return std::unexpected(txn.error());
  State found;
  auto id = tables_.log_id(*txn);
  if (!id) return std::unexpected(id.error());
  found.log_id = std::move(*id);
  const auto leadership = tables_.leadership(*txn);
  if (!leadership) return std::unexpected(leadership.error());
  if (*leadership) {
    found.leadership = **leadership;
  } else if (options_.standby && !found.log_id.empty()) {
    return base::fail(Errc::Invalid,
                      "it was never a standby's, but [standby] of is set; allowed: an empty folder, or a "
                      "standby's");
  } else if (options_.standby) {
    found.leadership.role = LogRole::Standby;
    if (auto put = tables_.put_leadership(*txn, found.leadership); !put) return std::unexpected(put.error());
  }
  if (found.log_id.empty() && found.leadership.role == LogRole::Primary) {
    auto made = random_id();
    if (!made) return std::unexpected(made.error());
    found.log_id = std::move(*made);
    if (auto put = tables_.put_log_id(*txn, found.log_id); !put) return std::unexpected(put.error());
  }
  const auto bounds = tables_.bounds(*txn);
  if (!bounds) return std::unexpected(bounds.error());
  found.bounds = *bounds;
  auto known = tables_.nodes(*txn);
  if (!known) return std::unexpected(known.error());
  if (auto done = txn->commit(); !done) return std::unexpected(done.error());
  const std::scoped_lock lock(mutex_);
  state_ = std::move(found);
  return known;
}

void JournalWriter::listen(base::Executor& home, PurgeLog::Listener* listener) {
  const std::scoped_lock lock(mutex_);
  if (listener_) *listener_ = nullptr;  // what is still under way to it is dropped; on the home thread
  home_ = &home;
  listener_ = std::make_shared<PurgeLog::Listener*>(listener);
}

void JournalWriter::write(std::span<Job> jobs) {
  const std::uint64_t most = std::min(options_.map_bytes / 16, kBatchBytesMax);
  while (!jobs.empty()) {
    std::size_t count = 0;
    for (std::uint64_t bytes = 0; count < jobs.size(); ++count) {
      bytes += bytes_of(jobs[count]);
      if (count != 0 && bytes > most) break;
    }
    write_batch(jobs.first(count));
    jobs = jobs.subspan(count);
  }
}

void JournalWriter::write_batch(std::span<Job> jobs) {
  const State before = state();
  auto committed = commit(jobs);
  for (unsigned round = 0; !committed && committed.error().code == Errc::Limit && round < kForgetRounds;
       ++round) {
    if (!forget_a_quarter()) break;
    committed = commit(jobs);
  }
  if (committed) {
    publish(before, committed->state);
  } else {
    logs::error("the purge log could not be written",
                {{"jobs", jobs.size()}, {"reason", committed.error().text}});
  }
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    Outcome outcome = committed ? std::move(committed->outcomes[i]) : std::unexpected(committed.error());
    const auto status = [&]() -> base::Status {
      if (!outcome) return std::unexpected(outcome.error());
      return {};
    };
    if (auto* appending = std::get_if<Appending>(&jobs[i])) {
      appending->home->post([done = std::move(appending->done), outcome = std::move(outcome)]() mutable {
        done(std::move(outcome));
      });
    } else if (auto* adopting = std::get_if<Adopting>(&jobs[i])) {
      adopting->home->post([done = std::move(adopting->done), answer = status()]() mutable { done(answer); });
    } else if (auto* replicating = std::get_if<Replicating>(&jobs[i])) {
      replicating->home->post(
          [done = std::move(replicating->done), answer = status()]() mutable { done(answer); });
    } else if (auto* leading = std::get_if<Leading>(&jobs[i])) {
      base::Result<std::uint64_t> answer = std::uint64_t{0};
      if (outcome)
        answer = outcome->front();
      else
        answer = std::unexpected(outcome.error());
      leading->home->post([done = std::move(leading->done), answer]() mutable { done(answer); });
    }
  }
}

// The listener hears of it before those who are answered, and whoever asks for the bounds before both.
void JournalWriter::publish(const State& before, const State& now) {
  const std::scoped_lock lock(mutex_);
  state_ = now;
  if (home_ == nullptr) return;
  const bool other = before.log_id != now.log_id || before.leadership != now.leadership;
  if (!other && before.bounds.head == now.bounds.head) return;
  home_->post(
      [listener = listener_, other, moved = before.bounds.head != now.bounds.head, head = now.bounds.head] {
        if (moved && *listener != nullptr) (*listener)->on_head_moved(head);
        if (other && *listener != nullptr) (*listener)->on_log_changed();
      });
}

base::Result<JournalWriter::Committed> JournalWriter::commit(std::span<const Job> jobs) {
  Committed committed{.state = state()};
  auto txn = tables_.begin(lmdb::Txn::Mode::Write);
  if (!txn) return std::unexpected(txn.error());
  std::size_t entries = 0;
  std::int64_t now_ms = 0;
  for (const Job& job : jobs) {
    auto outcome = put(*txn, job, committed.state);
    if (!outcome) return std::unexpected(outcome.error());
    committed.outcomes.push_back(std::move(*outcome));
    entries += entries_of(job);
    now_ms = std::max(now_ms, time_of(job));
  }
  if (auto forgotten = forget(*txn, entries, now_ms, committed.state); !forgotten) {
    return std::unexpected(forgotten.error());
  }
  if (auto done = txn->commit(); !done) return std::unexpected(done.error());
  return committed;
}

// The outer error ends the transaction; the inner one is this job's alone.
base::Result<JournalWriter::Outcome> JournalWriter::put(lmdb::Txn& txn, const Job& job, State& next) {
  if (const std::uint64_t bytes = bytes_of(job); bytes > options_.map_bytes / 8) {
    return Outcome(base::fail(Errc::Invalid, "a purge of " + std::to_string(bytes) +
                                                 " bytes is too large for a log of so small a max_size"));
  }
  if (const auto* appending = std::get_if<Appending>(&job)) return append(txn, appending->request, next);
  if (const auto* replicating = std::get_if<Replicating>(&job))
    return replicate(txn, replicating->entries, next);
  if (const auto* adopting = std::get_if<Adopting>(&job)) return adopt(txn, adopting->log_id, next);
  if (const auto* leading = std::get_if<Leading>(&job)) return lead(txn, *leading, next);
  const auto& note = std::get<NodeNote>(job);
  const auto noted = note.forget ? tables_.erase_node(txn, note.node.name) : tables_.put_node(txn, note.node);
  if (!noted) return std::unexpected(noted.error());
  return Outcome();
}

base::Result<JournalWriter::Outcome> JournalWriter::append(lmdb::Txn& txn, const PurgeLog::Append& request,
                                                           State& next) {
  if (next.leadership.role != LogRole::Primary) return Outcome(std::unexpected(not_leading(next.leadership)));
  if (!request.request_key.empty()) {
    const auto before = tables_.find_request(txn, request.request_key);
    if (!before) return std::unexpected(before.error());
    if (*before && (*before)->at_ms + options_.key_window.count() > request.at_ms) {
      if ((*before)->digest != request.digest) {
        return Outcome(
            base::fail(Errc::Exists, "this idempotency key came with another body before, as purge " +
                                         std::to_string((*before)->sequence)));
      }
      std::vector<Sequence> numbers;
      for (Sequence n = (*before)->sequence; n <= (*before)->last; ++n) numbers.push_back(n);
      return Outcome(std::move(numbers));
    }
  }
  std::vector<Sequence> numbers;
  for (const std::string& purge : request.purges) {
    JournalEntry entry{
        .sequence = next.bounds.head + 1, .at_ms = request.at_ms, .purge = purge, .asker = request.asker};
    if (numbers.empty() && !request.request_key.empty()) {
      entry.request_key = request.request_key;
      entry.digest = request.digest;
      entry.last = next.bounds.head + request.purges.size();
    }
    if (auto put = tables_.put(txn, entry); !put) return std::unexpected(put.error());
    next.bounds.head = entry.sequence;
    numbers.push_back(entry.sequence);
  }
  return Outcome(std::move(numbers));
}

base::Result<JournalWriter::Outcome> JournalWriter::replicate(lmdb::Txn& txn,
                                                              const std::vector<JournalEntry>& entries,
                                                              State& next) {
  if (next.leadership.role != LogRole::Standby) {
    return Outcome(base::fail(Errc::Denied, "this log follows no other"));
  }
  for (const JournalEntry& entry : entries) {
    if (entry.sequence <= next.bounds.head) continue;
    const bool first = next.bounds.head < next.bounds.oldest;
    const bool term = entry.purge.empty() && entry.after == next.bounds.head;
    if (!first && !term && entry.sequence != next.bounds.head + 1) {
      return base::fail(Errc::Protocol, "entry " + std::to_string(entry.sequence) + " came after entry " +
                                            std::to_string(next.bounds.head));
    }
    if (auto put = tables_.put(txn, entry); !put) return std::unexpected(put.error());
    if (first) next.bounds.oldest = entry.sequence;
    next.bounds.head = entry.sequence;
    if (term_of(entry.sequence) == next.leadership.term) continue;
    next.leadership.term = term_of(entry.sequence);
    if (auto put = tables_.put_leadership(txn, next.leadership); !put) return std::unexpected(put.error());
  }
  return Outcome();
}

base::Result<JournalWriter::Outcome> JournalWriter::adopt(lmdb::Txn& txn, const std::string& log_id,
                                                          State& next) {
  if (next.leadership.role != LogRole::Standby) {
    return Outcome(base::fail(Errc::Denied, "this log follows no other"));
  }
  if (auto dropped = tables_.forget_all(txn); !dropped) return std::unexpected(dropped.error());
  if (auto put = tables_.put_log_id(txn, log_id); !put) return std::unexpected(put.error());
  next.log_id = log_id;
  next.bounds = {};
  next.leadership.term = 1;
  if (auto put = tables_.put_leadership(txn, next.leadership); !put) return std::unexpected(put.error());
  return Outcome();
}

base::Result<JournalWriter::Outcome> JournalWriter::lead(lmdb::Txn& txn, const Leading& leading,
                                                         State& next) {
  Leadership& own = next.leadership;
  if (leading.superseded_by != 0) {
    if (own.role == LogRole::Primary && leading.superseded_by > own.term) {
      logs::error("this purge log was superseded: it takes no purges any more",
                  {{"term", own.term}, {"newer", leading.superseded_by}});
      own.role = LogRole::Superseded;
      own.newer = leading.superseded_by;
      if (auto put = tables_.put_leadership(txn, own); !put) return std::unexpected(put.error());
    }
    return Outcome(std::vector<Sequence>{own.newer});
  }
  if (own.role == LogRole::Primary) return Outcome(std::vector<Sequence>{own.term});
  if (own.role == LogRole::Superseded) return Outcome(std::unexpected(not_leading(own)));
  if (next.log_id.empty()) {
    return Outcome(base::fail(Errc::Denied, "this standby has never reached its primary: it has no log"));
  }
  if (own.term + 1 > kTermsMax) return Outcome(base::fail(Errc::Limit, "there are no more terms"));
  ++own.term;
  own.role = LogRole::Primary;
  if (auto put = tables_.put_leadership(txn, own); !put) return std::unexpected(put.error());
  const JournalEntry begin{.sequence = begin_of(own.term), .at_ms = leading.at_ms, .after = next.bounds.head};
  if (auto put = tables_.put(txn, begin); !put) return std::unexpected(put.error());
  if (next.bounds.head < next.bounds.oldest) next.bounds.oldest = begin.sequence;
  next.bounds.head = begin.sequence;
  logs::warn("this purge log leads from now on", {{"term", own.term}, {"after", begin.after}});
  return Outcome(std::vector<Sequence>{own.term});
}

// Forgets some of the entries that are too many or take too much room. The newest always stays: it is what
// the numbers go on from.
base::Status JournalWriter::forget(lmdb::Txn& txn, std::size_t jobs, std::int64_t now_ms, State& next) {
  const std::uint64_t pages_max = entry_bytes_max() / tables_.page_bytes();
  for (std::uint64_t n = 0; n < 2 * jobs + kForgottenMin; ++n) {
    const auto held = tables_.entries(txn);
    const auto pages = tables_.entry_pages(txn);
    if (!held) return std::unexpected(held.error());
    if (!pages) return std::unexpected(pages.error());
    if (*held <= 1 || (*held <= options_.keep_entries && *pages <= pages_max)) break;
    const auto oldest = tables_.forget_oldest(txn);
    if (!oldest) return std::unexpected(oldest.error());
    next.bounds.oldest = *oldest;
  }
  if (now_ms == 0) return {};
  return tables_.forget_keys(txn, now_ms - options_.key_window.count(), options_.keys_max);
}

// The file is full though its entries keep to their part of it: its free pages are in pieces too small.
base::Status JournalWriter::forget_a_quarter() {
  State next = state();
  auto txn = tables_.begin(lmdb::Txn::Mode::Write);
  if (!txn) return std::unexpected(txn.error());
  const auto held = tables_.entries(*txn);
  if (!held) return std::unexpected(held.error());
  if (*held <= 1) return base::fail(Errc::Limit, "there is nothing to forget");
  for (std::uint64_t left = std::min(*held - 1, *held / 4 + 1); left != 0; --left) {
    const auto oldest = tables_.forget_oldest(*txn);
    if (!oldest) return std::unexpected(oldest.error());
    next.bounds.oldest = *oldest;
  }
  if (auto done = txn->commit(); !done) return done;
  logs::warn("the purge log is full: its oldest quarter is forgotten", {{"oldest", next.bounds.oldest}});
  const std::scoped_lock lock(mutex_);
  state_ = std::move(next);
  return {};
}

}  // namespace purgeapi
