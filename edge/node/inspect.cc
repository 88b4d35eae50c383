// SPDX-License-Identifier: Apache-2.0
#include "edge/node/inspect.h"

#include <nlohmann/json.hpp>

#include "edge/base/text.h"
#include "edge/node/decoded.h"
#include "edge/node/node.h"
#include "edge/node/variant.h"
#include "edge/policy/forwarding.h"
#include "edge/policy/freshness.h"
#include "edge/policy/uri.h"
#include "edge/policy/vary.h"

namespace node {
namespace {

using nlohmann::json;

std::string query_value(std::string_view target, std::string_view name) {
  const std::size_t question = target.find('?');
  std::string value;
  if (question == std::string_view::npos) return value;
  base::split(target.substr(question + 1), '&', [&](std::string_view pair) {
    if (pair.size() > name.size() && pair.starts_with(name) && pair[name.size()] == '=') {
      value = policy::decoded(pair.substr(name.size() + 1));
    }
  });
  return value;
}

json object_json(const store::Object& object, const purge::Ledger& ledger, base::Wall now) {
  const policy::StoredResponse& response = response_of(object);
  return {{"status", response.status},
          {"body_bytes", object.body_bytes},
          {"id", object.id},
          {"age", policy::current_age(response, now).count()},
          {"ttl", policy::remaining(response, now).count()},
          {"tags", response.tags},
          {"fill_sequence", purge::sequence_of(response.fill_stamp)},
          {"verdict", word_of(verdict_of(object, ledger))}};
}

}  // namespace

void Inspection::begin(const http::RequestHead& request) {
  const std::string url = query_value(request.target, "url");
  const std::size_t scheme_end = url.find("://");
  if (scheme_end == std::string::npos) {
    return done_(400, R"({"error":"found no absolute URL; allowed: /inspect?url=https://host/path"})");
  }
  http::RequestHead asked = request;
  asked.method = "GET";
  asked.scheme = base::lowered(url.substr(0, scheme_end));
  const std::size_t path_at = url.find_first_of("/?", scheme_end + 3);
  asked.authority = base::lowered(url.substr(scheme_end + 3, path_at - scheme_end - 3));
  asked.target = path_at == std::string::npos ? "/" : url.substr(path_at);
  if (asked.target.starts_with('?')) asked.target.insert(0, "/");
  const Site* site = node_.config().sites.find(policy::host_of(asked.authority));
  if (site == nullptr) {
    return done_(404,
                 json{{"error", "no site here is called \"" + policy::host_of(asked.authority) + "\""}}.dump(
                     -1, ' ', false, json::error_handler_t::replace));
  }
  key_ = policy::cache_key(site->name, site->key, asked);
  sent_ = policy::fields_to_origin(asked, {},
                                   site->towards(node_.config().node, true, site->codes(asked.target)));
  look(key_of(key_.text), key_.text);
}

void Inspection::look(const store::Key& key, const std::string& text) {
  text_ = text;
  in_memory_ = node_.shared().memory.find(key, text);
  on_disk_.reset();
  if (!node_.shared().disk.may_have(key)) return on_disk(base::fail(base::Errc::NotFound, ""));
  node_.shared().disk.find(
      key, text, node_.executor(),
      anchor_.wrap([this](base::Result<store::ObjectRef> object) { on_disk(std::move(object)); }));
}

void Inspection::on_disk(base::Result<store::ObjectRef> object) {
  if (object) on_disk_ = std::move(*object);
  const store::ObjectRef any = in_memory_ ? in_memory_ : on_disk_;
  const bool marker = any && response_of(*any).kind == policy::StoredResponse::Kind::VaryMarker;
  if (!marker || followed_marker_) return report();
  followed_marker_ = true;
  const policy::StoredResponse& response = response_of(*any);
  variant_ = policy::variant_text(response.vary, sent_);
  const std::string text = variant_key_text(key_.text, response.generation, variant_);
  look(key_of(text), text);
}

void Inspection::report() {
  json objects = json::array();
  if (const store::ObjectRef any = in_memory_ ? in_memory_ : on_disk_) {
    json object = object_json(*any, node_.shared().ledger, node_.executor().clock().wall());
    object["variant"] = variant_;
    objects.push_back(std::move(object));
  }
  const json out = {{"url", key_.url},
                    {"key", text_},
                    {"memory", static_cast<bool>(in_memory_)},
                    {"disk", static_cast<bool>(on_disk_)},
                    {"applied_sequence", purge::sequence_of(node_.shared().ledger.now())},
                    {"objects", std::move(objects)}};
  done_(200, out.dump(-1, ' ', false, json::error_handler_t::replace) + "\n");
}

}  // namespace node
