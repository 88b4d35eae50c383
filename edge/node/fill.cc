// SPDX-License-Identifier: Apache-2.0
// Life of a fill: start -> head -> (not modified | kept | alone) -> body -> end.
//   kept:  bytes go to the fetch's window; a body that fits into one piece becomes one object at the end, full chunks of a
//          larger one go from there to memory and disk.
//   alone: bytes go to the window, the one reader takes them out.
// The origin is paused while the window is over its bound; readers and the disk make room and wake the fill.
#include "edge/node/fill.h"

#include <algorithm>

#include "edge/base/log.h"
#include "edge/http/hop_by_hop.h"
#include "edge/node/fills.h"
#include "edge/node/invalidation.h"
#include "edge/node/tiers.h"
#include "edge/node/variant.h"
#include "edge/policy/conditional.h"
#include "edge/policy/forwarding.h"
#include "edge/policy/vary.h"

namespace node {

using base::Errc;
using base::kChunkBytes;
using fetch::Fetch;

namespace {

// Keeps the chunks of an object that will never be whole in the store, until their last reader is gone.
class UnfinishedWrite final : public store::Pin {
 public:
  explicit UnfinishedWrite(std::unique_ptr<store::DiskWrite> write) : write_(std::move(write)) {}

 private:
  std::unique_ptr<store::DiskWrite> write_;
};

}  // namespace

Fill::Fill(Context& context, std::shared_ptr<Fetch> fetch, FillOrder order)
    : context_(context),
      fetch_(std::move(fetch)),
      order_(std::move(order)),
      whole_max_(whole_max(*order_.config, context.shared)),
      laggards_(context.executor),
      wakeup_(context.executor, [this] { look_again(); }) {
  fetch_->set_writer(wakeup_.sender());
  fetch_->set_account(context_.shared.fill_bytes);
}

Fill::~Fill() {
  if (order_.body) order_.body->ready = nullptr;
  if (!done_) {
    leave_table();
    fetch_->fail({Errc::Cancelled, "the fetch was given up"});
  }
}

void Fill::start() {
  if (order_.cacheable) context_.shared.fetches.track(order_.base_key, *fetch_);
  send(order_.validate);
}

void Fill::send(bool validate) {
  const Site& site = *order_.site;
  http::ClientRequest request;
  request.method = order_.cacheable ? "GET" : order_.request.method;
  request.url = site.origin->url + policy::origin_target(site.key, order_.request.target);
  // What is not expected to be kept is coded by the origin.
  const bool identity = order_.cacheable && !order_.pass && site.codes(order_.request.target);
  sent_fields_ = policy::fields_to_origin(order_.request, order_.connection,
                                          site.towards(order_.config->node, order_.cacheable, identity));
  request.fields = sent_fields_;
  // A purge may have come since it was looked up: then the fetch is newer than that purge, and a 304 would bring the copy back.
  const bool usable = order_.stored && is_alive(*order_.stored);
  if (validate && usable) validating_ = policy::add_validators(response_of(*order_.stored), request.fields);
  if (order_.body) {
    request.body = [body = order_.body](char* room, std::size_t size) { return body->read(room, size); };
    request.body_bytes = order_.request.body_bytes;
    order_.body->ready = [this] {
      if (exchange_) exchange_->body_ready();
    };
  }
  if (order_.part) {
    request.fields.add("range", order_.part->range);
    if (!order_.part->etag.empty()) request.fields.add("if-match", order_.part->etag);
  }
  if (site.origin->purge_clock) request.fields.set(kClockField, own_clock());
  request.options = site.origin->server;
  request.pass = order_.pass || !order_.cacheable;
  request_time_ = context_.executor.clock().wall();
  request_sent_ = context_.executor.clock().steady();
  context_.counters.origin_requests.add();
  exchange_ = context_.client.start(std::move(request), *this);
}

// What is told to an origin that is an edge: how far we are, or who asked us, whoever is ahead. Taken after the fetch's
// stamp, so never below it.
std::string Fill::own_clock() const {
  const PurgeClock* clock = context_.shared.clock;
  if (order_.clock && !order_.clock->is_none() && (clock == nullptr || !clock->has_reached(*order_.clock))) {
    return order_.clock->str();
  }
  return (clock != nullptr ? clock->now() : std::nullopt).value_or(ClockPlace::none()).str();
}

// What such an origin says of itself; for nobody else.
void Fill::take_clock(http::Fields& fields) {
  const auto said = fields.get(kClockField);
  if (!said) return;
  const PurgeClock* clock = context_.shared.clock;
  const auto mine = clock != nullptr ? clock->now() : std::nullopt;
  const auto parent = parse_clock_place(*said);
  const bool behind = mine && (!parent || parent->log_id != mine->log_id || parent->number < mine->number);
  if (order_.site->origin->purge_clock && behind) context_.counters.parents_behind.add();
  fields.remove(kClockField);
}

// Early hints and the like are for who led: who joined may have come too late for them.
void Fill::on_informational(http::ResponseHead head) {
  if (!order_.inform || order_.background) return;
  http::remove_hop_by_hop(head.fields);
  head.fields.remove(kClockField);
  order_.inform(head);
}

void Fill::on_head(http::ResponseHead head) {
  const base::Steady now = context_.executor.clock().steady();
  context_.counters.origin_first_byte.add(now - request_sent_);
  take_clock(head.fields);
  if (order_.rule != nullptr) policy::strip(head.fields, order_.rule->strip_response);
  policy::add_via(head, order_.config->node);
  if (head.status == 304 && validating_) return on_not_modified(head);
  if (order_.part) return on_part_head(std::move(head));
  on_whole_head(std::move(head));
}

void Fill::on_whole_head(http::ResponseHead head) {
  const int status = head.status;
  total_ = head.body_bytes;
  const bool server_error = status == 500 || (status >= 502 && status <= 504);
  if (server_error && order_.stored && may_answer_stale()) {
    return answer_stale_or_fail({Errc::Unavailable, "the origin answered " + std::to_string(status)}, status);
  }
  const policy::TtlRule& rule = order_.site->rule_for(policy::normal_path(order_.request.target));
  if (!order_.cacheable) {
    invalidate_after(context_, *order_.site, order_.request, head);
    if (order_.site->towards(order_.config->node, true).scheme &&
        policy::is_cacheable_post(order_.request, head, rule, order_.connection.server_port, request_time_,
                                  context_.executor.clock().wall()) &&
        !too_large(total_)) {
      context_.shared.fetches.track(order_.base_key, *fetch_);
      return open_shared(head, rule);
    }
    return open_unkept(std::move(head), Fetch::Sharing::Lead);
  }
  http::RequestHead asked = order_.request;
  asked.method = "GET";
  const policy::Storable why =
      policy::storable(asked, head, rule, request_time_, context_.executor.clock().wall());
  if (why == policy::Storable::Yes && !too_large(total_)) return open_shared(head, rule);
  if (status >= 500) {
    // An error passes: it says nothing of what the key will hold next, nor of what is stored.
    pause_retries();
    const bool share = policy::may_share_error(asked, head);
    return open_unkept(std::move(head), share ? Fetch::Sharing::Waiters : Fetch::Sharing::Lead);
  }
  if (!policy::is_of_request(why)) {
    mark_pass();
    forget_stored();
  }
  open_unkept(std::move(head), Fetch::Sharing::Lead);
}

void Fill::on_not_modified(const http::ResponseHead& head) {
  context_.counters.origin_not_modified.add();
  const store::Object& stored = *order_.stored;
  if (!policy::confirms(response_of(stored), head)) {
    // The origin speaks of another version than ours: ask for the whole of it.
    validating_ = false;
    exchange_.reset();
    return send(false);
  }
  const policy::TtlRule& rule = order_.site->rule_for(policy::normal_path(order_.request.target));
  auto object = make_object(stored.key, stored.key_text, stored.id,
                            policy::freshened(response_of(stored), head, rule, request_time_,
                                              context_.executor.clock().wall(), fetch_->stamp()));
  object->body = stored.body;
  object->chunks = stored.chunks;
  object->on_disk = stored.on_disk;
  object->body_bytes = stored.body_bytes;
  const bool live = is_alive(*object) && !fetch_->retired();
  if (live) {
    keep_refreshed(context_.shared, object, context_.executor.clock().steady());
    drop_if_retired(*object);
  }
  fetch_->answer(std::move(object), context_.executor.clock().steady());
  end();
}

// Neither purged nor of a group that was invalidated.
bool Fill::is_alive(const store::Object& object) const {
  return verdict_of(object, context_.shared.ledger) != purge::Verdict::Dead &&
         group_verdict(context_, response_of(object)) != GroupVerdict::Dead;
}

bool Fill::may_answer_stale() const {
  if (!order_.stored) return false;
  const store::Object& stored = *order_.stored;
  const purge::Verdict verdict = verdict_of(stored, context_.shared.ledger);
  if (verdict == purge::Verdict::Dead) return false;
  const bool doubtful =
      trust_of(context_, *order_.site) != Trust::Full || group_verdict(context_, response_of(stored)) != GroupVerdict::Live;
  return policy::may_serve_on_error(response_of(stored), context_.executor.clock().wall(),
                                    {verdict == purge::Verdict::Stale, doubtful});
}

void Fill::answer_stale_or_fail(base::Error error, std::optional<int> status) {
  context_.counters.origin_failures.add();
  pause_retries();
  if (may_answer_stale()) {
    fetch_->answer_stale(order_.stored, std::move(error), status, context_.executor.clock().steady());
  } else {
    fetch_->fail(std::move(error));
  }
  end();
}

void Fill::open_shared(const http::ResponseHead& head, const policy::TtlRule& rule) {
  response_ = policy::make_stored(order_.site->name, order_.cache_key, head, rule, request_time_,
                                  context_.executor.clock().wall(), fetch_->stamp());
  response_.body_bytes = total_.value_or(0);
  context_.shared.pass_marks.clear(fetch_->key());
  context_.shared.retry_pauses.clear(fetch_->key());
  // Of several side by side the first is kept.
  const bool may = may_keep() && (!order_.alone || context_.shared.fetches.add(fetch_->key(), fetch_));
  keeping_ = may && worth_keeping();
  if (may && !keeping_) forget_stored();
  if (keeping_) {
    exchange_->set_pass(false);
    id_ = context_.shared.disk.next_id();
    name_whole(head);
    enter_table();
    if (total_ && *total_ > whole_max_) begin_large();
  } else {
    leave_table();
    pace_by_readers();
  }
  fetch_->open(std::make_shared<policy::StoredResponse>(response_), Fetch::Sharing::All, keeping_, total_, variant_,
               context_.executor.clock().steady());
  look_again();
}

// A purge that came since the request was sent: those who asked before it may have the answer, the cache may not.
bool Fill::may_keep() const {
  return !fetch_->retired() &&
         context_.shared.ledger.verdict(subject_of(response_), fetch_->stamp()) != purge::Verdict::Dead;
}

void Fill::open_unkept(http::ResponseHead head, Fetch::Sharing sharing) {
  leave_table();
  pace_by_readers();
  if (sharing == Fetch::Sharing::Waiters) {
    const auto names = policy::vary_names(head.fields).value_or(std::vector<std::string>{});
    if (!names.empty()) variant_ = policy::variant_text(names, sent_fields_);
  }
  response_.status = head.status;
  policy::note_hidden(response_, head.fields);
  response_.fields = std::move(head.fields);
  policy::clean_response(response_.fields, context_.executor.clock().wall());
  response_.body_bytes = total_.value_or(0);
  fetch_->open(std::make_shared<policy::StoredResponse>(response_), sharing, false, total_, variant_,
               context_.executor.clock().steady());
  look_again();
}

// Nothing takes the body but those who read it: what waits for a connection comes first.
void Fill::pace_by_readers() {
  keeping_ = false;
  if (exchange_) exchange_->set_pass(true);
}

// Of several readers those go that hold the others back.
bool Fill::on_slow() {
  if (fetch_->cut_laggards() == 0) return false;
  wakeup_.sender().signal();
  return true;
}

// The origin has sent another response in place of the stored one, which so is none that it would choose (RFC
// 9111 4.3.3).
void Fill::forget_stored() {
  if (!order_.stored) return;
  drop(context_.shared, order_.stored->key, order_.stored->id);
}

void Fill::mark_pass() {
  const base::Duration time = order_.config->fetch.pass_mark;
  const store::Key& key = order_.part ? order_.part->whole_key : fetch_->key();
  context_.shared.pass_marks.mark(key, context_.executor.clock().steady() + time);
}

// The hits that find the copy stale do not ask again for a while. Who finds none asks, together with others.
void Fill::pause_retries() {
  if (!order_.background) return;
  const base::Duration time = order_.config->fetch.retry_pause;
  context_.shared.retry_pauses.mark(fetch_->key(), context_.executor.clock().steady() + time);
}

void Fill::on_trailers(http::Fields fields) {
  policy::clean_trailers(fields);
  fetch_->set_trailers(std::move(fields));
}

http::Flow Fill::on_data(std::string_view bytes) {
  context_.counters.origin_bytes.add(bytes.size());
  fetch_->append(bytes);
  if (keeping_) {
    const std::uint64_t come = fetch_->body_bytes();
    // When all fills together hold too much, those write that can.
    const bool in_one_piece = come <= whole_max_ && !(come > kChunkBytes && crowded());
    if (!write_ && !in_one_piece) begin_large();
    if (too_large(come)) stop_storing();
    if (keeping_ && write_) store_full_chunks();
  }
  paused_ = window_full();
  watch_laggards();
  return paused_ ? http::Flow::Pause : http::Flow::Continue;
}

void Fill::on_end(std::optional<http::ExchangeError> error) {
  exchange_.reset();
  received_ = true;
  if (error) {
    // Part of a head is none: nothing has been sent yet that would stand in the way of another answer.
    if (fetch_->view().state == Fetch::State::Waiting)
      return answer_stale_or_fail(std::move(error->error), {});
    context_.counters.origin_failures.add();
    leave_table();
    fetch_->fail(std::move(error->error));
    return end();
  }
  if (due_ && fetch_->body_bytes() != *due_) {
    context_.counters.origin_failures.add();
    leave_table();
    fetch_->fail({Errc::Protocol, "the body is shorter or longer than its Content-Range says"});
    return end();
  }
  if (!keeping_) {
    fetch_->complete();
    return end();
  }
  if (write_) return finish_large();
  finish_whole();
}

bool Fill::window_full() const {
  const FetchLimits& limits = order_.config->fetch;
  const std::uint64_t held = fetch_->window_bytes();
  if (!keeping_) return held > (crowded() ? kChunkBytes : limits.pass_window_bytes);
  // Those pause that have chunks under way to the disk, whose arrival wakes them.
  if (!write_ || held <= 2 * kChunkBytes) return false;
  return crowded() || held > std::min(limits.fill_window_bytes, limits.fill_total_bytes / 2);
}

bool Fill::crowded() const {
  return context_.shared.fill_bytes.load(std::memory_order_relaxed) > order_.config->fetch.fill_total_bytes;
}

void Fill::look_again() {
  if (done_) return;
  if (!received_ && fetch_->readers() == 0 && !worth_finishing()) {
    context_.counters.fills_abandoned.add();
    leave_table();
    fetch_->fail({Errc::Cancelled, "nobody waited for the rest"});
    return end();
  }
  if (paused_ && exchange_ && !window_full()) {
    paused_ = false;
    exchange_->resume();
  }
  watch_laggards();
}

// A body that many read and that is not kept (it outgrew the largest that is) goes at the pace of the
// slowest, but only for a while.
void Fill::watch_laggards() {
  const std::chrono::milliseconds limit = order_.config->fetch.hold_back;
  if (!paused_ || keeping_ || limit.count() == 0 || fetch_->readers() < 2) return laggards_.stop();
  if (laggards_.running()) return;
  laggards_.start(limit, [this] {
    if (const std::size_t cut = fetch_->cut_laggards(); cut != 0) {
      logs::info("slow clients cut that held back others", {{"url", order_.cache_key.url}, {"clients", cut}});
    }
    look_again();
  });
}

bool Fill::worth_finishing() const {
  const Fetch::View view = fetch_->view();
  if (view.state == Fetch::State::Waiting) return order_.cacheable && !order_.alone;
  if (!keeping_) return false;
  if (order_.background) return true;
  const std::uint64_t come = fetch_->body_bytes();
  const std::uint64_t missing = total_ ? *total_ - std::min(*total_, come) : come;
  return missing <= order_.config->fetch.finish_bytes;
}

void Fill::leave_table() {
  context_.shared.fetches.untrack(order_.base_key, *fetch_);
  context_.shared.fetches.remove(fetch_->key(), fetch_.get());
  if (key_ != store::Key{}) context_.shared.fetches.remove(key_, fetch_.get());
}

void Fill::end() {
  if (done_) return;
  leave_table();
  done_ = true;
  exchange_.reset();
  fetch_->settle(std::move(kept_));
  // Not committed, but readers behind the window still need the chunks that are on disk: they hold them through the fetch.
  if (write_ && fetch_->view().state != Fetch::State::Failed) {
    fetch_->set_pin(std::make_shared<UnfinishedWrite>(std::move(write_)));
  }
  write_.reset();
  context_.fills.sweep_later();
}

}  // namespace node
