// SPDX-License-Identifier: Apache-2.0
#include "edge/node/purge_method.h"

#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

#include "edge/base/log.h"
#include "edge/base/quantity.h"
#include "edge/base/secret.h"
#include "edge/base/text.h"
#include "edge/node/answer.h"
#include "edge/node/finished.h"
#include "edge/node/purge_words.h"
#include "edge/node/routing.h"
#include "edge/policy/forwarding.h"

namespace node {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

constexpr std::size_t kClientKeyBytesMax = 100;

std::string dumped(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

/// A token as one of three kinds of clients sends it; empty if there is none.
std::string_view token_of(const http::Fields& fields) {
  constexpr std::string_view kBearer = "bearer ";
  const std::string_view authorization = fields.get("authorization").value_or("");
  if (base::iequals(authorization.substr(0, kBearer.size()), kBearer))
    return base::trimmed(authorization.substr(kBearer.size()));
  if (const auto key = fields.get("fastly-key")) return *key;
  return fields.get("x-purge-token").value_or("");
}

/// The number of a purge that was accepted: "Location: /v1/purges/17". The body, which has it too, grows with
/// the fleet and may have been cut.
std::optional<purge::Sequence> sequence_of(const ApiAnswer& answer) {
  constexpr std::string_view kPath = "/v1/purges/";
  const std::size_t at = answer.location.rfind(kPath);
  if (at == std::string::npos) return {};
  const std::string_view digits = std::string_view(answer.location).substr(at + kPath.size());
  purge::Sequence out = 0;
  const auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), out);
  if (fault != std::errc() || end != digits.data() + digits.size()) return {};
  return out;
}

}  // namespace

PurgeMethod::PurgeMethod(Context& context, const http::ConnectionInfo& connection, http::RequestHead head,
                         http::ResponseWriter& writer)
    : context_(context),
      connection_(connection),
      head_(std::move(head)),
      writer_(writer),
      config_(context.config),
      begun_(context.executor.clock().steady()) {}

void PurgeMethod::start() {
  Route route = node::route(*config_, connection_, head_);
  site_ = route.site;
  if (route.answer) {
    http::ResponseHead head = synthetic_head(*route.answer, config_->node, context_.executor.clock().wall());
    return writer_.respond(std::move(head), text_body(std::move(route.answer->text)));
  }
  if (const auto refusal = check()) return refuse(*refusal);
  const auto purge = purge_of(*config_, *site_, head_);
  if (!purge) return refuse({400, "invalid", head_.method + ": " + purge.error().text});
  forward(*purge);
}

std::optional<PurgeMethod::Refusal> PurgeMethod::check() {
  PurgeGate* gate = context_.shared.purges;
  if (site_->purge == nullptr || gate == nullptr) {
    return Refusal{405, "method_not_allowed",
                   "site \"" + site_->name + "\" takes no " + head_.method + " ([site.purge])"};
  }
  if (auto refusal = check_access()) return refusal;
  if (!gate->take(*site_, context_.executor.clock().steady())) {
    return Refusal{
        429, "rate_limited",
        "more purges than the " + std::to_string(site_->purge->rate) + " a second that are allowed"};
  }
  place_ = gate->enter();
  if (!place_) return Refusal{503, "unavailable", "as many purges are under way as [purge] forwards allows"};
  return {};
}

std::optional<PurgeMethod::Refusal> PurgeMethod::check_access() const {
  const PurgeMethods& rules = *site_->purge;
  const std::string_view token = token_of(head_.fields);
  const bool known = !token.empty() && base::is_one_of(token, rules.tokens);
  const bool near = rules.clients.contains(policy::client_address(head_.fields, connection_));
  const bool need_both = rules.require == PurgeMethods::Require::Both;
  if (need_both ? known && near : known || near) return {};
  if (rules.tokens.empty() || (need_both && known)) {
    return Refusal{403, "forbidden", "this client's address is not among those that may purge"};
  }
  return Refusal{401, "unauthorized",
                 "found no known token, allowed: one of [site.purge] as \"Authorization: Bearer TOKEN\", "
                 "\"Fastly-Key\" or \"X-Purge-Token\""};
}

