// SPDX-License-Identifier: Apache-2.0
#include "edge/node/verification.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "edge/base/log.h"
#include "edge/base/text.h"
#include "edge/node/decoded.h"
#include "edge/node/node.h"
#include "edge/node/slices.h"
#include "edge/node/variant.h"
#include "edge/policy/forwarding.h"
#include "edge/policy/vary.h"

namespace node {
namespace {

using nlohmann::json;
using policy::StoredResponse;

constexpr std::size_t kUnderWayMax = 64;   // the API asks fewer at once
constexpr std::size_t kCopiesShown = 100;  // all are counted
constexpr std::uint64_t kSlicesMax = 100'000;

std::string text_of(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}
std::uint64_t number_of(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}

/// A GET of an absolute URL.
http::RequestHead request_of(std::string_view url) {
  http::RequestHead out{.method = "GET"};
  const std::size_t scheme_end = std::min(url.find("://"), url.size());
  out.scheme = base::lowered(url.substr(0, scheme_end));
  url.remove_prefix(std::min(scheme_end + 3, url.size()));
  const std::size_t path_at = std::min(url.find_first_of("/?"), url.size());
  out.authority = base::lowered(url.substr(0, path_at));
  out.target = url.substr(path_at);
  if (!out.target.starts_with('/')) out.target.insert(0, "/");
  return out;
}

}  // namespace

std::optional<VerifyQuestion> parse_verify_question(std::string_view text) {
  const json object = json::parse(text, nullptr, false);
  if (!object.is_object()) return {};
  VerifyQuestion out{.id = text_of(object, "id"),
                     .site = text_of(object, "site"),
                     .url = text_of(object, "url"),
                     .at = number_of(object, "at"),
                     .limit = std::chrono::milliseconds(number_of(object, "limit_ms"))};
  const auto headers = object.find("headers");
  if (headers != object.end() && headers->is_object()) {
    for (const auto& [name, value] : headers->items()) {
      if (value.is_string()) out.fields.add(name, value.get<std::string>());
    }
  }
  if (out.id.empty() || out.site.empty() || out.url.empty()) return {};
  return out;
}

Verification::Verification(Node& node, VerifyQuestion question, Done done)
    : node_(node), question_(std::move(question)), done_(std::move(done)) {
  // What the API knows already is to be obeyed here, too: otherwise the answer would say nothing.
  PurgeClock& clock = *node_.shared().clock;
  const ClockPlace now = clock.now().value_or(ClockPlace::none());
  wait_ = std::make_unique<ClockWait>(clock, node_.executor(), ClockPlace{now.log_id, question_.at},
                                      question_.limit / 2, [this](bool) { begin(); });
}

void Verification::begin() {
  asked_ = request_of(question_.url);
  asked_.fields = question_.fields;
  site_ = node_.config().sites.find(policy::host_of(asked_.authority));
  if (site_ != nullptr && site_->name == question_.site) {
    for (const char* scheme : {"https", "http"}) {
      http::RequestHead request = asked_;
      request.scheme = scheme;
      add(key_of(policy::cache_key(site_->name, site_->key, request).text), "");
    }
  }
  look();
}

void Verification::add(const store::Key& key, std::string variant) {
  if (seen_.insert(key).second) places_.push_back({key, std::move(variant)});
}

void Verification::look() {
  while (!places_.empty()) {
    const Place place = std::move(places_.front());
    places_.pop_front();
    if (const store::ObjectRef object = node_.shared().memory.peek(place.key))
      note(*object, "memory", place.variant);
    if (!node_.shared().disk.may_have(place.key)) continue;
    return node_.shared().disk.find(
        place.key, "", node_.executor(),
        anchor_.wrap([this, variant = place.variant](base::Result<store::ObjectRef> object) {
          if (object) note(**object, "disk", variant);
          look();
        }));
  }
  auto done = std::move(done_);
  done(answer());
}

void Verification::note(const store::Object& object, const char* tier, const std::string& variant) {
  const StoredResponse& response = response_of(object);
  if (response.kind == StoredResponse::Kind::VaryMarker) return add_variants(object);
  if (response.kind == StoredResponse::Kind::Alias) return;
  if (response.kind == StoredResponse::Kind::Sliced) add_slices(object);
  const purge::Ledger& ledger = node_.shared().ledger;
  // What a request finds was noted when the object was last checked; this asks anew.
  const purge::Verdict served = verdict_of(object, ledger);
  const purge::Subject subject = static_cast<const Decoded&>(*object.decoded).subject();
  // The floor speaks for entries that had to go, and may stand above ones that never were of this copy: what
  // was held against it before the floor rose is alive by right.
  const purge::Verdict due = ledger.verdict(subject, std::max(response.fill_stamp, ledger.floor()));
  ++holds_;
  if (served == purge::Verdict::Dead) ++dead_;
  if (due == purge::Verdict::Dead && served != purge::Verdict::Dead) ++stale_;
  if (copies_.size() >= kCopiesShown) return;
  copies_.push_back({tier, variant, purge::sequence_of(response.fill_stamp),
                     purge::sequence_of(ledger.newest(subject)), served});
}

void Verification::add_variants(const store::Object& marker) {
  const StoredResponse& response = response_of(marker);
  const Site& site = *site_;
  const http::Fields sent = policy::fields_to_origin(
      asked_, {}, site.towards(node_.config().node, true, site.codes(asked_.target)));
  const std::string variant = policy::variant_text(response.vary, sent);
  add(key_of(variant_key_text(marker.key_text, response.generation, variant)), variant);
  if (!question_.fields.empty()) return;
  for (const store::Key& key : node_.shared().variants.of(marker.key)) add(key, "?");
}

void Verification::add_slices(const store::Object& head) {
  const StoredResponse& response = response_of(head);
  std::string room;
  const std::uint64_t size = site_->rule_for(policy::normal_path(asked_.target, room)).slice_bytes;
  add(key_of(part_key_text(head.key_text, {})), "fragment");
  if (size == 0) return;
  const std::uint64_t count = std::min((response.whole_bytes + size - 1) / size, kSlicesMax);
  for (std::uint64_t index = 0; index < count; ++index) {
    const std::string range = slice_order(index, size, {}, head.key_text).range;
    const store::Key key = key_of(part_key_text(head.key_text, range));
    if (node_.shared().memory.peek(key) || node_.shared().disk.may_have(key)) add(key, range);
  }
}

std::string Verification::answer() const {
  json copies = json::array();
  for (const Copy& copy : copies_) {
    copies.push_back({{"tier", copy.tier},
                      {"variant", copy.variant},
                      {"fill", copy.fill},
                      {"purged", copy.purged},
                      {"verdict", word_of(copy.verdict)}});
  }
  const json out = {{"id", question_.id}, {"applied", purge::sequence_of(node_.shared().ledger.now())},
                    {"holds", holds_},    {"stale", stale_},
                    {"dead", dead_},      {"copies", std::move(copies)}};
  return out.dump(-1, ' ', false, json::error_handler_t::replace);
}

Verifier::Verifier(Node& node, http::ExchangeMaker& client, std::shared_ptr<const http::ServerOptions> server,
                   Way way)
    : node_(node), client_(client), server_(std::move(server)), way_(std::move(way)) {}
Verifier::~Verifier() = default;

void Verifier::ask(std::string_view text) {
  auto question = parse_verify_question(text);
  if (!question || under_way_.size() >= kUnderWayMax) {
    return logs::warn("a question of the purge API is not answered", {{"under_way", under_way_.size()}});
  }
  under_way_.push_back(std::make_unique<UnderWay>());
  UnderWay& one = *under_way_.back();
  one.limit = question->limit;
  one.verification = std::make_unique<Verification>(
      node_, std::move(*question), [this, &one](std::string json) { send(one, std::move(json)); });
}

void Verifier::send(UnderWay& one, std::string json) {
  if (way_(json)) return end(one);
  const PurgeConfig& api = node_.config().purge;
  ApiOrder order{.urls = api.urls(),
                 .path = "/v1/nodes/" + node_.config().node + "/verify",
                 .token = api.token,
                 .server = server_,
                 .json = std::move(json),
                 .limit = one.limit};
  one.post = std::make_unique<ApiPost>(node_.executor(), client_, std::move(order),
                                       [this, &one](const ApiAnswer& answer) {
                                         if (answer.status != 200) {
                                           logs::warn("an answer to the purge API did not get through",
                                                      {{"status", answer.status}, {"reason", answer.error}});
                                         }
                                         end(one);
                                       });
}

// Later: what has called this is part of it.
void Verifier::end(UnderWay& one) {
  node_.executor().post(anchor_.wrap([this, &one] {
    std::erase_if(under_way_, [&one](const auto& other) { return other.get() == &one; });
  }));
}

}  // namespace node
