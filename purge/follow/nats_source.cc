// SPDX-License-Identifier: Apache-2.0
#include "purge/follow/nats_source.h"

#include <algorithm>
#include <future>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "edge/base/hash.h"
#include "edge/base/log.h"
#include "edge/loop/worker.h"
#include "purge/clock/json_text.h"
#include "purge/follow/log_line.h"
#include "purge/nats/stream.h"
#include "purge/nats/witness.h"

namespace purge {
namespace {

using base::Errc;
using nlohmann::json;
using namespace std::chrono_literals;

constexpr Sequence kAtOnce = 256;           // asked for by number
constexpr std::size_t kWaitingMax = 4'096;  // entries that came and were not handed over
constexpr std::size_t kWaitingBytesMax = 32U << 20;
constexpr unsigned kMissesMax = 10;  // in a row: then an entry is gone
constexpr auto kMissPause = 200ms;
constexpr unsigned kBackMax = 5;  // answers in a row that the head is lower: then it is so
constexpr unsigned kSilentMax = 3;

// An entry in the stream is a line of the log without its number.
std::string line_of(Sequence sequence, std::string_view payload) {
  if (!payload.starts_with('{')) return std::string(payload);
  return "{\"seq\":" + std::to_string(sequence) + "," + std::string(payload.substr(1));
}

std::optional<std::uint64_t> digest_of(std::string_view payload) {
  const auto parsed = parse_log_line(line_of(1, payload));
  const auto* entry = parsed ? std::get_if<LogEntry>(&*parsed) : nullptr;
  return entry != nullptr ? entry->digest : std::nullopt;
}

}  // namespace

// On the home loop: sink, generation of the connection. On the worker: all that is marked so.
struct NatsSource::Stream final : nats::Link::Listener {
  Stream(base::Executor& executor, Options chosen, Sink& to)
      : home(executor), options(std::move(chosen)), sink(to) {}

  // On the worker.
  void open(Sequence from, std::string known_log, std::optional<std::uint64_t> known_digest,
            std::uint64_t number);
  void close() {
    live = 0;
    link->close();
    timer->stop();
    pause->stop();
  }
  void ask();
  void begin(base::Result<nats::Place> place);
  void compare(const nats::Place& place);
  void go_on(const nats::Place& place, bool given_again);
  void given_again(Sequence sequence);
  void beat();
  void look(base::Result<nats::Place> place);
  void pump();
  void fetch();
  void fetched();
  void wait_for(Sequence sequence, std::string payload);
  void hand_over(std::vector<std::string> lines);
  void lost(const std::string& reason);
  void say(const char* word);
  void pass_on(std::string line);
  void on_message(nats::Message message) override;
  void on_lost(const std::string& reason) override { lost(reason); }

  // On the home loop.
  void take(std::uint64_t number, const std::vector<std::string>& lines, bool entries);
  void taken();

  base::Executor& home;
  const Options options;
  Sink& sink;
  loop::Worker worker{"nats-follow", base::Work::Background};
  std::uint64_t generation = 0;   ///< home: of the connection that counts; 0 is none
  std::uint64_t generations = 0;  ///< home: begun so far
  bool held_back = false;         ///< home: the worker waits for resume()
  bool checked = false;           ///< home: this connection's first line has come
  std::function<void(std::uint64_t, std::vector<std::string>, bool)> to_home{};
  std::function<void(std::uint64_t, std::string)> lost_to_home{};

  std::optional<nats::Link> link{};
  std::optional<nats::Stream> stream{};
  std::optional<base::Timer> timer{};
  std::optional<base::Timer> pause{};
  std::uint64_t live = 0;  ///< generation of the connection here
  Sequence after = 0;
  Sequence next = 1;  ///< to hand over
  Sequence head = 0;
  Sequence floor = 0;  ///< what is below cannot be read
  std::string log_id{};
  std::optional<std::uint64_t> digest{};       ///< of `after`, as digest_of_entry
  std::optional<std::uint64_t> newest_hash{};  ///< hash of the payload of next - 1, if it is known
  std::optional<nats::Witness> witness{};
  /// Entries that were handed over are others now, whatever the next connection finds.
  bool went_back = false;
  bool begun = false;
  bool busy = false;  ///< home has lines that it has not yet taken
  std::size_t fetching = 0;
  unsigned missed = 0;
  unsigned back = 0;
  unsigned silent = 0;
  bool absent = false;  ///< the next entry was not there
  std::map<Sequence, std::string> waiting{};
  std::size_t waiting_bytes = 0;

