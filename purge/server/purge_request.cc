// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "edge/base/quantity.h"
#include "purge/server/progress_json.h"
#include "purge/server/requests.h"

namespace purgeapi {

using namespace std::chrono_literals;

// Silence is no event: while it waits, it looks so often whether a node is still live.
constexpr auto kLook = 500ms;

class PurgeRequest::Waiting final : public Api::Waiter {
 public:
  Waiting(Api& api, PurgeRequest& request) : Waiter(api), request_(request) {}
  void look(bool last) override { request_.look(last); }

 private:
  PurgeRequest& request_;
};

PurgeRequest::PurgeRequest(Call call)
    : ApiRequest(call, call.api.limits().body_bytes), timer_(api().home()) {}
PurgeRequest::~PurgeRequest() = default;

std::optional<Refusal> PurgeRequest::understand_query() {
  for (const auto& [key, value] : query_of(call().head.target)) {
    if (key != "wait") {
      return Refusal{
          .status = 400, .code = "invalid", .text = "unknown parameter \"" + key + "\", allowed: wait"};
    }
    const auto time = base::parse_duration(value);
    if (!time || *time > api().limits().wait) {
      return Refusal{.status = 400,
                     .code = "invalid",
                     .text = "found wait=" + value + ", allowed: a time such as 5s, at most " +
                             base::format_duration(api().limits().wait)};
    }
    wait_ = *time;
  }
  return {};
}

void PurgeRequest::answer() {
  if (auto refusal = understand_query()) return refuse(*refusal);
  const auto purge = purge::parse_purge(body());
  if (!purge) return refuse({.status = 400, .code = "invalid", .text = purge.error().text});
  if (!call().caller.may_touch(purge->site)) {
    return refuse(
        {.status = 403,
         .code = "forbidden",
         .text = "token \"" + call().caller.name + "\" may not purge site \"" + purge->site + "\""});
  }
  if (api().draining())
    return refuse(going_down());
  accept({*purge}, anchor_.wrap([this](base::Result<std::vector<Sequence>> sequences) {
    on_accepted(std::move(sequences));
  }));
}

void PurgeRequest::on_accepted(base::Result<std::vector<Sequence>> sequences) {
  if (!sequences) return refuse(unavailable(sequences.error()));
  sequence_ = sequences->back();
  if (wait_ == 0ms) {
    http::Fields fields;
    fields.add("location", "/v1/purges/" + std::to_string(sequence_));
    return respond(202, "{\"sequence\":" + std::to_string(sequence_) + "}", std::move(fields));
  }
  wait_end_ = api().home().clock().steady() + wait_;
  waiting_ = std::make_unique<Waiting>(api(), *this);
  look(false);
}

void PurgeRequest::look(bool last) {
  if (answered()) return;
  const Progress progress = api().nodes().progress(sequence_);
  const base::Duration left = wait_end_ - api().home().clock().steady();
  const bool wait = !progress.pending.empty() || progress.expected;
  if (wait && !last && left > 0ms && !api().draining()) {
    timer_.start(std::min<base::Duration>(left, kLook), [this] { look(false); });
    return;
  }
  timer_.stop();
  http::Fields fields;
  fields.add("location", "/v1/purges/" + std::to_string(sequence_));
  respond(progress.complete() ? 200 : 202, progress_json(sequence_, progress), std::move(fields));
}

}  // namespace purgeapi
