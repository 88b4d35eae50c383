// SPDX-License-Identifier: Apache-2.0
#include "purge/server/api_request.h"

#include "edge/base/text.h"
#include "purge/server/standing.h"

namespace purgeapi {
namespace {

Refusal too_large(std::size_t most) {
  return {.status = 413,
          .code = "too_large",
          .text = "the body is larger than the " + std::to_string(most) + " bytes that are allowed"};
}

bool is_json(std::string_view type) {
  return base::iequals(base::trimmed(type.substr(0, type.find(';'))), "application/json");
}

}  // namespace

void ApiRequest::start() {
  if (body_bytes_max_ == 0) return answer();  // a body that nobody asked for is read and dropped
  const auto type = call_.head.fields.get("content-type");
  if (type && !any_type_ && !is_json(*type)) {
    return refuse({.status = 415,
                   .code = "unsupported_media_type",
                   .text = "found Content-Type \"" + std::string(*type) + "\", allowed: application/json"});
  }
  if (call_.head.body_bytes.value_or(0) > body_bytes_max_) return refuse(too_large(body_bytes_max_));
  if (!call_.head.has_body) answer();
}

void ApiRequest::on_body(std::string_view bytes) {
  call_.writer.consumed(bytes.size());
  if (answered_ || body_bytes_max_ == 0) return;
  if (body_.size() + bytes.size() > body_bytes_max_) return refuse(too_large(body_bytes_max_));
  body_ += bytes;
}

void ApiRequest::on_body_end() {
  if (!answered_ && body_bytes_max_ != 0) answer();
}

std::optional<Refusal> ApiRequest::closed() {
  if (api().draining()) return going_down();
  return api().standing() == nullptr ? std::nullopt : api().standing()->purge_refusal();
}

void ApiRequest::accept(const std::vector<purge::Purge>& purges, Api::Accepted done,
                        std::string request_key) {
  Api::Origin origin{.asker = asker(), .request_key = std::move(request_key)};
  if (!origin.request_key.empty()) origin.digest = sha256(body_);
  api().accept(purges, std::move(origin), std::move(done));
}

void ApiRequest::respond(int status, std::string json, http::Fields fields) {
  answered_ = true;
  json += call_.dialect->end;
  purgeapi::respond(call_.writer, status, "application/json", std::move(json), std::move(fields));
}

Asker ApiRequest::asker() const {
  return {.by = call_.caller.name, .from = call_.from, .api = std::string(call_.dialect->name)};
}

// Who was not let in, and whoever may purge and was refused something else than a look.
void ApiRequest::audit(const Refusal& refusal) {
  const bool shut_out = refusal.status == 401 || refusal.status == 403;
  const bool purging =
      call_.caller.has(Role::Purge) && call_.head.method != "GET" && call_.head.method != "HEAD";
  if (api().audit() == nullptr || (!shut_out && !purging)) return;
  api().audit()->refused(asker(), call_.head.method, call_.head.target, refusal);
}

void ApiRequest::refuse(const Refusal& refusal) {
  audit(refusal);
  http::Fields fields = refusal.fields;
  if (refusal.status == 401) fields.add("www-authenticate", "Bearer realm=\"selvage-purge\"");
  if (refusal.status == 405) fields.add("allow", refusal.allow);
  if (refusal.status == 503) fields.add("retry-after", "1");
  respond(refusal.status, call_.dialect->refusal(refusal), std::move(fields));
}

}  // namespace purgeapi
