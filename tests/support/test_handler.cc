// SPDX-License-Identifier: Apache-2.0
#include "tests/support/test_handler.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <deque>
#include <optional>
#include <utility>

namespace support {
namespace {

using http::Pull;

char pattern_byte(std::size_t at) { return static_cast<char>('a' + (at * 7 + at / 251) % 26); }

/// How a body of the pattern behaves.
struct Script {
  std::size_t bytes = 0;  ///< that it really gives
  std::size_t piece = 100'000;
  bool pauses = false;  ///< Later before each piece
  bool fails = false;   ///< Failed in place of End
  http::Fields trailers{};
};

class PatternSource final : public http::BodySource {
 public:
  PatternSource(Script script, std::function<void()> resume_soon, std::atomic<std::uint64_t>& pulled)
      : script_(std::move(script)), resume_soon_(std::move(resume_soon)), pulled_(pulled) {}

  Pull pull(std::size_t max, base::Slice& out) override {
    if (script_.pauses && std::exchange(due_, false)) {
      resume_soon_();
      return Pull::Later;
    }
    due_ = true;
    if (at_ == script_.bytes) return script_.fails ? Pull::Failed : Pull::End;
    const std::size_t n = std::min({max, script_.piece, script_.bytes - at_, base::kChunkBytes});
    std::string text(n, '\0');
    for (char& c : text) c = pattern_byte(at_++);
    out = base::slice_of(text);
    pulled_ += n;
    return Pull::Data;
  }
  const http::Fields* trailers() const override { return &script_.trailers; }

 private:
  Script script_;
  std::function<void()> resume_soon_;
  std::atomic<std::uint64_t>& pulled_;
  std::size_t at_ = 0;
  bool due_ = true;
};

/// What has come of a request's body and is to go back.
struct Echo {
  std::deque<std::string> pieces{};
  bool ended = false;
};

class EchoSource final : public http::BodySource {
 public:
  EchoSource(std::shared_ptr<Echo> echo, http::ResponseWriter& writer)
      : echo_(std::move(echo)), writer_(writer) {}
  Pull pull(std::size_t max, base::Slice& out) override {
    if (echo_->pieces.empty()) return echo_->ended ? Pull::End : Pull::Later;
    std::string& front = echo_->pieces.front();
    out = base::slice_of(std::string_view(front).substr(0, std::min(max, base::kChunkBytes)));
    writer_.consumed(out.bytes.size());
    front.erase(0, out.bytes.size());
    if (front.empty()) echo_->pieces.pop_front();
    return Pull::Data;
  }

 private:
  std::shared_ptr<Echo> echo_;
  http::ResponseWriter& writer_;
};

}  // namespace

std::string pattern(std::size_t size) {
  std::string out(size, '\0');
  for (std::size_t i = 0; i < size; ++i) out[i] = pattern_byte(i);
  return out;
}

class TestHandler final : public http::Handler {
 public:
  TestHandler(TestMaker& maker, std::size_t index, std::string target, http::ResponseWriter& writer)
      : maker_(maker), index_(index), writer_(writer) {
    const std::size_t slash = target.find('/', 1);
    action_ = target.substr(0, slash);
    if (slash != std::string::npos) bytes_ = std::strtoull(target.c_str() + slash + 1, nullptr, 10);
  }
  ~TestHandler() override {
    maker_.change(index_, [](TestMaker::Life& life) { life.destroyed = true; });
  }

  void start() override {
    if (action_ == "/fixed") return answer({.bytes = bytes_}, bytes_);
    if (action_ == "/chunked") return answer({.bytes = bytes_}, {});
    if (action_ == "/slow") return answer({.bytes = bytes_, .piece = 1000, .pauses = true}, {});
    if (action_ == "/short") return answer({.bytes = bytes_ / 2}, bytes_);
    if (action_ == "/surplus") return answer({.bytes = bytes_ + 1}, bytes_);
    if (action_ == "/broken") return answer({.bytes = bytes_, .fails = true}, {});
    if (action_ == "/abort") return writer_.abort();
    if (action_ == "/abort-late") {
      respond(200, nullptr, 0);
      return writer_.abort();
    }
    if (action_ == "/large-head") return large_head();
    if (action_ == "/early") return respond(403, {}, 0);
    if (action_ == "/echo") return respond(200, std::make_unique<EchoSource>(echo_, writer_), {});
    if (action_ == "/hints") return hints();
    if (action_ == "/inject") return inject();
    if (action_ == "/trailers") return trailers();
  }

