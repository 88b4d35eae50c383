// SPDX-License-Identifier: Apache-2.0
#include "purge/follow/http_source.h"

#include <utility>

#include "edge/base/check.h"

namespace purge {
namespace {

constexpr std::size_t kLineBytesMax = 8U << 20;  // a purge of 1,000 names of 2 KiB, escaped

}  // namespace

HttpSource::HttpSource(base::Executor& home, http::ExchangeMaker& client, Options options, Sink& sink)
    : home_(home), client_(client), options_(std::move(options)), sink_(sink), lines_(kLineBytesMax) {
  CHECK(!options_.api_urls.empty());
}

HttpSource::~HttpSource() = default;

void HttpSource::connect(Sequence after, const std::string& log_id, std::optional<std::uint64_t> digest) {
  const std::string& api = options_.api_urls[at_];
  std::string url = api + options_.log_path + "?after=" + std::to_string(after) + "&node=" + options_.node;
  if (!log_id.empty()) url += "&log_id=" + log_id;
  http::ClientRequest request{.url = std::move(url), .options = options_.server};
  request.fields.add("authorization", "Bearer " + options_.token);
  request.fields.add("accept", "application/x-ndjson");
  if (digest) request.fields.add(kDigestField, to_text(*digest));
  lines_ = LineCutter(kLineBytesMax);
  good_ = false;
  exchange_ = client_.start(std::move(request), *this);
}

// An API that said nothing of use is not asked again before the others were.
void HttpSource::disconnect() {
  exchange_.reset();
  acknowledger_.reset();
  if (good_ || options_.api_urls.size() == 1) return;
  at_ = (at_ + 1) % options_.api_urls.size();
}

void HttpSource::resume() {
  if (exchange_) exchange_->resume();
}

void HttpSource::tell(Sequence applied, const std::string& log_id) {
  if (acknowledger_) acknowledger_->tell(applied, log_id);
}

void HttpSource::on_head(http::ResponseHead head) {
  if (head.status != 200) lost("it answered with status " + std::to_string(head.status));
}

http::Flow HttpSource::on_data(std::string_view bytes) {
  sink_.on_word();
  const base::Status status = lines_.push(bytes, [this](std::string_view line) { return take(line); });
  if (!status) {
    lost(status.error().text);
    return http::Flow::Continue;
  }
  return sink_.full() ? http::Flow::Pause : http::Flow::Continue;
}

base::Status HttpSource::take(std::string_view line) {
  if (!acknowledger_) {
    const std::string path =
        options_.ack_path.empty() ? "/v1/nodes/" + options_.node + "/ack" : options_.ack_path;
    acknowledger_ =
        std::make_unique<Acknowledger>(home_, client_,
                                       Acknowledger::Options{.url = options_.api_urls[at_] + path,
                                                             .authorization = "Bearer " + options_.token,
                                                             .server = options_.server,
                                                             .limit = options_.silence_limit});
  }
  base::Status taken = sink_.on_line(line);
  good_ = good_ || taken;
  return taken;
}

void HttpSource::on_end(std::optional<http::ExchangeError> error) {
  lost(error ? error->error.text : "it ended the response");
}

void HttpSource::lost(const std::string& reason) {
  // With another API to ask, one that ended its log goes to the end of the line.
  good_ = false;
  sink_.on_lost(options_.api_urls.size() == 1 ? reason : options_.api_urls[at_] + ": " + reason);
}

}  // namespace purge
