// SPDX-License-Identifier: Apache-2.0
#include "purge/server/api.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "purge/server/log_stream.h"
#include "purge/server/requests.h"
#include "purge/server/standby_requests.h"
#include "purge/server/standing.h"

namespace purgeapi {
namespace {

using HandlerPtr = std::unique_ptr<http::Handler>;

template <typename T>
HandlerPtr make_handler(Call call) {
  return std::make_unique<T>(std::move(call));
}

struct Route {
  std::string_view method;
  std::string_view before;  ///< the path up to its variable part, or all of it
  std::string_view after;   ///< what follows the variable part
  bool variable;
  std::uint8_t roles;  ///< any of these
  HandlerPtr (*make)(Call);
};

constexpr std::chrono::seconds kForgetEvery{60};

constexpr std::uint8_t role(Role one) { return static_cast<std::uint8_t>(one); }
constexpr std::uint8_t kSee = role(Role::Purge) | role(Role::Read);

constexpr std::array<Route, 11> kRoutes = {{
    {"POST", "/v1/purges", "", false, role(Role::Purge), &make_handler<PurgeRequest>},
    {"GET", "/v1/purges/", "", true, kSee, &make_handler<PurgeView>},
    {"GET", "/v1/nodes", "", false, kSee, &make_handler<NodesView>},
    {"GET", "/v1/log", "", false, role(Role::Node), &make_handler<LogStream>},
    {"DELETE", "/v1/nodes/", "", true, role(Role::Purge), &make_handler<RetireRequest>},
    {"POST", "/v1/nodes/", "/ack", true, role(Role::Node), &make_handler<AckRequest>},
    {"GET", "/v1/standby", "", false, kSee | role(Role::Standby), &make_handler<StandbyView>},
    {"GET", "/v1/standby/log", "", false, role(Role::Standby), &make_handler<LogStream>},
    {"POST", "/v1/standby/ack", "", false, role(Role::Standby), &make_handler<StandbyAckRequest>},
    {"POST", "/v1/standby/meet", "", false, role(Role::Standby), &make_handler<MeetRequest>},
    {"POST", "/v1/promote", "", false, role(Role::Purge), &make_handler<PromoteRequest>},
}};

// The variable part of `path` if it is the route's; empty text if it has none.
std::optional<std::string_view> match(const Route& route, std::string_view path) {
  if (!route.variable) return path == route.before ? std::optional(std::string_view()) : std::nullopt;
  if (!path.starts_with(route.before) || !path.ends_with(route.after)) return {};
  if (path.size() <= route.before.size() + route.after.size()) return {};
  path.remove_prefix(route.before.size());
  path.remove_suffix(route.after.size());
  return path.find('/') == std::string_view::npos ? std::optional(path) : std::nullopt;
}

Refusal forbidden(const Token& caller, const Route& route) {
  return {.status = 403,
          .code = "forbidden",
          .text = "the roles of token \"" + caller.name + "\" do not include " + std::string(route.method) +
                  " " + std::string(route.before)};
}

}  // namespace

Api::Api(base::Executor& home, PurgeLog& journal, const ApiLimits& limits)
    : home_(home),
      journal_(journal),
      limits_(limits),
      nodes_(home.clock(), limits.nodes),
      tokens_(std::make_shared<Tokens>()),
      forget_timer_(home) {
  for (const KnownNode& node : journal.nodes()) {
    const std::chrono::milliseconds silent(std::max<std::int64_t>(0, wall_ms() - node.heard_ms));
    nodes_.restore(node.name, node.applied, silent);
  }
  nodes_.on_changed([this] { look(false); });
  nodes_.on_keep([this](const std::string& name, const Node* node) { return keep(name, node); });
  head_ = journal.bounds().head;
  journal.listen(home, this);
  forget_absent();
}

bool Api::keep(const std::string& name, const Node* node) {
  const KnownNode known{.name = name, .applied = node != nullptr ? node->applied : 0, .heard_ms = wall_ms()};
  if (node != nullptr ? !journal_.keep_node(known) : !journal_.forget_node(name)) return false;
  for (LogStream* stream : streams_) stream->note(name, node != nullptr ? &known : nullptr);
  return true;
}

void Api::forget_absent() {
  nodes_.forget_absent();
  forget_timer_.start(kForgetEvery, [this] { forget_absent(); });
}

Api::~Api() { journal_.listen(home_, nullptr); }

std::unique_ptr<http::Handler> Api::make(const http::ConnectionInfo&, http::RequestHead head,
                                         http::ResponseWriter& writer) {
  Call call{.api = *this, .head = std::move(head), .writer = writer};
  const auto refused = [&call](Refusal refusal) {
    return std::make_unique<RefusedRequest>(std::move(call), std::move(refusal));
  };
  const std::string path = call.head.target.substr(0, call.head.target.find('?'));
  // The token comes first: without one nobody learns what there is.
  const Token* token = tokens_->find(call.head.fields.get("authorization"));
  if (token == nullptr) {
    return refused(
        {.status = 401,
         .code = "unauthorized",
         .text =
             "found no known token, allowed: \"Authorization: Bearer TOKEN\" with one of the configuration"});
  }
  call.caller = *token;
  std::string allow;
  for (const Route& route : kRoutes) {
    const auto name = match(route, path);
    if (!name) continue;
    if (call.head.method == route.method) {
      if ((token->roles & route.roles) == 0) return refused(forbidden(*token, route));
      call.name = *name;
      return route.make(std::move(call));
    }
    allow += (allow.empty() ? "" : ", ") + std::string(route.method);
  }
  if (!allow.empty()) {
    return refused({.status = 405,
                    .code = "method_not_allowed",
                    .text = "found " + call.head.method + ", allowed: " + allow,
                    .allow = allow});
  }
  return refused(
      {.status = 404,
       .code = "not_found",
       .text = "there is no \"" + path +
               "\"; allowed: /v1/purges, "
               "/v1/purges/NUMBER, /v1/nodes, /v1/nodes/NAME, /v1/nodes/NAME/ack, /v1/log, /v1/standby, "
               "/v1/promote"});
}

void Api::set_tokens(std::shared_ptr<const Tokens> tokens) {
  tokens_ = std::move(tokens);
  for (LogStream* stream : std::vector(streams_.begin(), streams_.end())) {
    if (!streams_.contains(stream)) continue;
    const Token* token = tokens_->find(stream->authorization());
    if (token == nullptr || !token->has(stream->role())) stream->end();
  }
}

void Api::drain() {
  draining_ = true;
  look(true);
  end_streams();
}

void Api::end_streams() {
  for (LogStream* stream : std::vector(streams_.begin(), streams_.end())) {
    if (streams_.contains(stream)) stream->end();
  }
}

std::int64_t Api::wall_ms() const {
  return std::chrono::duration_cast<std::chrono::milliseconds>(home_.clock().wall().time_since_epoch())
      .count();
}

void Api::accept(const std::vector<purge::Purge>& purges, Origin origin, Accepted done) {
  PurgeLog::Append request{.at_ms = wall_ms(),
                           .asker = std::move(origin.asker),
                           .request_key = std::move(origin.request_key),
                           .digest = std::move(origin.digest)};
  for (const purge::Purge& purge : purges) request.purges.push_back(purge::to_json(purge));
  journal_.append(
      std::move(request), home_,
      anchor_.wrap([this, done = std::move(done)](base::Result<std::vector<Sequence>> numbers) mutable {
        if (!numbers || standing_ == nullptr) return done(std::move(numbers));
        const Sequence last = numbers->back();
        standing_->await(last,
                         [done = std::move(done), numbers = std::move(numbers)](base::Status status) mutable {
                           if (!status) return done(std::unexpected(status.error()));
                           done(std::move(numbers));
                         });
      }));
}

void Api::on_head_moved(Sequence head) {
  // A new term begins above a gap.
  const Sequence first = head - head_ > limits_.nodes.recent_purges ? head : head_ + 1;
  if (head > head_) {
    for (Sequence sequence = first; sequence <= head; ++sequence) nodes_.accepted(sequence);
  }
  head_ = head;
  for (LogStream* stream : std::vector(streams_.begin(), streams_.end())) {
    if (streams_.contains(stream)) stream->on_head_moved();
  }
}

void Api::on_log_changed() {
  head_ = journal_.bounds().head;
  end_streams();
}

void Api::on_word(const NodeWord& word) {
  switch (word.kind) {
    case NodeWord::Kind::Applied: nodes_.applied_elsewhere(word.name, word.applied); return;
    case NodeWord::Kind::Left: nodes_.left_elsewhere(word.name); return;
    case NodeWord::Kind::Forget: nodes_.forgotten_elsewhere(word.name); return;
  }
}

void Api::look(bool last) {
  for (Waiter* waiter : std::vector(waiters_.begin(), waiters_.end())) {
    if (waiters_.contains(waiter)) waiter->look(last);
  }
}

}  // namespace purgeapi
