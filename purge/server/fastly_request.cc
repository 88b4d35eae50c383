// SPDX-License-Identifier: Apache-2.0
#include "purge/server/fastly_request.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "edge/base/text.h"
#include "purge/clock/json_text.h"

namespace purgeapi {
namespace {

using nlohmann::ordered_json;
using purge::Kind;

constexpr std::string_view kSoft = "fastly-soft-purge";  // its presence counts

std::string_view host_of(std::string_view authority) {
  const std::size_t colon = authority.rfind(':');
  // Not one within "[::1]".
  const bool port = colon != std::string_view::npos && authority.find(']', colon) == std::string_view::npos;
  return port ? authority.substr(0, colon) : authority;
}

// The absolute URL that "/purge/…" names.
std::string url_of(std::string_view text) {
  std::string url(text);
  const std::string start = base::lowered(text.substr(0, 8));
  if (start.starts_with("http%3a") || start.starts_with("https%3a")) url = percent_decoded(text);
  if (url.starts_with("http://") || url.starts_with("https://")) return url;
  return "https://" + url;
}

// The URL that PURGE asks for; the port is the API's own and not the site's.
std::string url_of(const http::RequestHead& head) {
  return head.scheme + "://" + std::string(host_of(head.authority)) + head.target;
}

}  // namespace

void FastlyRequest::refuse_invalid(std::string text) {
  refuse({.status = 400, .code = "invalid", .text = std::move(text)});
}

purge::Purge FastlyRequest::purge_of(Kind kind, std::vector<std::string> names) const {
  return {.kind = kind, .names = std::move(names), .soft = call().head.fields.has(kSoft)};
}

http::Fields FastlyRequest::over_limit(const FastlyService& service, const purge::Purge& purge,
                                       std::optional<Refusal>& refusal) {
  const FastlyLimits& limits = api().compat().fastly;
  const bool all = purge.kind == Kind::Everything;
  const RateGates::Fee fee = {.bucket = "fastly/" + service.id + (all ? "/all" : ""),
                              .rate = all ? limits.purge_all : limits.purges,
                              .cost = all ? 1.0 : static_cast<double>(purge.names.size())};
  const auto passage = api().gates().pass({&fee, 1}, api().home().clock().steady());
  http::Fields fields;
  if (all || !passage.allowed) {
    const auto now = static_cast<std::uint64_t>(api().wall_ms() / 1000);
    fields.add("fastly-ratelimit-remaining", std::to_string(passage.left));
    fields.add("fastly-ratelimit-reset", std::to_string(now + passage.full_s));
  } else {
    fields.add("fastly-instant-rate", std::to_string(passage.this_second));
    if (purge.kind == Kind::Tags) {
      fields.add("fastly-surrogate-key-count", std::to_string(purge.names.size()));
    }
  }
  if (passage.allowed) return fields;
  refusal = {.status = 429,
             .code = "rate_limited",
             .text = "service \"" + service.id + "\" has reached its rate limit",
             .fields = std::move(fields)};
  refusal->fields.add("retry-after", std::to_string(std::max<std::uint64_t>(1, passage.retry_s)));
  return {};
}

void FastlyRequest::submit(const FastlyService* service, purge::Purge purge) {
  if (service == nullptr) {
    return refuse(
        {.status = 404, .code = "not_found", .text = "Couldn't find Service '" + call().names[0] + "'"});
  }
  if (!call().caller.may_touch(service->site)) {
    return refuse(
        {.status = 403,
         .code = "forbidden",
         .text = "token \"" + call().caller.name + "\" may not purge service \"" + service->id + "\""});
  }
  purge.site = service->site;
  const auto good = purge::parse_purge(purge::to_json(purge));
  if (!good) return refuse_invalid(good.error().text);
  if (*good != purge) return refuse_invalid("found a name that is not UTF-8");
  if (const auto shut = closed()) return refuse(*shut);
  std::optional<Refusal> refusal;
  fields_ = over_limit(*service, purge, refusal);
  if (refusal) return refuse(*refusal);
  accept({std::move(purge)},
         anchor_.wrap([this](base::Result<std::vector<Sequence>> sequences) { take(std::move(sequences)); }));
}

void FastlyRequest::take(base::Result<std::vector<Sequence>> sequences) {
  if (!sequences) return refuse(unavailable(sequences.error()));
  on_accepted(std::ranges::max(*sequences));
}

std::string FastlyRequest::id(Sequence sequence, std::size_t index) const {
  return std::to_string(index + 1) + "-" + std::to_string(call().api.wall_ms() / 1000) + "-" +
         std::to_string(sequence);
}

void FastlyRequest::respond_ok(Sequence sequence) {
  respond_with(ordered_json({{"status", "ok"}, {"id", id(sequence)}}).dump());
}

void FastlyRequest::respond_with(std::string json) { respond(200, std::move(json), std::move(fields_)); }

void FastlyKeyRequest::answer() {
  std::string key = percent_decoded(call().names[1]);
  if (key.empty()) return refuse_invalid("found no key after \"/purge/\"");
  submit(service(), purge_of(Kind::Tags, {std::move(key)}));
}

FastlyKeysRequest::FastlyKeysRequest(Call call) : FastlyRequest(call, call.api.limits().body_bytes) {}

std::optional<std::string> FastlyKeysRequest::read_keys() {
  for (const auto field : call().head.fields) {
    if (field.name != "surrogate-key") continue;
    base::split(field.value, ' ', [this](std::string_view key) { keys_.emplace_back(key); });
  }
  if (!body().empty()) {
    const auto object = purge::json_or_null(body());
    const auto list = object.is_object() ? object.find("surrogate_keys") : object.end();
    if (!object.is_object()) return "the body is not a JSON object";
    if (list != object.end() && !list->is_array()) return "\"surrogate_keys\" is not a list of texts";
    for (std::size_t i = 0; list != object.end() && i < list->size(); ++i) {
      if (!(*list)[i].is_string()) return "\"surrogate_keys\" is not a list of texts";
      keys_.push_back((*list)[i].get<std::string>());
    }
  }
  std::set<std::string> seen;
  std::erase_if(keys_, [&seen](const std::string& key) { return !seen.insert(key).second; });
  if (keys_.empty()) {
    return R"(found no key, allowed: the field Surrogate-Key, or {"surrogate_keys": [KEY, …]})";
  }
  const std::size_t most = call().api.compat().fastly.keys;
  if (keys_.size() <= most) return {};
  return "found " + std::to_string(keys_.size()) + " keys, allowed: " + std::to_string(most);
}

void FastlyKeysRequest::answer() {
  if (auto wrong = read_keys()) return refuse_invalid(std::move(*wrong));
  submit(service(), purge_of(Kind::Tags, keys_));
}

void FastlyKeysRequest::on_accepted(Sequence sequence) {
  ordered_json ids = ordered_json::object();
  for (std::size_t i = 0; i < keys_.size(); ++i) ids[keys_[i]] = id(sequence, i);
  respond_with(ids.dump());
}

void FastlyAllRequest::answer() {
  if (call().head.fields.has(kSoft)) {
    return refuse_invalid("found Fastly-Soft-Purge, which is not for purge_all: purge a key of all objects");
  }
  submit(service(), purge_of(Kind::Everything, {}));
}

void FastlyAllRequest::on_accepted(Sequence) { respond_with(R"({"status":"ok"})"); }

void FastlyUrlRequest::answer() {
  const std::string url = call().head.method == "PURGE" ? url_of(call().head) : url_of(call().names[0]);
  const std::string_view rest = std::string_view(url).substr(url.find("://") + 3);
  const std::string host(host_of(rest.substr(0, rest.find_first_of("/?#"))));
  const FastlyService* service = api().compat().service_of_host(host);
  if (service == nullptr) {
    return refuse({.status = 404,
                   .code = "not_found",
                   .text = "found host \"" + host + "\", which no [[fastly_service]] names in its hosts"});
  }
  submit(service, purge_of(Kind::Urls, {url}));
}

}  // namespace purgeapi
