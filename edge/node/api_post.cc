// SPDX-License-Identifier: Apache-2.0
#include "edge/node/api_post.h"

#include <algorithm>
#include <utility>

#include "edge/http/text_body.h"

namespace node {
namespace {

constexpr unsigned kTriesMax = 3;
constexpr std::chrono::milliseconds kPause{100};
constexpr std::size_t kAnswerBytesMax = 64 << 10;

}  // namespace

ApiPost::ApiPost(base::Executor& home, http::ExchangeMaker& client, ApiOrder order,
                 std::move_only_function<void(ApiAnswer)> done)
    : client_(client), order_(std::move(order)), done_(std::move(done)), limit_(home), again_(home) {
  limit_.start(order_.limit, [this] {
    if (!is_accepted()) answer_ = {.error = "no answer in time"};
    finish();
  });
  send();
}

void ApiPost::send() {
  const std::string& api = order_.urls[tries_ % order_.urls.size()];
  ++tries_;
  answer_ = {};
  http::ClientRequest request{.method = "POST",
                              .url = api + order_.path,
                              .body = http::text_body(order_.json),
                              .body_bytes = order_.json.size()};
  request.fields.add("authorization", "Bearer " + order_.token);
  request.fields.add("content-type", "application/json");
  if (!order_.key.empty()) request.fields.add("idempotency-key", order_.key);
  request.options = order_.server;
  exchange_ = client_.start(std::move(request), *this);
}

void ApiPost::on_head(http::ResponseHead head) {
  answer_.status = head.status;
  answer_.location = head.fields.get("location").value_or("");
  answer_.retry_after = head.fields.get("retry-after").value_or("");
}

http::Flow ApiPost::on_data(std::string_view bytes) {
  answer_.body += bytes.substr(0, kAnswerBytesMax - std::min(kAnswerBytesMax, answer_.body.size()));
  return http::Flow::Continue;
}

void ApiPost::on_end(std::optional<http::ExchangeError> error) {
  if (is_accepted() || (!error && !is_to_be_tried_elsewhere())) return finish();
  if (!error) {
    exchange_.reset();
    return again_.start(base::Duration::zero(), [this] { send(); });
  }
  answer_ = {.error = error->error.text};
  if (tries_ >= std::max<std::size_t>(kTriesMax, order_.urls.size())) return finish();
  exchange_.reset();
  again_.start(kPause, [this] { send(); });
}

bool ApiPost::is_to_be_tried_elsewhere() const {
  return (answer_.status == 503 || answer_.status == 404) && tries_ < order_.urls.size();
}

// The head says it all: what is missing of the body does not undo it.
bool ApiPost::is_accepted() const {
  return (answer_.status == 200 || answer_.status == 202) && !answer_.location.empty();
}

void ApiPost::finish() {
  limit_.stop();
  again_.stop();
  exchange_.reset();
  auto done = std::move(done_);
  done(std::exchange(answer_, {}));
}

}  // namespace node
