// SPDX-License-Identifier: Apache-2.0
#include "purge/server/nats_log.h"

#include <atomic>
#include <future>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>
#include <utility>

#include "edge/base/log.h"
#include "edge/base/random.h"
#include "edge/loop/worker.h"
#include "purge/server/nats_publisher.h"
#include "purge/server/nats_reader.h"
#include "purge/server/nats_words.h"

namespace purgeapi {
namespace {

using base::Errc;
using nlohmann::json;
using std::chrono::milliseconds;
using namespace std::chrono_literals;

constexpr auto kBeat = 1s;               // so often the stream is asked where it is
constexpr unsigned kSilentMax = 3;       // asked in vain, in a row: another server may know more
constexpr Sequence kAheadMax = 100'000;  // of the head that the leader named: more is hearsay
constexpr unsigned kBackMax = 5;         // answers in a row that the head is lower: then it is so
constexpr milliseconds kBackoffMin{100};
constexpr milliseconds kBackoffMax{5'000};
constexpr unsigned kDoublingsMax = 10;

}  // namespace

// All of it on the worker's loop, but for what is under the mutex.
struct NatsLog::Impl final : nats::Link::Listener, NatsReader::Host, NatsPublisher::Host {
  using Told = PurgeLog::Listener;
  explicit Impl(const Options& chosen) : options(chosen) {}

  // On the worker.
  void begin();
  void end();
  void connect();
  void make_stream();
  void load_nodes();
  void ready();
  void again(const std::string& reason);
  void beat();
  void take(base::Result<nats::Place> place);
  void take_place(const nats::Place& place);
  void another_log(const nats::Place& place, bool same_stream = false);
  void touch() { touched = std::chrono::steady_clock::now().time_since_epoch().count(); }
  void raise_head(Sequence head);
  void say_words();
  void ask_first();
  void post(std::move_only_function<void(Told&)> call);
  void on_message(nats::Message message) override;
  void on_lost(const std::string& reason) override { again(reason); }
  PurgeLog::Bounds bounds() const override {
    const std::scoped_lock lock(mutex);
    return held;
  }
  void look_again(std::function<void()> looked) override;
  void raise_oldest(Sequence oldest) override;
  void went_back(Sequence sequence) override;
  Sequence head() const override { return bounds().head; }
  void stored(JournalEntry entry) override {
    const Sequence sequence = entry.sequence;
    reader->hold(std::move(entry));
    raise_head(sequence);
  }
  void was_stored(Sequence sequence) override { raise_head(sequence); }
  void given_again(Sequence sequence) override { went_back(sequence); }
  std::string id() const {
    const std::scoped_lock lock(mutex);
    return log_id;
  }

  const Options options;
  loop::Worker worker{"nats-log", base::Work::Background};
  std::optional<nats::Link> link{};
  std::optional<nats::Stream> stream{};
  std::optional<NatsReader> reader{};
  std::optional<nats::Witness> witness{};
  std::optional<NatsPublisher> publisher{};
  std::optional<base::Timer> timer{};
  base::Random random{std::random_device{}()};
  bool made = false;   ///< the stream, by this process
  bool begun = false;  ///< open() has been answered
  unsigned failures = 0;
  unsigned silent = 0;
  unsigned back = 0;
  std::string stream_id{};  ///< the place's; log_id is another once numbers were given again
  Sequence confirmed = 0;   ///< the head as the stream's leader named it
  bool asking = false;      ///< because of a number far above it
  bool turning = false;     ///< numbers were given again; where it is now has been asked
  Sequence floor = 0;       ///< what cannot be read is below it
  std::string last_reason{};
  std::map<std::string, Sequence> told{};  ///< of nodes that read the log of this process
  std::promise<base::Status> opened{};

