// SPDX-License-Identifier: Apache-2.0
#include "purge/ctl/caller.h"

#include <algorithm>

namespace ctl {
namespace {

constexpr std::size_t kReplyBytesMax = 16U << 20;

std::shared_ptr<const http::ServerOptions> server_options(const Access& access) {
  auto options = std::make_shared<http::ServerOptions>();
  options->ca_file = access.ca_file;
  options->verify_tls = !access.insecure;
  options->first_byte_limit = access.patience;
  options->idle_limit = access.patience;
  return options;
}

}  // namespace

class Caller::Call final : public http::ExchangeListener {
 public:
  Call(Caller& caller, std::move_only_function<void(base::Result<Reply>)> done)
      : caller_(caller), done_(std::move(done)) {}
  void start(http::ClientRequest request) { exchange_ = caller_.client_.start(std::move(request), *this); }

  void on_informational(http::ResponseHead) override {}
  void on_head(http::ResponseHead head) override {
    reply_.status = head.status;
    reply_.fields = std::move(head.fields);
  }
  http::Flow on_data(std::string_view bytes) override {
    const std::size_t room = kReplyBytesMax - std::min(kReplyBytesMax, reply_.body.size());
    reply_.body += bytes.substr(0, room);
    return http::Flow::Continue;
  }
  void on_trailers(http::Fields) override {}
  void on_end(std::optional<http::ExchangeError> error) override {
    exchange_.reset();
    auto done = std::move(done_);
    if (error) {
      done(std::unexpected(std::move(error->error)));
    } else {
      done(std::move(reply_));
    }
    caller_.over(this);
  }

 private:
  Caller& caller_;
  std::move_only_function<void(base::Result<Reply>)> done_;
  std::unique_ptr<http::Exchange> exchange_{};
  Reply reply_{};
};

Caller::Caller(Access access)
    : access_(std::move(access)), server_(server_options(access_)), client_(loop_, http::ClientLimits{}) {}
Caller::~Caller() = default;

void Caller::begin(http::ClientRequest request, std::move_only_function<void(base::Result<Reply>)> done) {
  request.options = server_;
  if (!access_.token.empty()) request.fields.set("authorization", "Bearer " + access_.token);
  calls_.push_back(std::make_unique<Call>(*this, std::move(done)));
  calls_.back()->start(std::move(request));
}

void Caller::over(Call* call) {
  loop_.at_turn_end([this, call] {
    std::erase_if(calls_, [call](const auto& one) { return one.get() == call; });
    stop_if_idle();
  });
}

void Caller::stop_if_idle() {
  if (calls_.empty() && aside_ == 0) loop_.stop();
}

void Caller::aside(Workers& workers, Workers::Job work, Workers::Job done) {
  ++aside_;
  workers.push([this, work = std::move(work), done = std::move(done)]() mutable {
    work();
    loop_.post([this, done = std::move(done)]() mutable {
      done();
      --aside_;
      stop_if_idle();
    });
  });
}

void Caller::run() {
  if (!calls_.empty() || aside_ != 0) loop_.run();
}

base::Result<Reply> Caller::ask(http::ClientRequest request) {
  base::Result<Reply> answer = base::fail(base::Errc::Cancelled, "the call was not answered");
  begin(std::move(request), [&answer](base::Result<Reply> reply) { answer = std::move(reply); });
  run();
  return answer;
}

}  // namespace ctl
