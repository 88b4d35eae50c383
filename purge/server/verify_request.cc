// SPDX-License-Identifier: Apache-2.0
#include "purge/server/verify_request.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "edge/base/text.h"
#include "purge/clock/json_text.h"

namespace purgeapi {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

constexpr auto kLook = 500ms;  // silence is no event
constexpr std::size_t kAnswerBytesMax = 256U << 10;
constexpr std::size_t kHeadersMax = 16;
constexpr std::string_view kHeader = "header.";

Refusal invalid(std::string text) { return {.status = 400, .code = "invalid", .text = std::move(text)}; }

std::string decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte =
        text[i] == '%' && i + 2 < text.size() ? base::unhex(text.substr(i + 1, 2)) : std::nullopt;
    out += byte && byte->size() == 1 ? byte->front() : text[i];
    if (byte && byte->size() == 1) i += 2;
  }
  return out;
}

std::string dumped(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

}  // namespace

class VerifyRequest::Waiting final : public Api::Waiter {
 public:
  Waiting(Api& api, VerifyRequest& request) : Waiter(api), request_(request) {}
  void look(bool last) override { request_.look(last); }

 private:
  VerifyRequest& request_;
};

VerifyRequest::VerifyRequest(Call call) : ApiRequest(std::move(call)), timer_(api().home()) {}
VerifyRequest::~VerifyRequest() {
  if (!id_.empty()) api().questions().end(id_);
}

std::optional<Refusal> VerifyRequest::understand() {
  for (const auto& [key, value] : query_of(call().head.target)) {
    if (key == "site") {
      site_ = decoded(value);
    } else if (key == "url") {
      url_ = decoded(value);
    } else if (key.starts_with(kHeader) && headers_.size() < kHeadersMax) {
      headers_[base::lowered(key.substr(kHeader.size()))] = decoded(value);
    } else {
      return invalid("unknown parameter \"" + key + "\", allowed: site, url, and up to " +
                     std::to_string(kHeadersMax) + " of header.NAME");
    }
  }
  // What can be verified is what can be purged.
  const purge::Purge purge{.site = site_, .kind = purge::Kind::Urls, .names = {url_}};
  if (url_.empty()) return invalid("found no url, allowed: url=ABSOLUTE_URL, percent-encoded");
  if (const auto good = purge::parse_purge(purge::to_json(purge)); !good) return invalid(good.error().text);
  if (!call().caller.may_touch(site_)) {
    return Refusal{.status = 403,
                   .code = "forbidden",
                   .text = "token \"" + call().caller.name + "\" may not see site \"" + site_ + "\""};
  }
  return {};
}

void VerifyRequest::answer() {
  if (auto refusal = understand()) return refuse(*refusal);
  if (api().draining())
    return refuse({.status = 503, .code = "unavailable", .text = "the API is going down"});
  id_ = api().questions().begin(*this);
  if (id_.empty()) {
    return refuse({.status = 503,
                   .code = "unavailable",
                   .text = "as many questions are under way as [limits] verifications allows"});
  }
  at_ = api().journal().bounds().head;
  for (const auto& [name, node] : api().nodes().all()) {
    if (api().nodes().live(node)) asked_.insert(name);
  }
  const std::chrono::milliseconds limit = api().limits().verify;
  end_ = api().home().clock().steady() + limit;
  const json question = {{"id", id_}, {"site", site_},       {"url", url_},
                         {"at", at_}, {"headers", headers_}, {"limit_ms", limit.count()}};
  // Nodes that do not know the question take the line for a heartbeat.
  api().questions().carry(dumped({{"verify", question}, {"head", at_}}));
  waiting_ = std::make_unique<Waiting>(api(), *this);
  look(false);
}

void VerifyRequest::on_answer(const std::string& node, std::string text) {
  answers_[node] = std::move(text);
  look(false);
}

void VerifyRequest::look(bool last) {
  if (answered()) return;
  const auto& nodes = api().nodes().all();
  const bool wait = std::ranges::any_of(asked_, [&](const std::string& name) {
    const auto found = nodes.find(name);
    return !answers_.contains(name) && found != nodes.end() && api().nodes().live(found->second);
  });
  const base::Duration left = end_ - api().home().clock().steady();
  if (wait && !last && left > 0ms && !api().draining()) {
    timer_.start(std::min<base::Duration>(left, kLook), [this] { look(false); });
    return;
  }
  timer_.stop();
  respond(200, report());
}

std::string VerifyRequest::report() const {
  json out = {
      {"site", site_}, {"url", url_}, {"at", at_}, {"nodes", json::array()}, {"silent", json::array()}};
  for (const auto& [name, text] : answers_) {
    const json answer = purge::json_or_null(text);
    out["nodes"].push_back({{"node", name},
                            {"applied", answer["applied"]},
                            {"behind", answer["applied"].get<Sequence>() < at_},
                            {"holds", answer["holds"]},
                            {"stale", answer["stale"]},
                            {"dead", answer["dead"]},
                            {"copies", answer["copies"]}});
  }
  for (const auto& [name, node] : call().api.nodes().all()) {
    if (!answers_.contains(name)) out["silent"].push_back(name);
  }
  return dumped(out);
}

VerifyAnswer::VerifyAnswer(Call call) : ApiRequest(std::move(call), kAnswerBytesMax) {}

void VerifyAnswer::answer() {
  if (!purge::is_node_name(call().name())) {
    return refuse(
        invalid("found node \"" + call().name() + "\", allowed: " + std::string(purge::kNodeNamesAllowed)));
  }
  const auto id = question_answered(body());
  if (!id) {
    return refuse(invalid(R"(allowed: {"id":TEXT,"applied":N,"holds":N,"stale":N,"dead":N,"copies":[…]})"));
  }
  if (!api().questions().answer(*id, call().name(), body())) {
    return refuse({.status = 404, .code = "not_found", .text = "nobody here waits for an answer of this id"});
  }
  respond(200, "{}");
}

}  // namespace purgeapi
