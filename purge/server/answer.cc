// SPDX-License-Identifier: Apache-2.0
#include "purge/server/answer.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "edge/base/text.h"

namespace purgeapi {
namespace {

// A text of any length, handed over chunk by chunk.
class LongText final : public http::BodySource {
 public:
  explicit LongText(std::string text) : text_(std::move(text)) {}
  http::Pull pull(std::size_t max, base::Slice& out) override {
    if (at_ == text_.size()) return http::Pull::End;
    out = base::slice_of(std::string_view(text_).substr(at_, std::min(max, base::kChunkBytes)));
    at_ += out.bytes.size();
    return http::Pull::Data;
  }

 private:
  std::string text_;
  std::size_t at_ = 0;
};

}  // namespace

std::string to_json(const Refusal& refusal) {
  const nlohmann::json error = {{"error", {{"code", refusal.code}, {"message", refusal.text}}}};
  // The message may quote a request that is not UTF-8.
  return error.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Refusal unavailable(const base::Error& error) {
  switch (error.code) {
    case base::Errc::Exists: return {.status = 422, .code = "idempotency_key", .text = error.text};
    case base::Errc::Invalid: return {.status = 413, .code = "too_large", .text = error.text};
    default:
      return {.status = 503, .code = "unavailable", .text = "the purge log is not available: " + error.text};
  }
}

Refusal going_down() { return {.status = 503, .code = "unavailable", .text = "the API is going down"}; }

void respond(http::ResponseWriter& writer, int status, std::string_view type, std::string text,
             http::Fields fields) {
  http::ResponseHead head{.status = status, .fields = std::move(fields), .body_bytes = text.size()};
  head.fields.add("content-type", type);
  head.fields.add("cache-control", "no-store");
  writer.respond(std::move(head), std::make_unique<LongText>(std::move(text)));
}

Query query_of(std::string_view target) {
  Query query;
  const std::size_t mark = target.find('?');
  if (mark == std::string_view::npos) return query;
  base::split(target.substr(mark + 1), '&', [&](std::string_view pair) {
    const std::size_t equals = std::min(pair.find('='), pair.size());
    query.emplace(pair.substr(0, equals), pair.substr(std::min(equals + 1, pair.size())));
  });
  return query;
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte =
        text[i] == '%' && i + 2 < text.size() ? base::unhex(text.substr(i + 1, 2)) : std::nullopt;
    out += byte ? byte->front() : text[i];
    if (byte) i += 2;
  }
  return out;
}

}  // namespace purgeapi
