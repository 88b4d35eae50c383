// SPDX-License-Identifier: Apache-2.0
#include "purge/server/dialect.h"

#include <nlohmann/json.hpp>

#include "edge/base/text.h"

namespace purgeapi {
namespace {

using nlohmann::ordered_json;

// The message may quote a request that is not UTF-8.
std::string dump(const ordered_json& object) {
  return object.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

std::optional<std::string_view> bearer(const http::Fields& fields) {
  constexpr std::string_view kScheme = "bearer ";
  const auto value = fields.get("authorization");
  if (!value || !base::iequals(value->substr(0, kScheme.size()), kScheme)) return {};
  return base::trimmed(value->substr(kScheme.size()));
}

std::optional<std::string_view> cloudflare_secret(const http::Fields& fields) {
  if (const auto secret = bearer(fields)) return secret;
  if (const auto secret = fields.get("x-auth-user-service-key")) return secret;
  const auto key = fields.get("x-auth-key");
  return fields.has("x-auth-email") ? key : std::nullopt;
}

std::optional<std::string_view> fastly_secret(const http::Fields& fields) {
  const auto key = fields.get("fastly-key");
  return key ? key : bearer(fields);
}

// Cloudflare's number for a refusal that is not about a purge's body.
int cloudflare_code(int status) {
  switch (status) {
    case 400: return 6007;   // malformed JSON in request body
    case 401: return 10000;  // authentication error
    case 403: return 9109;   // unauthorized to access requested resource
    case 404: return 7000;   // no route for that URI
    case 405: return 7001;   // method not available for that URI
    default: return 1016;    // unable to purge
  }
}

std::string cloudflare_refusal(const Refusal& refusal) {
  ordered_json error = {{"code", refusal.number != 0 ? refusal.number : cloudflare_code(refusal.status)},
                        {"message", refusal.text}};
  if (!refusal.pointer.empty()) error["source"] = {{"pointer", refusal.pointer}};
  return dump({{"success", false},
               {"errors", ordered_json::array({std::move(error)})},
               {"messages", ordered_json::array()},
               {"result", nullptr}});
}

const char* fastly_message(int status) {
  switch (status) {
    case 400: return "Bad request";
    case 401: return "Provided credentials are missing or invalid";
    case 403: return "You are not authorized to perform this action";
    case 404: return "Record not found";
    case 405: return "Method not allowed";
    case 413: return "Request entity too large";
    case 429: return "Rate limit exceeded";
    default: return "Service unavailable";
  }
}

std::string fastly_refusal(const Refusal& refusal) {
  return dump({{"msg", fastly_message(refusal.status)}, {"detail", refusal.text}});
}

}  // namespace

constinit const Dialect kSelvageDialect = {"selvage", &bearer, "\"Authorization: Bearer TOKEN\"", &to_json,
                                           "\n"};
constinit const Dialect kCloudflareDialect = {
    "cloudflare", &cloudflare_secret,
    "\"Authorization: Bearer TOKEN\", X-Auth-Email with X-Auth-Key, or X-Auth-User-Service-Key",
    &cloudflare_refusal, ""};
constinit const Dialect kFastlyDialect = {"fastly", &fastly_secret, "\"Fastly-Key: TOKEN\"", &fastly_refusal,
                                          ""};

const Dialect& dialect_of(const http::RequestHead& head) {
  const std::string_view target = head.target;
  if (head.method == "PURGE" || target.starts_with("/service/") || target.starts_with("/purge/")) {
    return kFastlyDialect;
  }
  return target.starts_with("/client/") ? kCloudflareDialect : kSelvageDialect;
}

}  // namespace purgeapi
