// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "edge/base/quantity.h"
#include "purge/server/progress_json.h"
#include "purge/server/purge_body.h"
#include "purge/server/requests.h"

namespace purgeapi {

using namespace std::chrono_literals;

// Silence is no event: while it waits, it looks so often whether a node is still live.
constexpr auto kLook = 500ms;
constexpr std::size_t kKeyBytesMax = 255;

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

// What stands for the key in the log; empty if the request has none. Each token has keys of its own.
base::Result<std::string> PurgeRequest::understand_key() const {
  const auto key = call().head.fields.get("idempotency-key");
  if (!key) return std::string();
  const bool printable = std::ranges::all_of(*key, [](char c) { return c >= 0x20 && c < 0x7f; });
  if (key->empty() || key->size() > kKeyBytesMax || !printable) {
    return base::fail(base::Errc::Invalid, "found an Idempotency-Key of " + std::to_string(key->size()) +
                                               " bytes, allowed: 1 to " + std::to_string(kKeyBytesMax) +
                                               " printable ASCII characters");
  }
  return sha256(call().caller.name + '\n' + std::string(*key));
}

void PurgeRequest::answer() {
  if (auto refusal = understand_query()) return refuse(*refusal);
  auto key = understand_key();
  if (!key) return refuse({.status = 400, .code = "invalid", .text = key.error().text});
  const auto asked = parse_purge_body(body(), api().limits().batch);
  if (!asked) return refuse({.status = 400, .code = "invalid", .text = asked.error().text});
  for (const purge::Purge& purge : asked->purges) {
    if (call().caller.may_touch(purge.site)) continue;
    return refuse({.status = 403,
                   .code = "forbidden",
                   .text = "token \"" + call().caller.name + "\" may not purge site \"" + purge.site + "\""});
  }
  if (const auto refusal = closed()) return refuse(*refusal);
  batch_ = asked->batch;
  accept(asked->purges, anchor_.wrap([this](base::Result<std::vector<Sequence>> sequences) {
    on_accepted(std::move(sequences));
  }),
         std::move(*key));
}

void PurgeRequest::on_accepted(base::Result<std::vector<Sequence>> sequences) {
  if (!sequences) return refuse(unavailable(sequences.error()));
  sequences_ = std::move(*sequences);
  if (wait_ == 0ms) {
    const std::string number = std::to_string(sequences_.back());
    http::Fields fields;
    fields.add("location", "/v1/purges/" + number);
    std::string list;
    for (Sequence sequence : sequences_) list += (list.empty() ? "" : ",") + std::to_string(sequence);
    return respond(202, "{\"sequence\":" + number + (batch_ ? ",\"sequences\":[" + list + "]}" : "}"),
                   std::move(fields));
  }
  wait_end_ = api().home().clock().steady() + wait_;
  waiting_ = std::make_unique<Waiting>(api(), *this);
  look(false);
}

void PurgeRequest::look(bool now) {
  if (answered()) return;
  // Whoever has applied the last has applied all.
  const Sequence last = *std::ranges::max_element(sequences_);
  const base::Duration left = wait_end_ - api().home().clock().steady();
  if (!now && left > 0ms && !api().draining() && api().nodes().awaits(last)) {
    timer_.start(std::min<base::Duration>(left, kLook), [this] { look(false); });
    return;
  }
  timer_.stop();
  const Progress progress = api().nodes().progress(last);
  http::Fields fields;
  fields.add("location", "/v1/purges/" + std::to_string(last));
  respond(progress.complete() ? 200 : 202,
          progress_json(last, progress, nullptr, batch_ ? sequences_ : std::vector<Sequence>()),
          std::move(fields));
}

}  // namespace purgeapi
