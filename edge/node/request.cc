// SPDX-License-Identifier: Apache-2.0
// A request must obey all purges up to the clock when it came. Objects are tested against the ledger as it is
// now, which is stricter and as good. A fetch is joined only if nothing that is known of it has been purged
// since it was sent; where tags are still unknown the request is `doubtful` and tests again when the head is
// there.
#include "edge/node/request.h"

#include "edge/node/access_log.h"
#include "edge/node/fills.h"
#include "edge/node/variant.h"
#include "edge/policy/forwarding.h"
#include "edge/policy/storing.h"
#include "edge/policy/vary.h"

namespace node {

using base::Errc;
using fetch::Fetch;
using policy::CacheStatus;
using policy::Outcome;

namespace {
constexpr unsigned kTurnsMax = 8;  // a request that is sent back more often goes alone
}

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
  if (!route()) return;
  cache_key_ = policy::cache_key(site_->name, site_->key, head_);
  base_key_ = key_of(cache_key_.text);
  const std::string path = policy::normal_path(head_.target);
  const bool bypass = site_->rule_for(path).bypass;
  if (bypass || policy::handling(head_) == policy::Handling::Pass) return pass();
  directives_ = policy::parse_cache_control(head_.fields);
  coded_.begin(site_->coding_for(path), *config_, head_, directives_);
  look_up();
}

bool Request::route() {
  site_ = config_->sites.find(policy::host_of(head_.authority));
  if (site_ == nullptr) {
    send_error(421, "no site here is called \"" + policy::host_of(head_.authority) + "\"\n");
    return false;
  }
  if (!connection_.tls && !route_plain(*site_)) return false;
  if (head_.target == "*") {
    send_synthetic({.status = 204, .allow = "GET, HEAD, OPTIONS, POST, PUT, PATCH, DELETE"});
    return false;
  }
  return true;
}

bool Request::route_plain(const Site& site) {
  switch (site.plain) {
    case PlainMode::Serve: return true;
    case PlainMode::Off: send_error(421, "site \"" + site.name + "\" is served over https only\n"); return false;
    case PlainMode::Redirect: break;
  }
  std::string location = "https://" + policy::host_of(head_.authority);
  if (config_->https_port != 443) location += ":" + std::to_string(config_->https_port);
  if (head_.target.starts_with('/')) location += head_.target;
  send_synthetic({.status = 308, .text = "this site is served over https\n", .location = std::move(location)});
  return false;
}

// Not for the cache: straight to the origin, the request's body with it.
void Request::pass() {
  if (head_.has_body) {
    body_ = std::make_shared<RequestBody>();
    body_->credit = [this](std::size_t bytes) { writer_.consumed(bytes); };
  }
  FillOrder order = make_order();
  order.cacheable = false;
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
                              context_.shared.memory.insert(*object);
                              // Erased meanwhile: whoever did that may have looked into memory before.
                              if (!context_.shared.disk.holds((*object)->key, (*object)->id)) {
                                context_.shared.memory.erase((*object)->key, (*object)->id);
                              }
                              found(std::move(*object));
                            }));
}