  std::mutex mutex;
  bool telling = false;  ///< under mutex: a word is on its way to the worker
  std::optional<std::pair<Sequence, std::string>> told{};  ///< under mutex: newest
  base::Anchor anchor{};
};

void NatsSource::Stream::open(Sequence from, std::string known_log, std::optional<std::uint64_t> known_digest,
                              std::uint64_t number) {
  live = number;
  after = from;
  log_id = std::move(known_log);
  digest = known_digest;
  newest_hash.reset();
  witness->forget();
  begun = busy = absent = false;
  fetching = 0;
  missed = back = silent = 0;
  waiting.clear();
  waiting_bytes = 0;
  auto status = link->connect();
  if (status) status = link->subscribe(stream->subjects().log);
  if (status) status = link->subscribe(stream->subjects().hello);
  if (status) status = link->subscribe(stream->subjects().questions);
  if (!status) return lost(status.error().text);
  ask();
}

// An answer to an earlier connection's question is none.
void NatsSource::Stream::ask() {
  stream->ask_place([this, number = live](base::Result<nats::Place> place) {
    if (number != live || live == 0) return;
    if (begun) return look(std::move(place));
    begin(std::move(place));
  });
}

void NatsSource::Stream::begin(base::Result<nats::Place> place) {
  if (!place) return lost(place.error().text);
  const bool other = !log_id.empty() && log_id != place->log_id;
  // A server that no longer leads may say a lower head; if it stays so, numbers were lost.
  if (!other && after > place->head && ++back < kBackMax) {
    return timer->start(1s, [this] { ask(); });
  }
  if (went_back) return go_on(*place, true);
  const bool there = after >= std::max(place->oldest, floor) && after <= place->head;
  if (!other && digest && there) return compare(*place);
  go_on(*place, false);
}

// An entry that the stream should have and has not, as a server that has just become the leader may say, is
// looked for again. What stays away cannot be compared.
void NatsSource::Stream::compare(const nats::Place& place) {
  stream->get(after, [this, place, number = live](base::Result<std::string> payload) {
    if (number != live || begun) return;
    if (payload) {
      newest_hash = base::hash64(*payload);
      const auto found = digest_of(*payload);  // none: of a kind that this version does not know
      return go_on(place, found && found != digest);
    }
    if (payload.error().code != Errc::NotFound) return lost(payload.error().text);
    if (++missed > kMissesMax) return go_on(place, false);
    timer->start(kMissPause, [this] { ask(); });
  });
}

void NatsSource::Stream::go_on(const nats::Place& place, bool given_again) {
  const bool other = !log_id.empty() && log_id != place.log_id;
  const Sequence oldest = std::max(place.oldest, other ? 0 : floor);
  json first = {{"log_id", place.log_id}, {"oldest", oldest}, {"head", place.head}};
  next = after + 1;
  if (other || given_again || after > place.head || next < oldest) {
    logs::warn("the stream of purges cannot go on from here", {{"after", after},
                                                               {"oldest", oldest},
                                                               {"head", place.head},
                                                               {"log_id", place.log_id},
                                                               {"given_again", given_again}});
    first["reset"] = true;
    next = place.head + 1;
    floor = 0;
    newest_hash.reset();
    went_back = false;
  }
  back = missed = 0;
  log_id = place.log_id;
  head = place.head;
  begun = true;
  to_home(live, {first.dump()}, false);
  timer->start(options.beat, [this] { beat(); });
  pump();
}

void NatsSource::Stream::beat() {
  timer->start(options.beat, [this] { beat(); });
  ask();
}

void NatsSource::Stream::look(base::Result<nats::Place> place) {
  if (!place) {
    // Without a leader nobody answers: a short while is normal.
    if (++silent >= kSilentMax) lost(place.error().text);
    return;
  }
  silent = 0;
  if (place->log_id != log_id) return lost("the stream was made anew");
  if (place->head < head && ++back >= kBackMax) return lost("the stream went back");
  if (place->head >= head) back = 0;
  if (place->oldest > next)
    return lost("the stream begins at entry " + std::to_string(place->oldest) + " now");
  head = std::max(head, place->head);
  to_home(live, {"{\"head\":" + std::to_string(head) + "}"}, false);
  std::optional<nats::Witness::Entry> newest;
  if (newest_hash) newest = {.number = next - 1, .print = *newest_hash};
  witness->look(*place, newest);
  pump();
}

void NatsSource::Stream::given_again(Sequence sequence) {
  went_back = true;
  lost("the stream gave the number " + std::to_string(sequence) + " again");
}

void NatsSource::Stream::on_message(nats::Message message) {
  if (message.subject == stream->subjects().hello) return say("applied");
  if (message.subject == stream->subjects().questions) return pass_on(std::move(message.payload));
  if (message.subject != stream->subjects().log || message.sequence == 0) return;
  head = std::max(head, message.sequence);
  wait_for(message.sequence, std::move(message.payload));
  if (begun) pump();
}

// Anybody may write there: what is no question is none of the log's lines either.
void NatsSource::Stream::pass_on(std::string line) {
  const auto parsed = parse_log_line(line);
  if (!begun || !parsed || !std::holds_alternative<Question>(*parsed)) return;
  to_home(live, {std::move(line)}, false);
}

// Bounded: what does not fit is asked for when its turn comes.
void NatsSource::Stream::wait_for(Sequence sequence, std::string payload) {
  if (begun && sequence < next) {
    // Whoever gives numbers again comes by the newest one, maybe between two beats.
    const bool newest = sequence + 1 == next && newest_hash;
    if (newest && *newest_hash != base::hash64(payload)) given_again(sequence);
    return;
  }
  if (waiting.size() >= kWaitingMax || waiting_bytes + payload.size() > kWaitingBytesMax) {
    if (sequence != next) return;
  }
  waiting_bytes += payload.size();
  const std::size_t bytes = payload.size();
  if (!waiting.emplace(sequence, std::move(payload)).second) waiting_bytes -= bytes;
}

// Hands over what follows without a gap, or asks for what is missing.
void NatsSource::Stream::pump() {
  if (busy || fetching != 0 || live == 0) return;
  std::vector<std::string> lines;
  for (auto at = waiting.begin(); at != waiting.end() && at->first <= next && lines.size() < kAtOnce;) {
    if (at->first == next) {
      lines.push_back(line_of(next, at->second));
      newest_hash = base::hash64(at->second);
      ++next;
    }
    waiting_bytes -= at->second.size();
    at = waiting.erase(at);
  }
  if (!lines.empty()) {
    busy = true;
    missed = 0;
    return to_home(live, std::move(lines), true);
  }
  if (next <= head && !pause->running()) fetch();
}

void NatsSource::Stream::fetch() {
  const Sequence end = std::min(head, next + kAtOnce - 1);
  absent = false;
  std::vector<Sequence> wanted;
  for (Sequence n = next; n <= end; ++n) {
    if (!waiting.contains(n)) wanted.push_back(n);
  }
  fetching = wanted.size();
  for (Sequence n : wanted) {
    stream->get(n, [this, n, number = live](base::Result<std::string> payload) {
      if (number != live) return;
      if (payload) wait_for(n, std::move(*payload));
      if (!payload && n == next) absent = payload.error().code == Errc::NotFound;
      if (--fetching == 0) fetched();
    });
  }
}

// A server that has just become the leader, or no longer is, may not have it. What is gone cannot be followed
// past.
void NatsSource::Stream::fetched() {
  if (waiting.contains(next)) return pump();
  if (absent && ++missed > kMissesMax) {
    floor = next + 1;
    return lost("entry " + std::to_string(next) + " is missing in the stream");
  }
  pause->start(kMissPause, [this] { pump(); });
}

void NatsSource::Stream::lost(const std::string& reason) {
  const std::uint64_t number = live;
  if (number == 0) return;
  close();
  lost_to_home(number, reason);
}

void NatsSource::Stream::say(const char* word) {
  std::optional<std::pair<Sequence, std::string>> newest;
  {
    const std::scoped_lock lock(mutex);
    telling = false;
    newest = told;
  }
  if (!newest) return;
  std::ignore = link->publish(
      stream->subjects().words,
      json{{"word", word}, {"node", options.node}, {"applied", newest->first}, {"log_id", newest->second}}
          .dump());
}

void NatsSource::Stream::take(std::uint64_t number, const std::vector<std::string>& lines, bool entries) {
  for (const std::string& line : lines) {
    if (number != generation) return;
    sink.on_word();
    if (number != generation) return;
    checked = true;
    if (const base::Status status = sink.on_line(line); !status) {
      if (number == generation) sink.on_lost(status.error().text);
      return;
    }
  }
  if (!entries || number != generation) return;
  held_back = sink.full();
  if (!held_back) taken();
}

void NatsSource::Stream::taken() {
  worker.loop().post([this, number = generation] {
    if (number != live) return;
    busy = false;
    pump();
  });
}

NatsSource::NatsSource(base::Executor& home, Options options, Sink& sink)
    : impl_(std::make_unique<Stream>(home, std::move(options), sink)) {
  Stream& s = *impl_;
  s.to_home = [&home, task = s.anchor.wrap([&s](std::uint64_t number, const std::vector<std::string>& lines,
                                                bool entries) { s.take(number, lines, entries); })](
                  std::uint64_t number, std::vector<std::string> lines, bool entries) {
    home.post([task, number, lines = std::move(lines), entries]() mutable { task(number, lines, entries); });
  };
  s.lost_to_home = [&home, task = s.anchor.wrap([&s](std::uint64_t number, const std::string& reason) {
    if (number == s.generation) s.sink.on_lost(reason);
  })](std::uint64_t number, std::string reason) {
    home.post([task, number, reason = std::move(reason)]() mutable { task(number, reason); });
  };
  // What is posted to the worker comes after this: a task of ours may be there before its first.
  std::promise<void> started;
  s.worker.start(
      [&s, &started] {
        s.timer.emplace(s.worker.loop());
        s.pause.emplace(s.worker.loop());
        s.link.emplace(s.worker.loop(), s.options.access, s.options.node, s);
        s.stream.emplace(*s.link, s.options.stream);
        s.witness.emplace(
            *s.stream, [](std::string_view payload) { return base::hash64(payload); },
            [&s](Sequence sequence) { s.given_again(sequence); });
        started.set_value();
      },
      [&s] {
        if (s.live != 0) s.say("left");
        s.live = 0;
        s.witness.reset();
        s.stream.reset();
        s.pause.reset();
        s.timer.reset();
        s.link.reset();
      });
  started.get_future().wait();
}

NatsSource::~NatsSource() {
  impl_->worker.stop();
  impl_->worker.join();
}

void NatsSource::connect(Sequence after, const std::string& log_id, std::optional<std::uint64_t> digest) {
  impl_->generation = ++impl_->generations;
  impl_->held_back = false;
  impl_->worker.loop().post([s = impl_.get(), after, log_id, digest, number = impl_->generation] {
    s->open(after, log_id, digest, number);
  });
}

// What was told is of the numbers of then.
void NatsSource::disconnect() {
  impl_->generation = 0;
  impl_->checked = false;
  {
    const std::scoped_lock lock(impl_->mutex);
    impl_->told.reset();
  }
  impl_->worker.loop().post([s = impl_.get()] { s->close(); });
}

void NatsSource::resume() {
  if (std::exchange(impl_->held_back, false)) impl_->taken();
}

void NatsSource::tell(Sequence applied, const std::string& log_id) {
  if (!impl_->checked) return;
  {
    const std::scoped_lock lock(impl_->mutex);
    impl_->told.emplace(applied, log_id);
    if (std::exchange(impl_->telling, true)) return;
  }
  impl_->worker.loop().post([s = impl_.get()] { s->say("applied"); });
}

bool NatsSource::answer(const std::string& text) {
  if (impl_->generation == 0) return false;
  impl_->worker.loop().post([s = impl_.get(), text] {
    const json answer = {{"node", s->options.node}, {"answer", json_or_null(text)}};
    const auto sent = s->link->publish(s->stream->subjects().answers,
                                       answer.dump(-1, ' ', false, json::error_handler_t::replace));
    if (!sent) logs::debug("an answer to the purge API did not get through", {{"reason", sent.error().text}});
  });
  return true;
}

}  // namespace purge
