// SPDX-License-Identifier: Apache-2.0
#include "edge/node/decoded.h"

#include "edge/http/sending.h"
#include "edge/policy/vary.h"

namespace node {
namespace {

// What all hits on it would find out anew.
policy::StoredResponse prepared(policy::StoredResponse response) {
  http::note_sending(response.fields);
  return response;
}

bool is_signpost(const policy::StoredResponse& response) {
  using Kind = policy::StoredResponse::Kind;
  return response.kind == Kind::VaryMarker || response.kind == Kind::Alias;
}

}  // namespace

Decoded::Decoded(policy::StoredResponse response)
    : response_(prepared(std::move(response))), checked_at_(response_.fill_stamp) {}

purge::Verdict Decoded::verdict(const purge::Ledger& ledger) const {
  const purge::Stamp now = ledger.now();
  const purge::Stamp checked = checked_at_.load(std::memory_order_relaxed);
  if (checked >= now) return purge::Verdict::Live;
  const purge::Verdict verdict = ledger.verdict(subject(), checked);
  // `now` was read before the entries were: a purge that came in between is looked at next time.
  if (verdict == purge::Verdict::Live) checked_at_.store(now, std::memory_order_relaxed);
  return verdict;
}

purge::Subject Decoded::subject() const {
  purge::Subject subject = subject_of(response_);
  subject.variant = this;
  return subject;
}

bool Decoded::is_chosen_by(const purge::VariantHeaders& headers) const {
  // What only leads to variants is none.
  if (is_signpost(response_)) return false;
  http::Fields request;
  for (const auto& [name, value] : headers) request.add(name, value);
  return policy::is_chosen_by(response_.variant, request, policy::content_language(response_.fields));
}

std::shared_ptr<const store::Decoded> decode_object(std::string_view meta) {
  auto response = policy::decode(meta);
  if (!response) return nullptr;
  return std::make_shared<Decoded>(std::move(*response));
}

purge::Subject subject_of(const policy::StoredResponse& response) {
  purge::Subject subject{
      .site = response.site, .host = response.host, .url = response.url, .tags = response.tags};
  if (is_signpost(response)) return subject;
  subject.status = response.status;
  subject.content_type = response.fields.get("content-type").value_or(std::string_view());
  return subject;
}

std::shared_ptr<store::Object> make_object(const store::Key& key, std::string key_text, store::ObjectId id,
                                           policy::StoredResponse response) {
  auto object = std::make_shared<store::Object>();
  object->key = key;
  object->key_text = std::move(key_text);
  object->id = id;
  object->body_bytes = response.body_bytes;
  object->meta = policy::encode(response);
  object->decoded = std::make_shared<Decoded>(std::move(response));
  return object;
}

}  // namespace node
