// SPDX-License-Identifier: Apache-2.0
// Under which key the object of a fill goes into the cache.
#include <utility>

#include "edge/node/fill.h"
#include "edge/node/tiers.h"
#include "edge/node/variant.h"
#include "edge/policy/vary.h"

namespace node {

// Where the object goes: the base key, or under Vary the key of this request's variant, beneath a marker that names the fields.
void Fill::name_whole(const http::ResponseHead& head) {
  const auto names = policy::vary_names(head.fields).value_or(std::vector<std::string>{});
  if (names.empty()) {
    key_ = order_.base_key;
    key_text_ = order_.cache_key.text;
  } else {
    variant_ = policy::variant_text(names, sent_fields_);
    const std::uint64_t generation = generation_of(names);
    key_text_ = variant_key_text(order_.cache_key.text, generation, variant_);
    key_ = key_of(key_text_);
    if (const auto old = context_.shared.variants.enter(order_.base_key, key_, order_.config->fetch.variants)) {
      drop(context_.shared, *old);
    }
    response_.variant = variant_;
    put_alias(generation, policy::language_variant_text(names, sent_fields_, policy::content_language(head.fields)));
  }
}

// Who prefers this very language to all others is to find it, whatever else its Accept-Language says. What was
// asked for by that language alone goes before.
void Fill::put_alias(std::uint64_t generation, const std::string& variant) {
  if (variant.empty() || variant == variant_) return;
  std::string text = variant_key_text(order_.cache_key.text, generation, variant);
  const store::Key key = key_of(text);
  const store::ObjectRef there = context_.shared.memory.find(key, text);
  if (there && response_of(*there).part_of == key_text_) return;
  if ((there && response_of(*there).kind != policy::StoredResponse::Kind::Alias) ||
      (!there && context_.shared.disk.may_have(key))) {
    return;
  }
  policy::StoredResponse alias = signpost(policy::StoredResponse::Kind::Alias);
  alias.part_of = key_text_;
  keep_signpost(context_.shared, make_object(key, std::move(text), context_.shared.disk.next_id(), std::move(alias)));
}

// What leads to this fill's object and has no body itself; the same for purges.
policy::StoredResponse Fill::signpost(policy::StoredResponse::Kind kind) const {
  policy::StoredResponse out;
  out.kind = kind;
  out.site = response_.site;
  out.host = response_.host;
  out.url = response_.url;
  out.fill_stamp = response_.fill_stamp;
  return out;
}

void Fill::enter_table() {
  if (key_ != fetch_->key()) context_.shared.fetches.add(key_, fetch_);
}

// The marker that was looked up or that another fill has put since; a new one would take the variants beneath
// it away.
std::uint64_t Fill::generation_of(const std::vector<std::string>& names) {
  if (order_.generation != 0 && names == order_.vary) return order_.generation;
  if (const auto there = context_.shared.memory.find(order_.base_key, order_.cache_key.text)) {
    const policy::StoredResponse& marker = response_of(*there);
    const bool live = verdict_of(*there, context_.shared.ledger) != purge::Verdict::Dead;
    if (live && marker.kind == policy::StoredResponse::Kind::VaryMarker && marker.vary == names) {
      return marker.generation;
    }
  }
  return put_marker(names);
}

std::uint64_t Fill::put_marker(std::vector<std::string> names) {
  policy::StoredResponse marker = signpost(policy::StoredResponse::Kind::VaryMarker);
  marker.vary = std::move(names);
  marker.generation = context_.shared.disk.next_id();
  const std::uint64_t generation = marker.generation;
  keep_signpost(context_.shared, make_object(order_.base_key, order_.cache_key.text, generation, std::move(marker)));
  return generation;
}

}  // namespace node
