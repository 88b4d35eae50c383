// SPDX-License-Identifier: Apache-2.0
#include "purge/follow/acknowledger.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "edge/base/log.h"
#include "edge/http/text_body.h"

namespace purge {

Acknowledger::Acknowledger(base::Executor& home, http::ExchangeMaker& client, Options options)
    : client_(client), options_(std::move(options)), timer_(home) {}

void Acknowledger::tell(Sequence applied, const std::string& log_id) {
  next_ = nlohmann::json{{"applied", applied}, {"log_id", log_id}}.dump();
  if (!exchange_ && !timer_.running()) send();
}

void Acknowledger::send() {
  if (next_.empty()) return;
  sent_ = std::exchange(next_, {});
  status_ = 0;
  http::ClientRequest request{
      .method = "POST", .url = options_.url, .body = http::text_body(sent_), .body_bytes = sent_.size()};
  request.fields.add("authorization", options_.authorization);
  request.fields.add("content-type", "application/json");
  request.options = options_.server;
  exchange_ = client_.start(std::move(request), *this);
  timer_.start(options_.limit, [this] { ended(false); });
}

void Acknowledger::on_end(std::optional<http::ExchangeError> error) {
  if (error) logs::debug("acknowledgement did not get through", {{"reason", error->error.text}});
  ended(!error && status_ >= 200 && status_ < 300);
}

void Acknowledger::ended(bool good) {
  exchange_.reset();
  timer_.stop();
  if (good) return send();
  if (next_.empty()) next_ = std::move(sent_);
  timer_.start(options_.retry, [this] { send(); });
}

}  // namespace purge
