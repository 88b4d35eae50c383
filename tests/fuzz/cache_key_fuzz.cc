// SPDX-License-Identifier: Apache-2.0
// Input: one byte that chooses the query rule, then a target or URL.
#include <cstdint>
#include <string>

#include "edge/base/check.h"
#include "edge/policy/cache_key.h"

namespace {

void check_target(const policy::KeyRules& rules, const std::string& target) {
  const std::string sent = policy::origin_target(rules, target);
  CHECK(sent == "*" || sent.starts_with('/'));
  CHECK(sent.find('#') == std::string::npos);
  CHECK(policy::origin_target(rules, sent) == sent);
  CHECK(policy::normal_path(target) == policy::normal_path(sent));

  http::RequestHead request;
  request.authority = "www.example.com:443";
  request.target = target;
  const policy::CacheKey key = policy::cache_key("site", rules, request);
  CHECK(key.url == "www.example.com" + sent);
  CHECK(key.text.ends_with(sent));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  policy::KeyRules rules;
  rules.query = static_cast<policy::QueryRule>(data[0] % 5);
  rules.parameters = {"a", "utm_source"};
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  check_target(rules, text);

  const std::string url = policy::normal_url(rules, text);
  CHECK(policy::normal_url(rules, "https://" + text).find('#') == std::string::npos);
  CHECK(!url.empty() && url.find('#') == std::string::npos);
  CHECK(policy::path_matches("*", text) && policy::path_matches(text, text));
  return 0;
}