  void on_body(std::string_view bytes) override {
    maker_.change(index_, [&](TestMaker::Life& life) { life.body_bytes += bytes.size(); });
    if (action_ == "/hold") return;
    if (action_ == "/late") {
      taken_ += bytes.size();
      if (taken_ >= bytes_) respond(403, {}, 0);
      return;
    }
    if (action_ != "/echo") return writer_.consumed(bytes.size());
    echo_->pieces.emplace_back(bytes);
    writer_.resume();
  }

  void on_body_end() override {
    std::size_t total = 0;
    maker_.change(index_, [&](TestMaker::Life& life) {
      life.body_ended = true;
      total = life.body_bytes;
    });
    echo_->ended = true;
    if (action_ == "/echo") writer_.resume();
    if (action_ == "/count") answer({.bytes = total}, total);
  }

  void on_finished(const http::Delivery& delivery) override {
    maker_.change(index_, [&](TestMaker::Life& life) {
      life.finished = true;
      life.delivery = delivery;
    });
  }

 private:
  void respond(int status, std::unique_ptr<http::BodySource> body, std::optional<std::uint64_t> declared) {
    http::ResponseHead head{.status = status, .body_bytes = declared};
    head.fields.add("content-type", "text/plain");
    head.fields.add("x-action", action_);
    writer_.respond(std::move(head), std::move(body));
  }
  void answer(Script script, std::optional<std::uint64_t> declared) {
    auto resume_soon = [this] { maker_.loop_.post(anchor_.wrap([this] { writer_.resume(); })); };
    respond(200, std::make_unique<PatternSource>(std::move(script), std::move(resume_soon), maker_.pulled_),
            declared);
  }
  void hints() {
    http::ResponseHead early{.status = 103};
    early.fields.add("link", "</style.css>; rel=preload");
    writer_.inform(early);
    respond(204, {}, {});
  }
  void large_head() {
    http::ResponseHead head{.status = 200};
    for (int i = 0; i < 40; ++i)
      head.fields.add("x-large", std::string(1000, static_cast<char>('a' + i % 26)));
    writer_.respond(std::move(head), nullptr);
  }
  void inject() {
    http::ResponseHead head{.status = 200};
    head.fields.add("x-bad", "a\r\nx-injected: yes");
    head.fields.add("x-good", "b");
    head.fields.add("connection", "upgrade");
    writer_.respond(std::move(head), {});
  }
  void trailers() {
    Script script{.bytes = 10};
    script.trailers.add("x-checksum", "42");
    answer(std::move(script), {});
  }

  TestMaker& maker_;
  std::size_t index_;
  http::ResponseWriter& writer_;
  std::string action_{};
  std::size_t bytes_ = 0;
  std::size_t taken_ = 0;  ///< of the body, by /late
  std::shared_ptr<Echo> echo_ = std::make_shared<Echo>();
  base::Anchor anchor_{};
};

std::vector<TestMaker::Life> TestMaker::lives() const {
  const std::lock_guard lock(mutex_);
  return lives_;
}

bool TestMaker::wait(const std::function<bool(const std::vector<Life>&)>& condition) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, std::chrono::seconds(60), [&] { return condition(lives_); });
}

bool TestMaker::wait_finished(std::size_t n) const {
  return wait([n](const std::vector<Life>& lives) {
    return lives.size() >= n &&
           std::ranges::all_of(lives, [](const Life& life) { return life.finished && life.destroyed; });
  });
}

void TestMaker::change(std::size_t index, const std::function<void(Life&)>& change) {
  const std::lock_guard lock(mutex_);
  change(lives_.at(index));
  changed_.notify_all();
}

std::unique_ptr<http::Handler> TestMaker::make(const http::ConnectionInfo& connection, http::RequestHead head,
                                               http::ResponseWriter& writer) {
  std::string target = head.target;
  std::size_t index = 0;
  {
    const std::lock_guard lock(mutex_);
    index = lives_.size();
    lives_.push_back({.head = std::move(head), .connection = connection});
    changed_.notify_all();
  }
  return std::make_unique<TestHandler>(*this, index, std::move(target), writer);
}

}  // namespace support
