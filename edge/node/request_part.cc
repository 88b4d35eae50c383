// SPDX-License-Identifier: Apache-2.0
// Requests for a range of what is not in the cache as a whole: slices of it, or a fragment (the end of it, asked for while its length
// is not known).
#include <algorithm>

#include "edge/base/text.h"
#include "edge/node/fills.h"
#include "edge/node/request.h"
#include "edge/node/tiers.h"
#include "edge/node/variant.h"
#include "edge/policy/conditional.h"

namespace node {

using fetch::Fetch;
using policy::ByteRange;
using policy::CacheStatus;
using policy::Outcome;
using policy::StoredResponse;

namespace {

/// A range is waited for in a running fill of the whole that will have come there after so many slices.
constexpr std::uint64_t kNearSlices = 16;

/// No body reaches beyond it; the places of slices do not overflow.
constexpr std::uint64_t kPlaceMax = std::uint64_t{1} << 62;

/// A slice whose head is there has left a sliced head, by which it would have been found: that has been dropped since.
bool is_old_slice(const Fetch& fetch, bool fragment) {
  const Fetch::View view = fetch.view();
  return !fragment && view.head && view.head->kind == StoredResponse::Kind::Part;
}

}  // namespace

// Whether the range could be asked for as a part at all.
bool Request::may_seek_part() {
  if (!wish_ || part_sought_ || wish_->first.value_or(0) > kPlaceMax) return false;
  // A suffix, of unknown place: not more than a slice, and none that depends on which version there is.
  if (!wish_->first && (*wish_->last > slice_bytes_ || head_.fields.has("if-range"))) return false;
  const base::Steady now = context_.executor.clock().steady();
  fetch::PassMarks& marks = context_.shared.pass_marks;
  return !marks.marked(key_, now) && !marks.marked(no_parts_key(key_text_), now);
}

bool Request::seeks_part() {
  if (!may_seek_part()) return false;
  const auto whole = context_.shared.fetches.find(key_, key_text_);
  return !whole || !is_near(whole->view(), whole->body_bytes());
}

// Whether the range comes soon enough in a fetch of the whole of which `come` bytes are there.
bool Request::is_near(const Fetch::View& view, std::uint64_t come) const {
  if (!view.head) return true;  // how long it is will be known soon
  if (view.state == Fetch::State::Answered || view.state == Fetch::State::Failed) return true;
  const std::uint64_t reach = come + kNearSlices * slice_bytes_;
  if (wish_->first) return *wish_->first < reach;
  return view.total && *view.total - std::min(*view.total, *wish_->last) < reach;
}

void Request::seek_fragment() {
  part_sought_ = true;
  status_.reason = generation_ != 0 ? policy::Forward::VaryMiss : policy::Forward::UriMiss;
  if (head_.fields.has("if-range")) return ask_part();
  const std::string text = part_key_text(key_text_, {});
  const store::Key key = key_of(text);
  if (store::ObjectRef object = context_.shared.memory.find(key, text)) return found_fragment(object);
  if (!context_.shared.disk.may_have(key)) return ask_part();
  phase_ = Phase::Reading;
  context_.shared.disk.find(key, text, context_.executor,
                            anchor_.wrap([this](base::Result<store::ObjectRef> object) {
                              if (!object) return ask_part();
                              promote(context_.shared, *object);
                              found_fragment(*object);
                            }));
}

void Request::found_fragment(const store::ObjectRef& object) {
  if (!send_from_fragment(object, {})) ask_part();
}

// Answers from a fragment that has what is asked for, and is of the version `etag` (empty: any); or does nothing.
bool Request::send_from_fragment(const store::ObjectRef& object, std::string_view etag) {
  const StoredResponse& fragment = response_of(*object);
  const base::Wall now = context_.executor.clock().wall();
  const purge::Verdict verdict = verdict_of(*object, context_.shared.ledger);
  if (fragment.kind != StoredResponse::Kind::Part || verdict == purge::Verdict::Dead) return false;
  if (group_verdict(context_, fragment) == GroupVerdict::Dead || (!etag.empty() && fragment.etag() != etag)) return false;
  if (policy::judge(fragment, directives_, now, situation_of(fragment, verdict)) != policy::Use::Fresh) return false;
  std::optional<ByteRange> run;
  // Who asks in the same words gets the same answer; else what is asked for must lie within.
  if (fragment.range != base::trimmed(*head_.fields.get("range"))) {
    const auto choice = policy::choose_range(head_, fragment.fields, fragment.whole_bytes, 1, now);
    const std::uint64_t end = fragment.part_first + fragment.body_bytes;
    if (choice.parts.size() != 1) return false;
    run = choice.parts[0];
    if (run->first < fragment.part_first || run->first >= end) return false;
    // One that came shorter than it says answers with what there is of it (RFC 9110 15.3.7).
    run->last = std::min(run->last, end - 1);
  }
  std::unique_ptr<Bytes> bytes = bytes_of(object);
  if (!bytes) return false;
  send_fragment(fragment, std::move(bytes), run, {.outcome = Outcome::Hit, .ttl = policy::remaining(fragment, now)});
  return true;
}

void Request::ask_part() {
  if (directives_.only_if_cached) return not_found();
  part_sought_ = true;
  PartOrder part;
  if (wish_->first) {
    part = slice_order(*wish_->first / slice_bytes_, slice_bytes_, {}, key_text_);
  } else {
    part = {.range = std::string(base::trimmed(*head_.fields.get("range"))),
            .fragment = true,
            .bytes_max = slice_bytes_,
            .whole_key = key_,
            .none_key = no_parts_key(key_text_)};
  }
  const std::string text = part_key_text(key_text_, part.range);
  const store::Key key = key_of(text);
  const purge::Stamp now = context_.shared.ledger.now();
  auto joined = context_.shared.fetches.join(
      key, text, [&](const Fetch& fetch) { return may_join(fetch) && !is_old_slice(fetch, part.fragment); },
      [&] { return std::make_shared<Fetch>(key, text, now); });
  leads_ = joined.leads;
  doubtful_ = joined.fetch->stamp() < context_.shared.ledger.now();
  std::shared_ptr<Fetch> fetch = joined.fetch;
  watch(fetch);
  if (!leads_) return;
  FillOrder order = make_order();
  order.part = std::move(part);
  context_.fills.start(std::move(fetch), std::move(order));
}

// There is no part to be had.
void Request::without_part(Fetch::NoPart why) {
  reader_.reset();
  if (why == Fetch::NoPart::ForOne) return fetch_alone();
  // For a while it is fetched as a whole, if it is the answer to this very request that says so.
  if (why == Fetch::NoPart::Unfit && leads_) {
    const base::Steady now = context_.executor.clock().steady();
    context_.shared.pass_marks.mark(no_parts_key(key_text_), now + config_->fetch.pass_mark);
  }
  look_up_again();
}

// ---- slices ----

SliceSource Request::slices_of(const StoredResponse& head, std::string whole_text) const {
  SliceSource source{.order = make_order(),
                     .whole_text = std::move(whole_text),
                     .etag = std::string(head.etag()),
                     .whole_bytes = head.whole_bytes,
                     .slice_bytes = slice_bytes_};
  source.order.inform = nullptr;
  return source;
}

void Request::found_sliced(store::ObjectRef object, purge::Verdict verdict) {
  const StoredResponse& head = response_of(*object);
  const base::Wall now = context_.executor.clock().wall();
  if (slice_bytes_ == 0 ||
      policy::judge(head, directives_, now, situation_of(head, verdict)) != policy::Use::Fresh) {
    return not_found();
  }
  const auto choice = policy::choose_range(head_, head.fields, head.whole_bytes, config_->fetch.ranges, now);
  const bool bodiless = head_.method == "HEAD" || choice.kind == policy::RangeChoice::Kind::Unsatisfiable ||
                        policy::evaluate(head_, head.status, head.fields, now) != policy::Precondition::Proceed;
  if (choice.kind == policy::RangeChoice::Kind::Whole && !bodiless) {
    part_sought_ = true;
    return not_found();
  }
  if (!bodiless && wish_) {
    const std::string text = part_key_text(key_text_, {});
    const store::ObjectRef fragment = context_.shared.memory.find(key_of(text), text);
    if (fragment && send_from_fragment(fragment, head.etag())) return;
  }
  // Whether all slices are here is not known before they are looked for.
  if (!bodiless && directives_.only_if_cached) return not_found();
  slices_ = std::make_unique<SlicedBytes>(context_, slices_of(head, key_text_), [this] { on_slices(); });
  if (bodiless) {
    return send_slices(head, {.outcome = Outcome::Hit, .ttl = policy::remaining(head, now)});
  }
  sliced_ = std::move(object);
  phase_ = Phase::Waiting;
  slices_->seek(choice.parts[0].first);
  on_slices();
}

// The first slice is there, or cannot be had, or (once the answer has begun) there is more of them.
void Request::on_slices() {
  if (phase_ == Phase::Sending) return writer_.resume();
  if (phase_ != Phase::Waiting || !slices_ || !sliced_) return;
  switch (slices_->state()) {
    case Slice::State::Waiting: return;
    case Slice::State::There: break;
    case Slice::State::Failed: {
      if (!slices_->outdated()) return send_origin_error(slices_->error());
      const store::ObjectRef head = std::move(sliced_);
      slices_.reset();
      drop(context_.shared, head->key, head->id);
      return look_up_again();
    }
  }
  const store::ObjectRef head = std::move(sliced_);
  CacheStatus status{.outcome = Outcome::Hit,
                     .ttl = policy::remaining(response_of(*head), context_.executor.clock().wall())};
  if (slices_->from_origin()) status = {.outcome = Outcome::Miss, .fwd_status = 206, .stored = true, .reason = policy::Forward::Partial};
  send_slices(response_of(*head), status);
}

void Request::send_part(const Fetch::View& view) {
  note_fetched(view);
  status_.fwd_status = 206;
  const StoredResponse& part = *view.head;
  if (!part.range.empty()) {
    auto bytes = bytes_of_fetch(context_, reader_, [this] { writer_.resume(); });
    return send_fragment(part, std::move(bytes), {}, status_);
  }
  SliceSource source = slices_of(part, part.part_of.empty() ? key_text_ : part.part_of);
  slices_ = std::make_unique<SlicedBytes>(context_, std::move(source), [this] { on_slices(); });
  slices_->seek(part.part_first, reader_->shared());
  reader_.reset();
  send_slices(part, status_);
}

void Request::send_slices(const StoredResponse& head, const CacheStatus& status) {
  phase_ = Phase::Sending;
  status_ = status;
  status_.key = shown_key();
  const auto seed = static_cast<std::uint64_t>(head.response_time.time_since_epoch().count());
  Answer answer = make_answer(head_, head, facts_of(head.whole_bytes, seed));
  coded_.set_fields(head, false, answer.head.fields);
  slices_->set_runs(answer.parts);
  auto body = make_body(answer, std::move(slices_), head.whole_bytes);
  writer_.respond(std::move(answer.head), std::move(body));
}

void Request::send_fragment(const StoredResponse& fragment, std::unique_ptr<Bytes> bytes,
                            std::optional<ByteRange> run, CacheStatus status) {
  phase_ = Phase::Sending;
  status_ = status;
  status_.key = shown_key();
  Answer answer = make_fragment_answer(head_, fragment, facts_of({}, 0), run);
  coded_.set_fields(fragment, false, answer.head.fields);
  auto body = make_body(answer, std::move(bytes), fragment.body_bytes);
  if (!body) reader_.reset();
  writer_.respond(std::move(answer.head), std::move(body));
}

}  // namespace node
