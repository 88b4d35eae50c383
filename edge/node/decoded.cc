// SPDX-License-Identifier: Apache-2.0
#include "edge/node/decoded.h"

#include "edge/http/sending.h"

namespace node {
namespace {

// What all hits on it would find out anew.
policy::StoredResponse prepared(policy::StoredResponse response) {
  http::note_sending(response.fields);
  return response;
}

}  // namespace

Decoded::Decoded(policy::StoredResponse response)
    : response_(prepared(std::move(response))), checked_at_(response_.fill_stamp) {}

purge::Verdict Decoded::verdict(const purge::Ledger& ledger) const {
  const purge::Stamp now = ledger.now();
  const purge::Stamp checked = checked_at_.load(std::memory_order_relaxed);
  if (checked >= now) return purge::Verdict::Live;
  const purge::Verdict verdict = ledger.verdict(subject_of(response_), checked);
  // `now` was read before the entries were: a purge that came in between is looked at next time.
  if (verdict == purge::Verdict::Live) checked_at_.store(now, std::memory_order_relaxed);
  return verdict;
}

std::shared_ptr<const store::Decoded> decode_object(std::string_view meta) {
  auto response = policy::decode(meta);
  if (!response) return nullptr;
  return std::make_shared<Decoded>(std::move(*response));
}

purge::Subject subject_of(const policy::StoredResponse& response) {
  return {response.site, response.host, response.url, response.tags};
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
