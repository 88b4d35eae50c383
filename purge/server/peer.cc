// SPDX-License-Identifier: Apache-2.0
#include "purge/server/peer.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "edge/http/text_body.h"
#include "purge/clock/json_text.h"

namespace purgeapi {
namespace {

using base::Errc;
using nlohmann::json;
using namespace std::chrono_literals;

constexpr auto kAskEvery = 2s;
constexpr auto kAnswerLimit = 5s;
constexpr std::size_t kBodyBytesMax = 4096;

constexpr std::array<std::pair<std::string_view, LogRole>, 3> kRoles = {
    {{"primary", LogRole::Primary}, {"standby", LogRole::Standby}, {"superseded", LogRole::Superseded}}};

}  // namespace

std::string to_json(const Meeting& meeting) {
  const auto role =
      std::ranges::find(kRoles, meeting.leadership.role, [](const auto& one) { return one.second; });
  json out = {
      {"log_id", meeting.log_id}, {"role", std::string(role->first)}, {"term", meeting.leadership.term}};
  if (meeting.leadership.newer != 0) out["newer"] = meeting.leadership.newer;
  return out.dump();
}

base::Result<Meeting> parse_meeting(std::string_view text) {
  const json object = purge::json_or_null(text);
  if (!object.is_object() || !object.contains("log_id") || !object["log_id"].is_string() ||
      !object.contains("role") || !object["role"].is_string() || !object.contains("term") ||
      !object["term"].is_number_unsigned()) {
    return base::fail(Errc::Invalid, "allowed: {\"log_id\":TEXT,\"role\":TEXT,\"term\":NUMBER}");
  }
  const auto role = std::ranges::find(kRoles, object["role"].get_ref<const std::string&>(),
                                      [](const auto& one) { return one.first; });
  const auto term = object["term"].get<std::uint64_t>();
  if (role == kRoles.end() || term == 0 || term > kTermsMax) {
    return base::fail(Errc::Invalid,
                      "allowed: a role \"primary\", \"standby\" or \"superseded\", a term of 1 to 65536");
  }
  return Meeting{.log_id = object["log_id"].get<std::string>(),
                 .leadership = {.role = role->second, .term = term}};
}

Peer::Peer(base::Executor& home, http::ExchangeMaker& client, Options options, Tell tell, Heard heard)
    : client_(client),
      options_(std::move(options)),
      tell_(std::move(tell)),
      heard_(std::move(heard)),
      timer_(home) {}

Peer::~Peer() = default;

void Peer::ask() {
  status_ = 0;
  body_.clear();
  std::string text = to_json(tell_());
  http::ClientRequest request{
      .method = "POST", .url = options_.url + "/v1/standby/meet", .body_bytes = text.size()};
  request.body = http::text_body(std::move(text));
  request.fields.add("authorization", "Bearer " + options_.token);
  request.fields.add("content-type", "application/json");
  request.options = options_.server;
  exchange_ = client_.start(std::move(request), *this);
  timer_.start(kAnswerLimit, [this] { over({}); });
}

http::Flow Peer::on_data(std::string_view bytes) {
  if (body_.size() + bytes.size() <= kBodyBytesMax) body_ += bytes;
  return http::Flow::Continue;
}

void Peer::on_end(std::optional<http::ExchangeError> error) {
  if (error || status_ != 200) return over({});
  auto meeting = parse_meeting(body_);
  over(meeting ? std::optional(std::move(*meeting)) : std::nullopt);
}

void Peer::over(std::optional<Meeting> answer) {
  exchange_.reset();
  timer_.start(kAskEvery, [this] { ask(); });
  heard_(std::move(answer));
}

}  // namespace purgeapi