void PurgeMethod::forward(const purge::Purge& purge) {
  const PurgeConfig& api = config_->purge;
  const PurgeMethods& rules = *site_->purge;
  ApiOrder order{.urls = api.urls(),
                 .path = "/v1/purges",
                 .token = api.purge_token.empty() ? api.token : api.purge_token,
                 .server = context_.shared.purges->server(),
                 .json = purge::to_json(purge),
                 .key = context_.shared.purges->next_key(),
                 .limit = api.forward_limit};
  // Who sends a purge twice may say so: then it is one.
  const std::string_view own = head_.fields.get("idempotency-key").value_or("");
  if (!own.empty() && own.size() <= kClientKeyBytesMax) order.key = site_->name + ":" + std::string(own);
  if (rules.wait_for == PurgeMethods::WaitFor::Nodes) {
    order.path += "?wait=" + base::format_duration(rules.wait);
    order.limit += rules.wait;
  }
  post_ = std::make_unique<ApiPost>(context_.executor, context_.client, std::move(order),
                                    [this](ApiAnswer answer) { on_answer(std::move(answer)); });
}

void PurgeMethod::on_answer(ApiAnswer answer) {
  PurgeGate& gate = *context_.shared.purges;
  place_.reset();
  if (answer.status == 200 || answer.status == 202) return on_accepted(answer);
  if (answer.status == 401 || answer.status == 403) {
    gate.refused.fetch_add(1);
    logs::error("the purge API refuses purges of this edge: does its token have the role \"purge\"?",
                {{"site", site_->name}, {"status", answer.status}});
    return refuse({502, "unavailable", "the purge API does not let this edge purge this site"});
  }
  if (answer.status >= 400 && answer.status < 500) {
    gate.refused.fetch_add(1);
    http::Fields fields;
    if (!answer.retry_after.empty()) fields.add("retry-after", answer.retry_after);
    return respond(answer.status, std::move(answer.body), std::move(fields));
  }
  gate.failed.fetch_add(1);
  logs::warn("a purge could not be handed on",
             {{"site", site_->name}, {"status", answer.status}, {"reason", answer.error}});
  refuse({503, "unavailable", "the purge API is away: send it again"}, answer.retry_after);
}

// It is in the log, whatever else can be read.
void PurgeMethod::on_accepted(const ApiAnswer& answer) {
  const PurgeMethods& rules = *site_->purge;
  const auto sequence = sequence_of(answer);
  if (rules.wait_for == PurgeMethods::WaitFor::Nodes) return on_logged(sequence, answer.status == 200);
  const auto place = context_.shared.clock != nullptr ? context_.shared.clock->now() : std::nullopt;
  if (rules.wait_for != PurgeMethods::WaitFor::Here || !place || !sequence) return on_logged(sequence, {});
  wait_ = std::make_unique<ClockWait>(*context_.shared.clock, context_.executor,
                                      ClockPlace{place->log_id, *sequence}, rules.wait,
                                      [this, sequence](bool reached) { on_logged(sequence, reached); });
}

void PurgeMethod::on_logged(std::optional<purge::Sequence> sequence, std::optional<bool> applied) {
  context_.shared.purges->accepted.fetch_add(1);
  json out = {{"status", "ok"}};
  if (sequence) out["id"] = std::to_string(*sequence);
  if (applied) out["applied"] = *applied;
  respond(200, dumped(out));
}

void PurgeMethod::refuse(const Refusal& refusal, std::string_view retry_after) {
  place_.reset();
  http::Fields fields;
  if (refusal.status == 401) fields.add("www-authenticate", "Bearer realm=\"purge\"");
  if (refusal.status == 405) fields.add("allow", "GET, HEAD, OPTIONS, POST, PUT, PATCH, DELETE");
  if (refusal.status == 429 || refusal.status == 503)
    fields.add("retry-after", retry_after.empty() ? "1" : retry_after);
  if (refusal.status != 405 && context_.shared.purges != nullptr && refusal.status < 500)
    context_.shared.purges->refused.fetch_add(1);
  respond(refusal.status, dumped({{"error", {{"code", refusal.code}, {"message", refusal.text}}}}),
          std::move(fields));
}

void PurgeMethod::respond(int status, std::string text, http::Fields fields) {
  http::ResponseHead head{.status = status, .fields = std::move(fields)};
  head.body_bytes = text.size();
  head.fields.add("content-type", "application/json");
  head.fields.add("cache-control", "no-store");
  head.fields.add("via", "1.1 " + config_->node);
  writer_.respond(std::move(head), text_body(std::move(text)));
}

void PurgeMethod::on_finished(const http::Delivery& delivery) {
  note_finished(context_, {.head = head_,
                           .connection = connection_,
                           .delivery = delivery,
                           .site = site_ != nullptr ? site_->name : std::string_view{},
                           .begun = begun_});
}

}  // namespace node
