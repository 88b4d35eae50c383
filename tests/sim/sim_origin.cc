// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/sim_origin.h"

#include <algorithm>

#include "edge/http/date.h"

namespace sim {
namespace {

using base::Errc;
using namespace std::chrono_literals;

// Goes from step to step by timers of random length: thinks, answers the head, sends pieces, ends.
class SimExchange final : public http::Exchange {
 public:
  SimExchange(SimOrigin& origin, base::Executor& executor, base::Random& random, http::ClientRequest request,
              http::ExchangeListener& listener)
      : origin_(origin),
        executor_(executor),
        random_(random),
        request_(std::move(request)),
        listener_(listener),
        path_(request_.url.substr(request_.url.find('/', 8))),
        timer_(executor) {
    ++origin_.requests;
    unsigned& now = ++origin_.running[path_];
    unsigned& most = origin_.running_max[path_];
    most = std::max(most, now);
    wait([this] { think(); });
  }
  ~SimExchange() override {
    *alive_ = false;
    --origin_.running[path_];
  }

  void resume() override {
    if (!paused_) return;
    paused_ = false;
    wait([this] { send_piece(); });
  }
  void body_ready() override {}
  void set_pass(bool) override {}

 private:
  void wait(base::Task next) {
    timer_.start(std::chrono::microseconds(random_.below(3000)), std::move(next));
  }
  bool fault(unsigned one_in) { return one_in != 0 && random_.one_in(one_in); }

  void think() {
    if (fault(origin_.faults.refuse_one_in)) {
      return listener_.on_end(http::ExchangeError{{Errc::Unavailable, "simulated refusal"}});
    }
    const Content& content = origin_.contents.at(path_);
    http::ResponseHead head;
    head.fields.add("date", http::format_date(executor_.clock().wall()));
    if (fault(origin_.faults.error_one_in)) {
      head.status = 503;
      head.body_bytes = 0;
      size_ = 0;
    } else {
      describe(content, head);
    }
    wait([this] { send_piece(); });
    listener_.on_head(std::move(head));  // may end this
  }

  void describe(const Content& content, http::ResponseHead& head) {
    std::string encoding;
    if (content.varies) encoding = request_.fields.get("accept-encoding").value_or("");
    if (content.personal) encoding = request_.fields.get("cookie").value_or("");
    const std::string etag =
        "\"v" + std::to_string(content.version) + (encoding.empty() ? "" : "-" + encoding) + "\"";
    head.fields.add("etag", etag);
    if (!content.cache_control.empty()) head.fields.add("cache-control", content.cache_control);
    head.fields.add("x-version", std::to_string(content.version));
    head.fields.add("x-encoding", encoding);
    if (!content.tags.empty()) head.fields.add("surrogate-key", content.tags);
    if (!content.groups.empty()) head.fields.add("cache-groups", content.groups);
    if (!content.invalidates.empty()) head.fields.add("cache-group-invalidation", content.invalidates);
    if (!content.location.empty()) head.fields.add("location", content.location);
    if (content.varies) head.fields.add("vary", "accept-encoding");
    if (request_.fields.get("if-none-match") == etag) {
      ++origin_.not_modified;
      head.status = 304;
      size_ = 0;
      return;
    }
    head.status = 200;
    size_ = content.bytes;
    body_ = body_of(path_ + encoding, content.version, size_);
    if (content.known_length) head.body_bytes = size_;
  }

  void send_piece() {
    if (sent_ == size_) return listener_.on_end({});
    if (fault(origin_.faults.break_one_in)) {
      return listener_.on_end(http::ExchangeError{{Errc::Protocol, "simulated break"}});
    }
    const std::size_t n = std::min<std::size_t>(size_ - sent_, 1 + random_.below(40'000));
    const std::string_view piece = std::string_view(body_).substr(sent_, n);
    sent_ += n;
    wait([this] { send_piece(); });
    const std::shared_ptr<bool> alive = alive_;
    if (listener_.on_data(piece) == http::Flow::Pause && *alive) {
      paused_ = true;
      timer_.stop();
    }
  }

  SimOrigin& origin_;
  base::Executor& executor_;
  base::Random& random_;
  http::ClientRequest request_;
  http::ExchangeListener& listener_;
  std::string path_;
  std::string body_{};
  std::size_t size_ = 0;
  std::size_t sent_ = 0;
  bool paused_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  base::Timer timer_;
};

}  // namespace

std::string body_of(const std::string& path, unsigned version, std::size_t bytes) {
  const std::string line = path + " version " + std::to_string(version) + " at ";
  std::string body;
  body.reserve(bytes + 64);
  while (body.size() < bytes) body += line + std::to_string(body.size()) + '\n';
  body.resize(bytes);
  return body;
}

std::unique_ptr<http::Exchange> SimClient::start(http::ClientRequest request,
                                                 http::ExchangeListener& listener) {
  return std::make_unique<SimExchange>(origin_, executor_, random_, std::move(request), listener);
}

}  // namespace sim