void Request::found(store::ObjectRef object) {
  const policy::StoredResponse& response = response_of(*object);
  const purge::Verdict verdict = verdict_of(*object, context_.shared.ledger);
  if (verdict == purge::Verdict::Dead) {
    context_.counters.purged_misses.add();
    context_.shared.memory.erase(object->key, object->id);
    context_.shared.disk.erase(object->key, object->id);
    return not_found();
  }
  if (response.kind == policy::StoredResponse::Kind::VaryMarker) return found_marker(response);
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

// As the origin would see the request.
const http::Fields& Request::sent_fields() {
  if (sent_fields_.empty()) {
    sent_fields_ = policy::fields_to_origin(head_, connection_,
                                            site_->towards(config_->node, true, site_->codes(head_.target)));
  }
  return sent_fields_;
}

void Request::not_found() {
  if (directives_.only_if_cached) return send_error(504, "not in the cache, and only-if-cached was asked for\n");
  if (context_.shared.pass_marks.marked(key_, context_.executor.clock().steady())) return fetch_alone();
  join(nullptr, false);
}

void Request::judge(store::ObjectRef object, purge::Verdict verdict) {
  const policy::StoredResponse& response = response_of(*object);
  const base::Wall now = context_.executor.clock().wall();
  const policy::Situation situation{verdict == purge::Verdict::Stale, context_.shared.distrust()};
  switch (policy::judge(response, directives_, now, situation)) {
    case policy::Use::Fresh:
      return send_object(std::move(object), {.outcome = Outcome::Hit, .ttl = policy::remaining(response, now)});
    case policy::Use::StaleWhile:
      revalidate_in_background(object);
      return send_object(std::move(object), {.outcome = Outcome::Stale, .ttl = policy::remaining(response, now)});
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

FillOrder Request::make_order() const {
  FillOrder order;
  order.site = site_;
  order.config = config_;
  order.request = head_;
  order.connection = connection_;
  order.cache_key = cache_key_;
  order.base_key = base_key_;
  order.generation = generation_;
  order.vary = vary_;
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
  const Fetch::View view = fetch.view();
  if (verdict_of_fetch(fetch, view) != purge::Verdict::Live) return false;
  // Once the head is there it is a cached response like any other, however long its body takes.
  if (!view.head || view.sharing != Fetch::Sharing::All) return true;
  const policy::Situation situation{.distrust = context_.shared.distrust()};
  return policy::judge(*view.head, directives_, context_.executor.clock().wall(), situation) ==
         policy::Use::Fresh;
}

// Whether what came for another request, and was asked for before it came, may be this one's answer too (RFC
// 9111 4).
bool Request::may_share(const policy::StoredResponse& response) const {
  const base::Wall now = context_.executor.clock().wall();
  const policy::Use use = policy::judge(response, directives_, now, {.waited = true});
  return use == policy::Use::Fresh || use == policy::Use::StaleWhile;
}

void Request::join(store::ObjectRef stale, bool validate) {
  if (stale) status_.outcome = Outcome::Expired;
  const purge::Stamp now = context_.shared.ledger.now();
  auto joined = context_.shared.fetches.join(
      key_, key_text_, [this](const Fetch& fetch) { return may_join(fetch); },
      [&] { return std::make_shared<Fetch>(key_, key_text_, now); });
  leads_ = joined.leads;
  doubtful_ = joined.fetch->stamp() < context_.shared.ledger.now();
  std::shared_ptr<Fetch> fetch = joined.fetch;
  if (!leads_) return watch(std::move(fetch));
  // Between the look-up and here another loop may have finished a fetch: objects go into memory before their fetch leaves the table.
  if (!stale) {
    if (store::ObjectRef object = context_.shared.memory.find(key_, key_text_);
        object && verdict_of(*object, context_.shared.ledger) == purge::Verdict::Live &&
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
      leads_ || !doubtful_ ||
      context_.shared.ledger.newest(subject_of(response)) <= reader_->fetch().stamp();
  if (!mine) return look_up_again();
  if (!leads_ && !view.stale && !may_share(response)) {
    const store::ObjectRef object = view.object;
    reader_.reset();
    return revalidate_alone(object);
  }
  note_origin_time(view);
  const base::Wall now = context_.executor.clock().wall();
  CacheStatus status{.outcome = view.stale ? Outcome::Stale : Outcome::Revalidated,
                     .ttl = policy::remaining(response, now),
                     .fwd_status = view.stale ? view.failed_status : 304,
                     .stored = !view.stale,
                     .collapsed = !leads_,
                     .forwarded = true};
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
  if (error.code == Errc::Cancelled && !leads_) return look_up_again();
  reader_.reset();
  const int status = error.code == Errc::Timeout ? 504 : error.code == Errc::Busy ? 503 : 502;
  send_error(status,
             "the origin of this site gave no usable answer: " + std::string(name_of(error.code)) + "\n");
}

// ---- sending ----

void Request::send_object(store::ObjectRef object, CacheStatus status) {
  if (!coded_.wanted(response_of(*object), object->body_bytes)) return send_stored(object, nullptr, status);
  phase_ = Phase::Reading;
  coded_.find(object,
              [this, object, status](const store::ObjectRef& coded) { send_stored(object, coded, status); });
}

// The head is always that of `object`, which may have been revalidated since it was coded.
void Request::send_stored(const store::ObjectRef& object, const store::ObjectRef& coded, CacheStatus status) {
  const store::ObjectRef& sent = coded ? coded : object;
  std::unique_ptr<Bytes> bytes;
  if (sent->single()) {
    bytes = bytes_of_single(sent);
  } else {
    store::PinRef pin = context_.shared.disk.pin(sent->key, sent->id);
    if (!pin) {
      // The disk has dropped it since: what memory holds of it is of no use.
      context_.shared.memory.erase(sent->key, sent->id);
      return coded ? send_stored(object, nullptr, status) : not_found();
    }
    bytes = bytes_of_chunks(context_, sent, std::move(pin), [this] { writer_.resume(); });
  }
  phase_ = Phase::Sending;
  status_ = status;
  AnswerFacts facts{.total = sent->body_bytes,
                    .status = status,
                    .ranges_max = config_->fetch.ranges,
                    .boundary_seed = sent->id,
                    .now = context_.executor.clock().wall()};
  Answer answer = make_answer(head_, response_of(*object), facts);
  coded_.set_fields(response_of(*object), coded != nullptr, answer.head.fields);
  auto body = make_body(answer, std::move(bytes), sent->body_bytes);
  writer_.respond(std::move(answer.head), std::move(body));
}

void Request::note_fetched(const Fetch::View& view) {
  note_origin_time(view);
  if (view.sharing == Fetch::Sharing::Lead) {
    status_.outcome = Outcome::Pass;
  } else if (!leads_) {
    status_.outcome = Outcome::Collapsed;
  } else if (status_.outcome != Outcome::Expired) {
    status_.outcome = Outcome::Miss;
  }
  status_.fwd_status = view.head->status;
  status_.stored = view.kept;
}

void Request::send_fetch(const Fetch::View& view) {
  phase_ = Phase::Sending;
  note_fetched(view);
  AnswerFacts facts{
      .total = view.total,
      .from_cache = view.sharing == Fetch::Sharing::All,
      .status = status_,
      .ranges_max = config_->fetch.ranges,
      .in_order = !view.kept,
      .boundary_seed = reader_->fetch().stamp() ^ view.head->response_time.time_since_epoch().count(),
      .now = context_.executor.clock().wall()};
  Answer answer = make_answer(head_, *view.head, facts);
  if (facts.from_cache) coded_.set_fields(*view.head, false, answer.head.fields);
  auto body = make_body(answer, bytes_of_fetch(context_, reader_, [this] { writer_.resume(); }), view.total);
  // A fetch for the cache goes on without this reader; one that is for this request only ends with it.
  if (!body) reader_.reset();
  writer_.respond(std::move(answer.head), std::move(body));
}

void Request::send_error(int status, std::string text) {
  send_synthetic({.status = status, .text = std::move(text), .retry_later = status == 503});
}

void Request::send_synthetic(Synthetic synthetic) {
  phase_ = Phase::Sending;
  status_.outcome = Outcome::Synthetic;
  http::ResponseHead head = synthetic_head(synthetic, config_->node, context_.executor.clock().wall());
  writer_.respond(std::move(head), text_body(std::move(synthetic.text)));
}

void Request::on_finished(const http::Delivery& delivery) {
  LoopCounters& counters = context_.counters;
  counters.requests[static_cast<std::size_t>(status_.outcome)].add();
  counters.statuses[static_cast<std::size_t>(delivery.status / 100) % counters.statuses.size()].add();
  counters.body_bytes.add(delivery.body_bytes);
  if (!delivery.complete) counters.aborted.add();
  if (delivery.first_byte != base::Steady{}) counters.first_byte.add(delivery.first_byte - begun_);
  if (context_.shared.access_log != nullptr) {
    context_.shared.access_log->append(access_line({.head = head_,
                                                    .connection = connection_,
                                                    .delivery = delivery,
                                                    .site = site_ != nullptr ? site_->name : std::string_view{},
                                                    .outcome = status_.outcome,
                                                    .begun = begun_,
                                                    .origin_time = origin_time_,
                                                    .at = context_.executor.clock().wall()}));
  }
}

}  // namespace node
