// SPDX-License-Identifier: Apache-2.0
// What goes out to the client, and what is noted of it.
#include "edge/node/finished.h"
#include "edge/node/request.h"
#include "edge/policy/freshness.h"

namespace node {

using fetch::Fetch;
using policy::CacheStatus;
using policy::Outcome;

// Null if the disk has dropped it: what memory holds of it is of no use then.
std::unique_ptr<Bytes> Request::bytes_of(const store::ObjectRef& object) {
  if (object->whole()) return bytes_of_whole(object);
  store::PinRef pin = context_.shared.disk.pin(object->key, object->id);
  if (pin) return bytes_of_chunks(context_, object, std::move(pin), [this] { writer_.resume(); });
  context_.shared.memory.erase(object->key, object->id);
  return nullptr;
}

AnswerFacts Request::facts_of(std::optional<std::uint64_t> total, std::uint64_t seed) const {
  return {.total = total,
          .status = status_,
          .ranges_max = config_->fetch.ranges,
          .boundary_seed = seed,
          .peer_clock = told_peer(),
          .now = context_.executor.clock().wall()};
}

void Request::send_object(store::ObjectRef object, CacheStatus status) {
  if (!coded_.wanted(response_of(*object), object->body_bytes)) return send_stored(object, nullptr, status);
  phase_ = Phase::Reading;
  coded_.find(object,
              [this, object, status](const store::ObjectRef& coded) { send_stored(object, coded, status); });
}

// The head is always that of `object`, which may have been revalidated since it was coded.
void Request::send_stored(const store::ObjectRef& object, const store::ObjectRef& coded, CacheStatus status) {
  const store::ObjectRef& sent = coded ? coded : object;
  std::unique_ptr<Bytes> bytes = bytes_of(sent);
  if (!bytes) return coded ? send_stored(object, nullptr, status) : not_found();
  phase_ = Phase::Sending;
  status.key = shown_key();
  status_ = status;
  const AnswerFacts facts = facts_of(sent->body_bytes, sent->id);
  Answer answer = make_answer(head_, response_of(*object), facts);
  coded_.set_fields(response_of(*object), coded != nullptr, answer.head.fields);
  auto body = make_body(answer, std::move(bytes), sent->body_bytes);
  writer_.respond(std::move(answer.head), std::move(body));
}

// What became of the request, as far as a fetch that has its head can tell.
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
  status_.key = shown_key();
}

void Request::send_fetch(const Fetch::View& view) {
  phase_ = Phase::Sending;
  note_fetched(view);
  const auto seed = static_cast<std::uint64_t>(view.head->response_time.time_since_epoch().count());
  // Trailers need a body whose length is left open, in HTTP/1.1.
  const bool trailed = view.trailers && !view.trailers->empty() && !head_.fields.has("range");
  const std::optional<std::uint64_t> total = trailed ? std::nullopt : view.total;
  AnswerFacts facts = facts_of(total, reader_->fetch().stamp() ^ seed);
  facts.from_cache = view.sharing == Fetch::Sharing::All;
  facts.in_order = !view.kept;
  Answer answer = make_answer(head_, *view.head, facts);
  if (facts.from_cache) coded_.set_fields(*view.head, false, answer.head.fields);
  auto body = make_body(answer, bytes_of_fetch(context_, reader_, [this] { writer_.resume(); }), total);
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
  note_finished(context_, {.head = head_,
                           .connection = connection_,
                           .delivery = delivery,
                           .site = site_ != nullptr ? site_->name : std::string_view{},
                           .outcome = status_.outcome,
                           .begun = begun_,
                           .origin_time = origin_time_});
}

}  // namespace node
