// SPDX-License-Identifier: Apache-2.0
// A request must obey all purges up to the clock when it came. Objects are tested against the ledger as it is
// now, which is stricter and as good. A fetch is joined only if nothing that is known of it has been purged
// since it was sent; where tags are still unknown the request is `doubtful` and tests again when the head is
// there.
#include "edge/node/request.h"

#include "edge/node/fills.h"
#include "edge/node/routing.h"
#include "edge/node/tiers.h"
#include "edge/node/variant.h"
#include "edge/policy/forwarding.h"
#include "edge/policy/storing.h"
#include "edge/policy/vary.h"

namespace node {

using base::Errc;
using fetch::Fetch;
using policy::CacheStatus;
using policy::Forward;
using policy::Outcome;

namespace {
constexpr unsigned kTurnsMax = 8;  // a request that is sent back more often goes alone
// Stale by a purge though its time is not over: nothing is left of that.
std::chrono::seconds left_of_stale(const policy::StoredResponse& response, base::Wall now) {
  return std::min(policy::remaining(response, now), std::chrono::seconds(0));
}

}  // namespace

Request::Request(Context& context, const http::ConnectionInfo& connection, http::RequestHead head,
                 http::ResponseWriter& writer)
    : context_(context),
      connection_(connection),
      head_(std::move(head)),
      writer_(writer),
      config_(context.config),
      begun_(context.executor.clock().steady()) {}

Request::~Request() {
  if (body_) body_->fail();
}

void Request::start() {
  if (connection_.trust_forwarded) {
    if (std::string scheme = policy::forwarded_scheme(head_.fields); !scheme.empty())
      head_.scheme = std::move(scheme);
  }
  Route route = node::route(*config_, connection_, head_);
  site_ = route.site;
  if (route.answer) return send_synthetic(std::move(*route.answer));
  if (head_.fields.has(kClockField)) take_peer();
  cache_key_ = policy::cache_key(site_->name, site_->key, head_);
  base_key_ = key_of(cache_key_.text);
  std::string room;
  const std::string_view path = policy::normal_path(head_.target, room);
  const policy::TtlRule& rule = site_->rule_for(path);
  status_.reason = head_.method == "GET" || head_.method == "HEAD" ? Forward::Bypass : Forward::Method;
  if (policy::handling(head_) == policy::Handling::Pass || policy::bypasses(rule, head_.fields))
    return pass();
  rule_ = &rule;
  directives_ = policy::parse_cache_control(head_.fields);
  slice_bytes_ = rule.slice_bytes;
  if (slice_bytes_ != 0) wish_ = policy::only_range(head_);
  coded_.begin(site_->coding_for(path), *config_, head_, directives_);
  if (site_->silence.what == SilenceRule::What::Refuse && trust_of(context_, *site_) == Trust::Refuse) {
    return send_synthetic({.status = 503,
                           .text = "the purge log is silent: nobody knows what is out of date\n",
                           .retry_later = true,
                           .detail = "purge-log-silent"});
  }
  if (!awaits_clock()) look_up();
}

// Not for the cache: straight to the origin, the request's body with it.
void Request::pass() {
  if (head_.has_body) {
    body_ = std::make_shared<RequestBody>();
    body_->credit = [this](std::size_t bytes) { writer_.consumed(bytes); };
  }
  FillOrder order = make_order();
  order.cacheable = false;
  order.alone = true;
  order.body = body_;
  leads_ = true;
  auto fetch = std::make_shared<Fetch>(base_key_, cache_key_.text, context_.shared.ledger.now());
  watch(fetch);
  context_.fills.start(std::move(fetch), std::move(order));
}

void Request::on_body(std::string_view bytes) {
  if (body_) return body_->push(bytes);
  writer_.consumed(bytes.size());  // answered already, or a GET whose body means nothing
}

void Request::on_body_end() {
  if (body_) body_->end();
}

// ---- looking up ----

void Request::look_up() {
  vary_.clear();
  generation_ = 0;
  own_variant_.clear();
  language_tried_ = false;
  alias_followed_ = false;
  look_up_key(base_key_, cache_key_.text);
}

void Request::look_up_again() {
  reader_.reset();
  leads_ = false;
  doubtful_ = false;
  if (++turns_ > kTurnsMax) return fetch_alone();
  look_up();
}

void Request::look_up_key(const store::Key& key, const std::string& text) {
  key_ = key;
  key_text_ = text;
  if (store::ObjectRef object = context_.shared.memory.find(key, text)) return found(std::move(object));
  if (!context_.shared.disk.may_have(key)) return not_found();
  phase_ = Phase::Reading;
  context_.shared.disk.find(key, text, context_.executor,
                            anchor_.wrap([this](base::Result<store::ObjectRef> object) {
                              if (!object) return not_found();
                              promote(context_.shared, *object);
                              found(std::move(*object));
                            }));
}

void Request::found(store::ObjectRef object) {
  const policy::StoredResponse& response = response_of(*object);
  const purge::Verdict verdict = verdict_of(*object, context_.shared.ledger);
  if (verdict == purge::Verdict::Dead || group_verdict(context_, response) == GroupVerdict::Dead) {
    context_.counters.purged_misses.add();
    drop(context_.shared, object->key, object->id);
    return not_found();
  }
  if (response.kind == policy::StoredResponse::Kind::VaryMarker) return found_marker(response);
  if (past_) return not_found();
  if (response.kind == policy::StoredResponse::Kind::Alias) return found_alias(response);
  if (!own_variant_.empty() &&
      policy::content_language(response.fields) != policy::preferred_language(sent_fields())) {
    return not_found();
  }
  if (response.kind == policy::StoredResponse::Kind::Sliced) return found_sliced(std::move(object), verdict);
  judge(std::move(object), verdict);
}

void Request::found_marker(const policy::StoredResponse& marker) {
  if (generation_ != 0) return not_found();  // a marker under a variant's key is of no use
  vary_ = marker.vary;
  generation_ = marker.generation;
  const std::string text =
      variant_key_text(cache_key_.text, generation_, policy::variant_text(vary_, sent_fields()));
  look_up_key(key_of(text), text);
}

void Request::found_alias(const policy::StoredResponse& alias) {
  if (std::exchange(alias_followed_, true)) return not_found();
  language_tried_ = true;
  if (own_variant_.empty()) own_variant_ = key_text_;
  const std::string text = alias.part_of;
  look_up_key(key_of(text), text);
}

// The variant in the language that the client prefers to all others, where the origin has said that it is in
// that language: any negotiation that looks at Accept-Language would come to the same.
bool Request::seek_by_language() {
  if (generation_ == 0) return false;
  if (!own_variant_.empty()) {
    key_text_ = std::exchange(own_variant_, {});
    key_ = key_of(key_text_);
    return false;
  }
  if (std::exchange(language_tried_, true)) return false;
  const std::string variant =
      policy::language_variant_text(vary_, sent_fields(), policy::preferred_language(sent_fields()));
  const std::string text = variant_key_text(cache_key_.text, generation_, variant);
  if (variant.empty() || text == key_text_) return false;
  own_variant_ = key_text_;
  look_up_key(key_of(text), text);
  return true;
}

// As the origin would see the request.
const http::Fields& Request::sent_fields() {
  if (sent_fields_.empty()) {
    sent_fields_ = policy::fields_to_origin(stripped_head(), connection_,
                                            site_->towards(config_->node, true, site_->codes(head_.target)));
  }
  return sent_fields_;
}

void Request::not_found() {
  if (seek_by_language()) return;
  if (seeks_part()) return seek_fragment();
  status_.reason = past_ ? Forward::Request : generation_ != 0 ? Forward::VaryMiss : Forward::UriMiss;
  if (directives_.only_if_cached)
    return send_error(504, "not in the cache, and only-if-cached was asked for\n");
  const bool alone = past_ && past_stamp_ == 0;  // nobody else is known to be as far
  if (alone || context_.shared.pass_marks.marked(key_, context_.executor.clock().steady()))
    return fetch_alone();
  join(nullptr, false);
}

policy::Situation Request::situation_of(const policy::StoredResponse& response,
                                        purge::Verdict verdict) const {
  const bool doubtful =
      trust_of(context_, *site_) != Trust::Full || group_verdict(context_, response) != GroupVerdict::Live;
  return {verdict == purge::Verdict::Stale, doubtful};
}

void Request::judge(store::ObjectRef object, purge::Verdict verdict) {
  const policy::StoredResponse& response = response_of(*object);
  const base::Wall now = context_.executor.clock().wall();
  const policy::Situation situation = situation_of(response, verdict);
  const policy::Use use = policy::judge(response, directives_, now, situation);
  // To validate it is for those who asked for that variant.
  if (!own_variant_.empty() && use != policy::Use::Fresh) return not_found();
  if (use == policy::Use::Revalidate || use == policy::Use::Fetch) {
    const bool fresh = policy::judge(response, {}, now, situation) == policy::Use::Fresh;
    status_.reason = fresh ? Forward::Request : Forward::Stale;
  }
  switch (use) {
    case policy::Use::Fresh:
      note_use(context_.shared, object, context_.executor.clock().steady());
      return send_object(std::move(object),
                         {.outcome = Outcome::Hit, .ttl = policy::remaining(response, now)});
    case policy::Use::StaleWhile:
      note_use(context_.shared, object, context_.executor.clock().steady());
      revalidate_in_background(object);
      return send_object(std::move(object), {.outcome = Outcome::Stale, .ttl = left_of_stale(response, now)});
    case policy::Use::Revalidate:
      // Each must ask for itself: waiting for another's answer would be in vain.
      if (response.no_cache || response.lifetime <= std::chrono::seconds(0)) {
        return revalidate_alone(std::move(object));
      }
      return join(std::move(object), true);
    case policy::Use::Fetch: return join(std::move(object), false);
    case policy::Use::OnlyIfCached504:
      return send_error(504, "the cached copy needs validation, and only-if-cached was asked for\n");
  }
}

// ---- fetching ----

// Without what the site's rule keeps from the origin.
http::RequestHead Request::stripped_head() const {
  http::RequestHead head = head_;
  if (rule_ != nullptr) policy::strip(head.fields, rule_->strip_request);
  return head;
}

FillOrder Request::make_order() const {
  FillOrder order;
  order.site = site_;
  order.config = config_;
  order.request = stripped_head();
  order.rule = rule_;
  order.connection = connection_;
  order.cache_key = cache_key_;
  order.base_key = base_key_;
  order.generation = generation_;
  order.vary = vary_;
  order.clock = peer_place_;
  order.inform = anchor_.wrap([this](const http::ResponseHead& head) {
    if (leads_ && phase_ == Phase::Waiting) writer_.inform(head);
  });
  return order;
}

// What the purges since `fetch` was sent say of it, as far as it is known.
purge::Verdict Request::verdict_of_fetch(const Fetch& fetch, const Fetch::View& view) const {
  const purge::Ledger& ledger = context_.shared.ledger;
  if (fetch.stamp() >= ledger.now()) return purge::Verdict::Live;
  if (view.head) return ledger.verdict(subject_of(*view.head), fetch.stamp());
  if (view.object) return ledger.verdict(subject_of(response_of(*view.object)), fetch.stamp());
  return ledger.verdict({site_->name, cache_key_.host, cache_key_.url, {}}, fetch.stamp());
}

bool Request::may_join(const Fetch& fetch) const {
  if (directives_.no_cache) return false;  // it was sent before this request came
  if (past_ && fetch.sent_after() < past_stamp_) return false;
  const Fetch::View view = fetch.view();
  if (verdict_of_fetch(fetch, view) != purge::Verdict::Live) return false;
  // Once the head is there it is a cached response like any other, however long its body takes.
  if (!view.head || view.sharing != Fetch::Sharing::All) return true;
  const bool doubtful =
      trust_of(context_, *site_) != Trust::Full || group_verdict(context_, *view.head) != GroupVerdict::Live;
  const policy::Situation situation{.distrust = doubtful};
  return policy::judge(*view.head, directives_, context_.executor.clock().wall(), situation) ==
         policy::Use::Fresh;
}

// Whether what came for another request, and was asked for before it came, may be this one's answer too (RFC
// 9111 4).
bool Request::may_share(const policy::StoredResponse& response) const {
  if (group_verdict(context_, response) != GroupVerdict::Live) return false;
  const base::Wall now = context_.executor.clock().wall();
  const policy::Use use = policy::judge(response, directives_, now, {.waited = true});
  return use == policy::Use::Fresh || use == policy::Use::StaleWhile;
}

void Request::join(store::ObjectRef stale, bool validate) {
  if (stale) status_.outcome = Outcome::Expired;
  const purge::Stamp now = context_.shared.ledger.now();
  auto joined = context_.shared.fetches.join(
      key_, key_text_, [this](const Fetch& fetch) { return may_join(fetch); },
      [&] { return std::make_shared<Fetch>(key_, key_text_, now, past_stamp_); });
  leads_ = joined.leads;
  doubtful_ = joined.fetch->stamp() < context_.shared.ledger.now();
  std::shared_ptr<Fetch> fetch = joined.fetch;
  if (!leads_) return watch(std::move(fetch));
  // Between the look-up and here another loop may have finished a fetch: objects go into memory before their
  // fetch leaves the table.
  if (!stale && !past_) {
    if (store::ObjectRef object = context_.shared.memory.find(key_, key_text_);
        object && verdict_of(*object, context_.shared.ledger) == purge::Verdict::Live &&
        group_verdict(context_, response_of(*object)) == GroupVerdict::Live &&
        response_of(*object).kind == policy::StoredResponse::Kind::Response && turns_ == 0) {
      context_.shared.fetches.remove(key_, fetch.get());
      fetch->fail({Errc::Cancelled, "found in memory after all"});
      ++turns_;
      return judge(std::move(object), purge::Verdict::Live);
    }
  }
  FillOrder order = make_order();
  order.stored = std::move(stale);
  order.validate = validate;
  watch(fetch);
  context_.fills.start(std::move(fetch), std::move(order));
}

// Beside all others that ask for the same: a fetch that nobody can join before its head says so.
void Request::fetch_alone() {
  leads_ = true;
  status_.outcome = Outcome::Pass;
  FillOrder order = make_order();
  order.alone = true;
  order.pass = context_.shared.pass_marks.marked(key_, context_.executor.clock().steady());
  // Nothing is gained by asking for more than the client does. A plain GET is the same request as one for the
  // cache: its answer may turn out to be storable after all.
  order.cacheable = head_.method == "GET" && !policy::is_narrowed(head_.fields);
  auto fetch = std::make_shared<Fetch>(key_, key_text_, context_.shared.ledger.now());
  watch(fetch);
  context_.fills.start(std::move(fetch), std::move(order));
}

void Request::revalidate_alone(store::ObjectRef object) {
  leads_ = true;
  status_.outcome = Outcome::Expired;
  FillOrder order = make_order();
  order.alone = true;
  order.stored = std::move(object);
  order.validate = true;
  auto fetch = std::make_shared<Fetch>(key_, key_text_, context_.shared.ledger.now());
  watch(fetch);
  context_.fills.start(std::move(fetch), std::move(order));
}

void Request::revalidate_in_background(const store::ObjectRef& object) {
  if (context_.shared.retry_pauses.marked(key_, context_.executor.clock().steady())) return;
  auto joined = context_.shared.fetches.join(
      key_, key_text_,
      [this](const Fetch& fetch) { return verdict_of_fetch(fetch, fetch.view()) == purge::Verdict::Live; },
      [&] { return std::make_shared<Fetch>(key_, key_text_, context_.shared.ledger.now()); });
  if (!joined.leads) return;
  FillOrder order = make_order();
  order.stored = object;
  order.validate = true;
  order.background = true;
  context_.fills.start(std::move(joined.fetch), std::move(order));
}

void Request::watch(std::shared_ptr<Fetch> fetch) {
  phase_ = Phase::Waiting;
  fits_ = false;
  if (!wakeup_) wakeup_.emplace(context_.executor, [this] { on_wake(); });
  reader_ = std::make_shared<Fetch::Reader>(std::move(fetch), wakeup_->sender());
  if (!leads_) wakeup_->sender().signal();  // it may have its head already
}

void Request::on_wake() {
  if (phase_ == Phase::Sending) return writer_.resume();
  if (phase_ != Phase::Waiting || !reader_) return;
  const Fetch::View view = reader_->fetch().view();
  switch (view.state) {
    case Fetch::State::Waiting: return;
    case Fetch::State::Streaming:
    case Fetch::State::Complete: return on_streaming(view);
    case Fetch::State::Answered: return on_answered(view);
    case Fetch::State::Failed: return on_failed(view);
  }
}

// What a head that has come is to this request: its answer, a reason to look again (another variant is there,
// or it was purged), or a reason to go its own way at once.
Request::Fit Request::fit(const Fetch::View& view) {
  if (leads_) return Fit::Mine;
  if (view.sharing == Fetch::Sharing::Lead) return Fit::Alone;
  if (doubtful_ && context_.shared.ledger.newest(subject_of(*view.head)) > reader_->fetch().stamp())
    return Fit::Again;
  if (view.sharing == Fetch::Sharing::All && !may_share(*view.head)) return Fit::Alone;
  const auto names = policy::vary_names(view.head->fields);
  if (!names) return Fit::Alone;
  if (names->empty()) return Fit::Mine;
  if (policy::variant_text(*names, sent_fields()) == view.variant) return Fit::Mine;
  return view.sharing == Fetch::Sharing::All ? Fit::Again
                                             : Fit::Alone;  // nothing is kept that could be found again
}

void Request::on_streaming(const Fetch::View& view) {
  const Fit fits = fits_ ? Fit::Mine : fit(view);
  if (fits == Fit::Mine) {
    if (view.head->kind == policy::StoredResponse::Kind::Part) return send_part(view);
    if (!fits_ && !leads_ && may_seek_part() && !is_near(view, reader_->fetch().body_bytes())) {
      reader_.reset();
      return seek_fragment();
    }
    fits_ = true;
    const Coded::Way way = coded_.way(view);
    if (way == Coded::Way::Stream) return send_fetch(view);
    if (way == Coded::Way::Wait) return;
    note_fetched(view);
    reader_.reset();
    return send_object(view.object, status_);
  }
  reader_.reset();
  if (fits == Fit::Alone) return fetch_alone();
  look_up_again();
}

void Request::on_answered(const Fetch::View& view) {
  const policy::StoredResponse& response = response_of(*view.object);
  const bool mine =
      leads_ || !doubtful_ || context_.shared.ledger.newest(subject_of(response)) <= reader_->fetch().stamp();
  if (!mine) return look_up_again();
  if (!leads_ && !view.stale && !may_share(response)) {
    const store::ObjectRef object = view.object;
    reader_.reset();
    return revalidate_alone(object);
  }
  note_origin_time(view);
  const base::Wall now = context_.executor.clock().wall();
  CacheStatus status{.outcome = view.stale ? Outcome::Stale : Outcome::Revalidated,
                     .ttl = view.stale ? left_of_stale(response, now) : policy::remaining(response, now),
                     .fwd_status = view.stale ? view.failed_status : 304,
                     .stored = !view.stale,
                     .collapsed = !leads_,
                     .forwarded = true,
                     .reason = status_.reason};
  if (view.stale) status.detail = name_of(view.error.code);
  reader_.reset();
  send_object(view.object, status);
}

// Who came when the head was there has not waited for the origin.
void Request::note_origin_time(const Fetch::View& view) {
  if (view.head_at >= begun_) origin_time_ = view.head_at - begun_;
}

void Request::on_failed(const Fetch::View& view) {
  const base::Error error = view.error;
  if (view.no_part != Fetch::NoPart::No) return without_part(view.no_part);
  if (error.code == Errc::Cancelled && !leads_) return look_up_again();
  reader_.reset();
  send_origin_error(error);
}

void Request::send_origin_error(const base::Error& error) {
  const int status = error.code == Errc::Timeout ? 504 : error.code == Errc::Busy ? 503 : 502;
  send_error(status,
             "the origin of this site gave no usable answer: " + std::string(name_of(error.code)) + "\n");
}

}  // namespace node
