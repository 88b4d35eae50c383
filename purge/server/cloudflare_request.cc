// SPDX-License-Identifier: Apache-2.0
#include "purge/server/cloudflare_request.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "edge/base/text.h"

namespace purgeapi {
namespace {

using nlohmann::ordered_json;

std::string_view path_of(const Call& call) {
  return std::string_view(call.head.target).substr(0, call.head.target.find('?'));
}

}  // namespace

std::string cloudflare_id(std::string_view log_id, Sequence sequence) {
  std::string number(8, '\0');
  for (std::size_t i = 8; i-- > 0; sequence >>= 8) number[i] = static_cast<char>(sequence & 0xff);
  return base::hex(sha256(log_id).substr(0, 8)) + base::hex(number);
}

CloudflareRequest::CloudflareRequest(Call call)
    : ApiRequest(call, call.api.limits().body_bytes, true) {}

std::expected<std::string, Refusal> CloudflareRequest::site() const {
  const auto& names = call().names;
  const auto unknown = [this] {
    std::string path(path_of(call()).substr(std::string_view("/client/v4").size()));
    return std::unexpected(
        Refusal{.status = 404,
                .code = "not_found",
                .text = "Could not route to " + path + ", perhaps your object identifier is invalid?",
                .number = 7003});
  };
  const CloudflareZone* zone = call().api.compat().zone(names[0]);
  if (zone == nullptr) return unknown();
  if (names.size() == 1) return zone->site;
  const auto found =
      std::ranges::find(zone->environments, names[1], &std::pair<std::string, std::string>::first);
  if (found == zone->environments.end()) return unknown();
  return found->second;
}

std::optional<Refusal> CloudflareRequest::over_limit(const CloudflareAsk& ask) {
  const CloudflareLimits& limits = api().compat().cloudflare;
  const std::string bucket = "cloudflare/" + call().names[0];
  std::vector<RateGates::Fee> fees;
  if (ask.limit_code != 0) fees.push_back({.bucket = bucket, .rate = limits.purges});
  if (ask.files != 0) {
    fees.push_back({.bucket = bucket + "/urls", .rate = limits.urls, .cost = static_cast<double>(ask.files)});
  }
  const auto passage = api().gates().pass(fees, api().home().clock().steady());
  const Rate& rate = fees.front().rate;
  limits_.add("ratelimit",
              "\"default\";r=" + std::to_string(passage.left) + ";t=" + std::to_string(passage.full_s));
  limits_.add("ratelimit-policy",
              "\"burst\";q=" + std::to_string(rate.burst) + ";w=" +
                  std::to_string(static_cast<std::uint64_t>(std::ceil(rate.burst / rate.per_second))));
  if (passage.allowed) return {};
  Refusal refusal{
      .status = 429,
      .code = "rate_limited",
      .text = "Unable to purge, rate limit reached. Please wait if you need to perform more operations",
      .number = ask.limit_code != 0 ? ask.limit_code : 1083,
      .fields = limits_};
  refusal.fields.add("retry-after", std::to_string(std::max<std::uint64_t>(1, passage.retry_s)));
  return refusal;
}

void CloudflareRequest::answer() {
  const auto of = site();
  if (!of) return refuse(of.error());
  if (!call().caller.may_touch(*of)) {
    return refuse({.status = 403,
                   .code = "forbidden",
                   .text = "Sorry, you do not have access to purge cache for that zone id",
                   .number = 1095});
  }
  const bool soft = path_of(call()).ends_with("/invalidate_cache");
  auto ask = parse_cloudflare(body(), *of, soft, api().compat().cloudflare);
  if (!ask) return refuse(ask.error());
  if (const auto shut = closed()) return refuse(*shut);
  if (const auto refusal = over_limit(*ask)) return refuse(*refusal);
  accept(ask->purges, anchor_.wrap([this](base::Result<std::vector<Sequence>> sequences) {
    on_accepted(std::move(sequences));
  }));
}

void CloudflareRequest::on_accepted(base::Result<std::vector<Sequence>> sequences) {
  if (!sequences) return refuse(unavailable(sequences.error()));
  const ordered_json answer = {
      {"success", true},
      {"errors", ordered_json::array()},
      {"messages", ordered_json::array()},
      {"result", {{"id", cloudflare_id(api().journal().log_id(), std::ranges::max(*sequences))}}}};
  respond(200, answer.dump(), std::move(limits_));
}

}  // namespace purgeapi