  std::atomic<std::size_t> queued{0};
  std::atomic<bool> connected{false};
  std::atomic<std::chrono::steady_clock::rep> touched{0};  ///< when the leader last said where it is
  mutable std::mutex mutex;
  PurgeLog::Bounds held{};
  std::string log_id{};
  std::vector<KnownNode> nodes{};
  base::Executor* home = nullptr;
  std::shared_ptr<Told*> listener{};  ///< what it points to is the home thread's
};

void NatsLog::Impl::begin() {
  loop::Loop& loop = worker.loop();
  timer.emplace(loop);
  link.emplace(loop, options.access, "selvage-purge", *this);
  stream.emplace(*link, options.stream.name);
  reader.emplace(loop, *stream, *this, NatsReader::Options{.held_bytes = options.held_bytes});
  witness.emplace(*stream, &print_of_nats, [this](Sequence sequence) { went_back(sequence); });
  publisher.emplace(loop, *stream, options.publish_limit, *this);
  connect();
}

void NatsLog::Impl::end() {
  publisher.reset();
  witness.reset();
  reader.reset();
  stream.reset();
  timer.reset();
  link.reset();
}

void NatsLog::Impl::connect() {
  auto status = link->connect();
  if (status) status = link->subscribe(stream->subjects().log);
  if (status) status = link->subscribe(stream->subjects().words);
  if (status) status = link->subscribe(stream->subjects().hello);
  if (status) status = link->subscribe(stream->subjects().questions);
  if (status) status = link->subscribe(stream->subjects().answers);
  if (!status) return again(status.error().text);
  if (!made) return make_stream();
  ready();
}

void NatsLog::Impl::make_stream() {
  stream->make(options.stream, [this](base::Status done) {
    if (!done) return again(done.error().text);
    made = true;
    stream->ask_place([this](base::Result<nats::Place> place) {
      if (!place) return again(place.error().text);
      take_place(*place);
      load_nodes();
    });
  });
}

void NatsLog::Impl::load_nodes() {
  stream->all_nodes([this](base::Result<std::vector<std::string>> texts) {
    if (!texts) {
      made = false;
      return again(texts.error().text);
    }
    {
      const std::scoped_lock lock(mutex);
      for (const std::string& text : *texts) {
        auto node = known_of(text, log_id);
        if (!node) continue;
        if (node->applied > held.head) node->applied = 0;  // of entries that are lost
        nodes.push_back(std::move(*node));
      }
    }
    ready();
  });
}

void NatsLog::Impl::ready() {
  connected = true;
  silent = 0;
  if (!std::exchange(begun, true)) opened.set_value({});
  beat();
  say_words();
  // Whoever follows says where it is, also those that are quiet just now.
  std::ignore = link->publish(stream->subjects().hello, "{}");
}

void NatsLog::Impl::again(const std::string& reason) {
  connected = false;
  link->close();
  // Half of the delay is by chance: those that lost a server together do not come back together.
  const milliseconds longest = std::min(kBackoffMax, kBackoffMin * (1 << std::min(failures, kDoublingsMax)));
  const milliseconds delay(longest.count() / 2 + static_cast<std::int64_t>(random.below(
                                                     static_cast<std::uint64_t>(longest.count() / 2 + 1))));
  if (failures++ == 0 || reason != last_reason) {
    logs::warn("no purge log, connecting to NATS again", {{"reason", reason}, {"delay_ms", delay.count()}});
  }
  last_reason = reason;
  timer->start(delay, [this] { connect(); });
}

void NatsLog::Impl::beat() {
  timer->start(kBeat, [this] { beat(); });
  stream->ask_place([this](base::Result<nats::Place> place) { take(std::move(place)); });
}

void NatsLog::Impl::take(base::Result<nats::Place> place) {
  if (place) {
    failures = 0;
    silent = 0;
    return take_place(*place);
  }
  if (place.error().code == Errc::Unavailable && !link->connected()) return;  // on its way again
  // Without a leader nobody answers: a short while is normal.
  if (++silent >= kSilentMax) {
    made = place.error().code != Errc::NotFound && made;
    again(place.error().text);
  }
}

void NatsLog::Impl::take_place(const nats::Place& place) {
  const PurgeLog::Bounds before = bounds();
  touch();
  confirmed = place.head;
  if (stream_id.empty() || stream_id != place.log_id) return another_log(place);
  if (place.head < before.head) {
    // A server that no longer leads may say so; if it stays so, numbers were lost.
    if (++back < kBackMax) return;
    logs::error("the purge log's stream went back: who follows starts over",
                {{"head", before.head}, {"now", place.head}});
    return another_log(place, true);
  }
  back = 0;
  {
    const std::scoped_lock lock(mutex);
    held.oldest = std::max(place.oldest, floor);
  }
  raise_head(place.head);
  witness->look(place, reader->newest());
}

// The same stream with numbers given again needs another name: who comes with such a number and cannot say
// which entry it was has missed some. Each replica chooses that name alone, and who follows the stream itself
// knows only the stream's; so words name the stream, and who says them has looked whether its number is still
// that entry's.
void NatsLog::Impl::another_log(const nats::Place& place, bool same_stream) {
  back = 0;
  floor = 0;
  told.clear();  // numbers of before
  reader->forget();
  witness->forget();
  const bool first = id().empty();
  stream_id = place.log_id;
  {
    const std::scoped_lock lock(mutex);
    log_id = place.log_id;
    if (same_stream) log_id += "-" + std::to_string(random.below(~std::uint64_t{0}));
    held = {.oldest = place.oldest, .head = place.head};
  }
  if (first) return;
  logs::warn("the purge log is another one now", {{"log_id", id()}, {"head", place.head}});
  post([](Told& one) { one.on_log_changed(); });
}

void NatsLog::Impl::raise_head(Sequence head) {
  {
    const std::scoped_lock lock(mutex);
    if (head <= held.head) return;
    held.head = head;
  }
  post([head](Told& one) { one.on_head_moved(head); });
}

void NatsLog::Impl::look_again(std::function<void()> looked) {
  stream->ask_place([this, looked = std::move(looked)](base::Result<nats::Place> place) {
    if (place) take_place(*place);
    looked();
  });
}

void NatsLog::Impl::went_back(Sequence sequence) {
  if (std::exchange(turning, true)) return;
  logs::error("the purge log's stream gave a number again: who follows starts over",
              {{"number", sequence}, {"head", bounds().head}});
  // All that was read under the old numbers is of no use from here on, whatever the stream says next.
  another_log({.log_id = stream_id, .oldest = sequence + 1, .head = sequence}, true);
  stream->ask_place([this](base::Result<nats::Place> place) {
    turning = false;
    take(std::move(place));
  });
}

void NatsLog::Impl::raise_oldest(Sequence oldest) {
  floor = std::max(floor, oldest);
  const std::scoped_lock lock(mutex);
  held.oldest = std::max(held.oldest, floor);
}

void NatsLog::Impl::post(std::move_only_function<void(Told&)> call) {
  const std::scoped_lock lock(mutex);
  if (home == nullptr) return;
  home->post([to = listener, call = std::move(call)]() mutable {
    if (*to != nullptr) call(**to);
  });
}

void NatsLog::Impl::on_message(nats::Message message) {
  const nats::Subjects& subjects = stream->subjects();
  if (message.subject == subjects.log) {
    auto entry = entry_of_nats(message.sequence, message.payload);
    // What is not understood is found, or missed, when it is read.
    if (message.sequence > confirmed + kAheadMax) return ask_first();
    if (entry && message.sequence != 0) reader->hold(std::move(*entry));
    if (message.sequence != 0) raise_head(message.sequence);
  } else if (message.subject == subjects.words) {
    if (auto word = word_of(message.payload, stream_id)) {
      post([word = std::move(*word)](Told& one) { one.on_word(word); });
    }
  } else if (message.subject == subjects.hello) {
    say_words();
  } else if (message.subject == subjects.questions) {
    if (auto question = question_of(message.payload)) {
      post([question = std::move(*question)](Told& one) { one.on_question(question); });
    }
  } else if (message.subject == subjects.answers) {
    if (auto answer = answer_of(message.payload)) {
      post([answer = std::move(*answer)](Told& one) mutable {
        one.on_answer(answer.first, std::move(answer.second));
      });
    }
  }
}

void NatsLog::Impl::ask_first() {
  if (std::exchange(asking, true)) return;
  stream->ask_place([this](base::Result<nats::Place> place) {
    asking = false;
    take(std::move(place));
  });
}

void NatsLog::Impl::say_words() {
  for (const auto& [node, applied] : told) {
    std::ignore =
        link->publish(stream->subjects().words, text_of({.name = node, .applied = applied}, stream_id));
  }
}

NatsLog::NatsLog(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

NatsLog::~NatsLog() {
  impl_->worker.stop();
  impl_->worker.join();
}

base::Result<std::unique_ptr<NatsLog>> NatsLog::open(const Options& options) {
  auto log = std::unique_ptr<NatsLog>(new NatsLog(std::make_unique<Impl>(options)));
  Impl& impl = *log->impl_;
  auto opened = impl.opened.get_future();
  impl.worker.start([&impl] { impl.begin(); }, [&impl] { impl.end(); });
  if (opened.wait_for(options.open_limit) == std::future_status::timeout) {
    impl.worker.stop();
    impl.worker.join();
    return base::fail(Errc::Unavailable, "the purge log's NATS stream '" + options.stream.name + "': " +
                                             (impl.last_reason.empty() ? "no answer" : impl.last_reason));
  }
  return log;
}

void NatsLog::listen(base::Executor& home, Listener* listener) {
  const std::scoped_lock lock(impl_->mutex);
  if (impl_->listener) *impl_->listener = nullptr;
  impl_->home = &home;
  impl_->listener = std::make_shared<Listener*>(listener);
}

std::string NatsLog::log_id() const { return impl_->id(); }
PurgeLog::Bounds NatsLog::bounds() const { return impl_->bounds(); }

bool NatsLog::in_touch() const {
  const std::chrono::steady_clock::duration at(impl_->touched.load());
  return std::chrono::steady_clock::now().time_since_epoch() - at < impl_->options.silence;
}

std::vector<KnownNode> NatsLog::nodes() const {
  const std::scoped_lock lock(impl_->mutex);
  return impl_->nodes;
}

void NatsLog::append(Append request, base::Executor& home, Appended appended) {
  if (impl_->queued.fetch_add(1) >= impl_->options.queued_max) {
    --impl_->queued;
    home.post([appended = std::move(appended)]() mutable {
      appended(base::fail(Errc::Busy, "too many purges wait to be stored; try again"));
    });
    return;
  }
  impl_->worker.loop().post(
      [impl = impl_.get(), request = std::move(request), &home, appended = std::move(appended)]() mutable {
        impl->publisher->append(std::move(request), [impl, &home, appended = std::move(appended)](
                                                        base::Result<std::vector<Sequence>> numbers) mutable {
          --impl->queued;
          home.post([appended = std::move(appended), numbers = std::move(numbers)]() mutable {
            appended(std::move(numbers));
          });
        });
      });
}

bool NatsLog::keep_node(KnownNode node) {
  if (!impl_->connected) return false;
  impl_->worker.loop().post([impl = impl_.get(), node = std::move(node)] {
    const json kept = {
        {"node", node.name}, {"applied", node.applied}, {"heard", node.heard_ms}, {"log_id", impl->id()}};
    std::ignore = impl->stream->put_node(node.name, kept.dump());
  });
  return true;
}

bool NatsLog::forget_node(std::string name) {
  if (!impl_->connected) return false;
  impl_->worker.loop().post([impl = impl_.get(), name = std::move(name)] {
    std::ignore = impl->stream->put_node(name, json{{"node", name}, {"forgotten", true}}.dump());
  });
  return true;
}

void NatsLog::read(Sequence from, std::size_t max_bytes, base::Executor& home, Read done) {
  impl_->worker.loop().post([impl = impl_.get(), from, max_bytes, &home, done = std::move(done)]() mutable {
    impl->reader->read(
        from, max_bytes,
        [&home, done = std::move(done)](base::Result<std::vector<JournalEntry>> got) mutable {
          home.post([done = std::move(done), got = std::move(got)]() mutable { done(std::move(got)); });
        });
  });
}

void NatsLog::tell(const NodeWord& word) {
  impl_->worker.loop().post([impl = impl_.get(), word, id = impl_->id()] {
    if (word.kind == NodeWord::Kind::Applied && id != impl->id()) return;
    if (word.kind == NodeWord::Kind::Applied) {
      impl->told[word.name] = word.applied;
    } else {
      impl->told.erase(word.name);
    }
    std::ignore = impl->link->publish(impl->stream->subjects().words, text_of(word, impl->stream_id));
  });
}

void NatsLog::carry(const std::string& line) {
  impl_->worker.loop().post([impl = impl_.get(), line] {
    std::ignore = impl->link->publish(impl->stream->subjects().questions, line);
  });
}

}  // namespace purgeapi
