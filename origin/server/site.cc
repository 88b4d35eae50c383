// SPDX-License-Identifier: Apache-2.0
#include "origin/server/site.h"

#include <openssl/crypto.h>

#include <algorithm>

#include "edge/base/text.h"
#include "edge/policy/cache_key.h"
#include "origin/server/digest.h"

namespace origin {
namespace {

/// The text after "Bearer "; empty if there is none.
std::string_view bearer_token(const http::Fields& request) {
  constexpr std::string_view kScheme = "bearer ";
  const std::string_view value = request.get("authorization").value_or("");
  if (!base::iequals(value.substr(0, kScheme.size()), kScheme)) return {};
  return base::trimmed(value.substr(kScheme.size()));
}

bool covers(const Token& token, std::string_view path) {
  const auto matches = [path](const std::string& pattern) { return policy::path_matches(pattern, path); };
  return token.paths.empty() || std::ranges::any_of(token.paths, matches);
}

}  // namespace

void apply_rules(const Site& site, std::string_view path, http::Fields& fields) {
  const auto matches = [path](const Rule& rule) { return policy::path_matches(rule.path, path); };
  const auto rule = std::ranges::find_if(site.rules, matches);
  if (rule == site.rules.end()) return;
  if (!rule->cache_control.empty()) fields.set("cache-control", rule->cache_control);
  for (const auto& [name, value] : rule->fields) fields.set(base::lowered(name), value);
  std::string keys;
  for (const std::string& key : rule->surrogate_keys) keys += (keys.empty() ? "" : " ") + key;
  if (!keys.empty()) fields.set("surrogate-key", keys);
}

Outcome<const Token*> authorize(const Site& site, const http::Fields& request, std::string_view path) {
  const std::string_view shown = bearer_token(request);
  if (shown.empty()) return refuse(401, "changing files needs a token: 'Authorization: Bearer TOKEN'");
  const std::string hash = sha256_of(shown);
  const Token* found = nullptr;
  for (const Token& token : site.tokens) {
    if (CRYPTO_memcmp(token.sha256.data(), hash.data(), hash.size()) == 0) found = &token;
  }
  if (found == nullptr) return refuse(401, "the token is not one that this server knows");
  if (!covers(*found, path))
    return refuse(403, "the token '" + found->name + "' may not change '" + std::string(path) + "'");
  return found;
}

}  // namespace origin
