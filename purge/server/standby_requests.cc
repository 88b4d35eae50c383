// SPDX-License-Identifier: Apache-2.0
#include "purge/server/standby_requests.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "purge/clock/json_text.h"
#include "purge/server/standing.h"

namespace purgeapi {
namespace {

constexpr std::size_t kBodyBytesMax = 4096;

// Of an engine that needs no standby.
Refusal none() {
  return {.status = 404, .code = "not_found", .text = "the log of this API has no primary and no standby"};
}

}  // namespace

MeetRequest::MeetRequest(Call call) : ApiRequest(std::move(call), kBodyBytesMax) {}

void MeetRequest::answer() {
  if (api().standing() == nullptr) return refuse(none());
  const auto other = parse_meeting(body());
  if (!other) return refuse({.status = 400, .code = "invalid", .text = other.error().text});
  api().standing()->meets(*other);
  respond(200, to_json(api().standing()->meeting()));
}

StandbyAckRequest::StandbyAckRequest(Call call) : ApiRequest(std::move(call), kBodyBytesMax) {}

void StandbyAckRequest::answer() {
  if (api().standing() == nullptr) return refuse(none());
  const nlohmann::json object = purge::json_or_null(body());
  if (!object.is_object() || !object.contains("applied") || !object["applied"].is_number_unsigned() ||
      object.value("log_id", nlohmann::json()) != nlohmann::json(api().journal().log_id())) {
    return refuse({.status = 409,
                   .code = "conflict",
                   .text = "allowed: {\"applied\":NUMBER,\"log_id\":\"" + api().journal().log_id() + "\"}"});
  }
  if (auto refusal = api().standing()->refusal()) return refuse(*refusal);
  api().standing()->acknowledged(object["applied"].get<Sequence>());
  respond(200, "{}");
}

void StandbyView::answer() {
  if (api().standing() == nullptr) return refuse(none());
  const Standing& standing = *api().standing();
  nlohmann::json out = nlohmann::json::parse(to_json(standing.meeting()));
  out["head"] = api().journal().bounds().head;
  if (standing.leadership().role == LogRole::Primary) {
    out["standby"] = standing.has_standby();
    if (standing.has_standby()) out["standby_has"] = standing.standby_has();
  }
  respond(200, out.dump());
}

void PromoteRequest::answer() {
  if (api().standing() == nullptr) return refuse(none());
  if (!call().caller.may_touch("*")) {
    return refuse(
        {.status = 403,
         .code = "forbidden",
         .text = "token \"" + call().caller.name + "\" is not for all sites (\"*\"), as the log is"});
  }
  api().standing()->promote(api().wall_ms(), anchor_.wrap([this](base::Result<std::uint64_t> term) {
    if (!term && term.error().code != base::Errc::Denied) return refuse(unavailable(term.error()));
    if (!term) return refuse({.status = 409, .code = "conflict", .text = term.error().text});
    respond(200, nlohmann::json({{"term", *term},
                                 {"log_id", api().journal().log_id()},
                                 {"head", api().journal().bounds().head}})
                     .dump());
  }));
}

}  // namespace purgeapi
