// SPDX-License-Identifier: Apache-2.0
// A fill of a part: what it gets in place of the whole, and under which names that is kept.
#include <algorithm>

#include "edge/base/log.h"
#include "edge/node/fill.h"
#include "edge/node/tiers.h"
#include "edge/node/variant.h"
#include "edge/policy/conditional.h"

namespace node {

using base::Errc;
using fetch::Fetch;
using policy::StoredResponse;

namespace {

// Whether the origin has sent what it was asked for. A fragment may be shorter than its Content-Range says:
// then what has come is an incomplete part (RFC 9111 3.3).
bool is_asked_for(const PartOrder& part, const policy::ContentRange& got, std::optional<std::uint64_t> body_bytes) {
  const std::uint64_t size = got.range.size();
  if (part.fragment) return body_bytes.value_or(size) <= std::min(size, part.bytes_max) && body_bytes != 0;
  const std::uint64_t last = std::min(part.bytes.last, got.total - 1);
  return got.range.first == part.bytes.first && got.range.last == last && body_bytes.value_or(size) == size;
}

}  // namespace

void Fill::on_part_head(http::ResponseHead head) {
  const PartOrder& part = *order_.part;
  if (head.status != 206) return on_no_part(std::move(head));
  const auto range = policy::parse_content_range(head.fields);
  if (!range || !is_asked_for(part, *range, head.body_bytes)) {
    return give_up_part(Fetch::NoPart::Unfit, "the origin sent another part than the one asked for");
  }
  const policy::TtlRule& rule = order_.site->rule_for(policy::normal_path(order_.request.target));
  http::RequestHead asked = order_.request;
  asked.method = "GET";
  const http::ResponseHead whole = policy::whole_of(head, range->total);
  const policy::Storable why =
      policy::storable(asked, whole, rule, request_time_, context_.executor.clock().wall());
  if (why != policy::Storable::Yes) {
    const auto kind = policy::is_of_request(why) ? Fetch::NoPart::ForOne : Fetch::NoPart::Unfit;
    return give_up_part(kind, std::string("the answer may not be kept: ") + policy::name_of(why));
  }
  const std::string_view etag = head.fields.get("etag").value_or(std::string_view());
  if (!part.etag.empty() && part.etag != etag) return give_up_part(Fetch::NoPart::OtherVersion, "another version");
  if (range->range.size() == range->total && head.body_bytes.value_or(range->total) == range->total) {
    due_ = range->total;
    return on_whole_head(whole);
  }
  if (!part.fragment && !policy::is_strong(etag)) {
    return give_up_part(Fetch::NoPart::Unfit, "the part has no strong entity-tag");
  }
  open_part(head, *range, rule);
}

// The origin has answered with something else than a part.
void Fill::on_no_part(http::ResponseHead head) {
  const PartOrder& part = *order_.part;
  const int status = head.status;
  if (status >= 500 && !part.etag.empty()) {
    leave_table();
    exchange_.reset();
    fetch_->fail({Errc::Unavailable, "the origin answered " + std::to_string(status)});
    return end();
  }
  // Another version is there, or nothing that could be part of the one wanted.
  if (!part.etag.empty()) {
    return give_up_part(Fetch::NoPart::OtherVersion, "the origin answered " + std::to_string(status));
  }
  // What only the range has caused says nothing of the whole.
  if (status == 416) {
    total_ = head.body_bytes;
    return open_unkept(std::move(head), Fetch::Sharing::Lead);
  }
  if (status == 200) {
    const base::Duration time = order_.config->fetch.pass_mark;
    context_.shared.pass_marks.mark(part.none_key, context_.executor.clock().steady() + time);
    if (context_.shared.fetches.find(order_.base_key, order_.cache_key.text)) {
      return give_up_part(Fetch::NoPart::OtherVersion, "the whole is on its way");
    }
  }
  on_whole_head(std::move(head));
}

void Fill::open_part(const http::ResponseHead& head, const policy::ContentRange& range, const policy::TtlRule& rule) {
  const PartOrder& part = *order_.part;
  response_ = policy::make_stored(order_.site->name, order_.cache_key, policy::whole_of(head, range.total), rule,
                                  request_time_, context_.executor.clock().wall(), fetch_->stamp());
  response_.whole_bytes = range.total;
  keeping_ = may_keep();
  if (keeping_) {
    id_ = context_.shared.disk.next_id();
    name_whole(head);
    // Who asked for a slice of a known version has found a head, or it has been dropped meanwhile.
    if (part.etag.empty() && policy::is_strong(response_.etag())) put_sliced_head();
    response_.part_of = key_text_;
    key_text_ = part_key_text(key_text_, part.fragment ? std::string_view() : part.range);
    key_ = key_of(key_text_);
    if (!part.fragment) enter_table();
  }
  response_.kind = StoredResponse::Kind::Part;
  response_.part_first = range.range.first;
  if (part.fragment) {
    response_.range = part.range;
    response_.fields.set("content-range", *head.fields.get("content-range"));
  }
  total_ = head.body_bytes.value_or(range.range.size());
  response_.body_bytes = *total_;
  due_ = total_;
  if (keeping_ && *total_ > whole_max_) begin_large();
  if (!keeping_) {
    leave_table();
    pace_by_readers();
  }
  fetch_->open(std::make_shared<StoredResponse>(response_), Fetch::Sharing::All, keeping_, total_, variant_,
               context_.executor.clock().steady());
  look_again();
}

// In place of an older one; but a whole that has come meanwhile is better.
void Fill::put_sliced_head() {
  if (const auto there = context_.shared.memory.find(key_, key_text_)) {
    const bool whole = response_of(*there).kind == StoredResponse::Kind::Response;
    if (whole && verdict_of(*there, context_.shared.ledger) == purge::Verdict::Live &&
        policy::remaining(response_of(*there), context_.executor.clock().wall()) > std::chrono::seconds(0)) {
      return;
    }
  }
  StoredResponse head = response_;
  head.kind = StoredResponse::Kind::Sliced;
  head.body_bytes = 0;
  store::ObjectRef object = make_object(key_, key_text_, context_.shared.disk.next_id(), std::move(head));
  keep_signpost(context_.shared, object);
  drop_if_retired(*object);
}

// The answer is of no use as a part; `kind` tells those who wait what to do.
void Fill::give_up_part(Fetch::NoPart kind, const std::string& why) {
  logs::debug("part not used", {{"url", order_.cache_key.url}, {"range", order_.part->range}, {"reason", why}});
  exchange_.reset();
  leave_table();
  fetch_->fail({Errc::NotFound, why}, kind);
  end();
}

}  // namespace node
