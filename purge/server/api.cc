// SPDX-License-Identifier: Apache-2.0
#include "purge/server/api.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "purge/server/api_request.h"
#include "purge/server/log_stream.h"
#include "purge/server/routes.h"
#include "purge/server/standing.h"

namespace purgeapi {
namespace {

constexpr std::chrono::seconds kForgetEvery{60};
constexpr std::chrono::milliseconds kTouchEvery{500};

// The log may have taken it all the same.
bool may_be_kept(base::Errc code) { return code == base::Errc::Timeout || code == base::Errc::Unavailable; }

}  // namespace

Api::Api(base::Executor& home, PurgeLog& journal, const ApiLimits& limits)
    : home_(home),
      journal_(journal),
      limits_(limits),
      nodes_(home.clock(), limits.nodes),
      tokens_(std::make_shared<Tokens>()),
      compat_(std::make_shared<Compat>()),
      forget_timer_(home),
      touch_timer_(home) {
  for (const KnownNode& node : journal.nodes()) {
    const std::chrono::milliseconds silent(std::max<std::int64_t>(0, wall_ms() - node.heard_ms));
    nodes_.restore(node.name, node.applied, silent);
  }
  nodes_.on_changed([this] { look_soon(); });
  nodes_.on_keep([this](const std::string& name, const Node* node) { return keep(name, node); });
  head_ = journal.bounds().head;
  journal.listen(home, this);
  forget_absent();
  look_for_touch();
}

std::optional<Refusal> Api::out_of_touch() const {
  if (!journal_.in_touch()) {
    return Refusal{
        .status = 503,
        .code = "unavailable",
        .text = "the purge log's stream has been silent for longer than [log_store] silence allows"};
  }
  return standing_ != nullptr ? standing_->out_of_touch() : std::nullopt;
}

// An edge that heard an old head on and on would hold old copies for good ones: it may find a better API.
void Api::look_for_touch() {
  touch_timer_.start(kTouchEvery, [this] { look_for_touch(); });
  // A standby does not hear nodes itself: it cannot tell who is absent.
  const bool leads = standing_ == nullptr || standing_->leadership().role == LogRole::Primary;
  if (!leads) nodes_.stand_by();
  if (leads && !led_) nodes_.lead();
  led_ = leads;
  if (!out_of_touch()) return;
  for (LogStream* stream : std::vector(streams_.begin(), streams_.end())) {
    if (streams_.contains(stream) && stream->role() == Role::Node) stream->end();
  }
}

bool Api::keep(const std::string& name, const Node* node) {
  const KnownNode known{.name = name, .applied = node != nullptr ? node->applied : 0, .heard_ms = wall_ms()};
  if (node != nullptr ? !journal_.keep_node(known) : !journal_.forget_node(name)) return false;
  for (LogStream* stream : streams_) stream->note(name, node != nullptr ? &known : nullptr);
  return true;
}

void Api::forget_absent() {
  if (led_) nodes_.forget_absent();
  forget_timer_.start(kForgetEvery, [this] { forget_absent(); });
}

Api::~Api() { journal_.listen(home_, nullptr); }

std::unique_ptr<http::Handler> Api::make(const http::ConnectionInfo& connection, http::RequestHead head,
                                         http::ResponseWriter& writer) {
  const Dialect& dialect = dialect_of(head);
  Call call{.api = *this,
            .head = std::move(head),
            .writer = writer,
            .dialect = &dialect,
            .from = connection.client_address};
  const auto refused = [&call](Refusal refusal) {
    return std::make_unique<RefusedRequest>(std::move(call), std::move(refusal));
  };
  // The token comes first: without one nobody learns what there is.
  const Token* token = tokens_->find(dialect.secret(call.head.fields));
  if (token == nullptr) {
    return refused({.status = 401,
                    .code = "unauthorized",
                    .text = "found no known token, allowed: " + std::string(dialect.secret_allowed) +
                            " with one of the configuration"});
  }
  call.caller = *token;
  auto routed = route_of(call.head, *token);
  if (auto* refusal = std::get_if<Refusal>(&routed)) return refused(std::move(*refusal));
  auto& [route, names] = std::get<Routed>(routed);
  call.names = std::move(names);
  return route->make(std::move(call));
}

void Api::set_tokens(std::shared_ptr<const Tokens> tokens) {
  tokens_ = std::move(tokens);
  for (LogStream* stream : std::vector(streams_.begin(), streams_.end())) {
    if (!streams_.contains(stream)) continue;
    const Token* token = tokens_->find(stream->secret());
    if (token == nullptr || !token->has(stream->role())) stream->end();
  }
}

void Api::set_compat(std::shared_ptr<const Compat> compat) {
  if (*compat != *compat_) gates_ = {};
  compat_ = std::move(compat);
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
  if (audit_ != nullptr) {
    done = [this, asker = request.asker, texts = request.purges,
            done = std::move(done)](base::Result<std::vector<Sequence>> sequences) mutable {
      if (sequences) audit_->accepted(asker, *sequences, texts);
      if (!sequences && may_be_kept(sequences.error().code)) audit_->unknown(asker, texts);
      done(std::move(sequences));
    };
  }
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
  nodes_.another_log();
  end_streams();
}

void Api::on_word(const NodeWord& word) {
  switch (word.kind) {
    case NodeWord::Kind::Applied: nodes_.applied_elsewhere(word.name, word.applied); return;
    case NodeWord::Kind::Left: nodes_.left_elsewhere(word.name); return;
    case NodeWord::Kind::Forget: nodes_.forgotten_elsewhere(word.name); return;
  }
}

void Api::carry(const std::string& line) {
  say(line);
  journal_.carry(line);
}

// With the head that this log has: to a node which does not know the question that is a heartbeat.
void Api::on_question(const std::string& question) {
  say("{\"head\":" + std::to_string(journal_.bounds().head) + ",\"verify\":" + question + "}");
}

void Api::on_answer(const std::string& node, std::string json) {
  if (!purge::is_node_name(node)) return;
  if (const auto id = question_answered(json)) questions_.answer(*id, node, std::move(json));
}

void Api::say(const std::string& line) {
  for (LogStream* stream : std::vector(streams_.begin(), streams_.end())) {
    if (streams_.contains(stream)) stream->say(line);
  }
}

// Many nodes may speak in one turn of the loop: one look is enough.
void Api::look_soon() {
  if (waiters_.empty() || std::exchange(look_due_, true)) return;
  home_.post(anchor_.wrap([this] {
    look_due_ = false;
    look(false);
  }));
}

void Api::look(bool last) {
  for (Waiter* waiter : std::vector(waiters_.begin(), waiters_.end())) {
    if (waiters_.contains(waiter)) waiter->look(last);
  }
}

}  // namespace purgeapi
