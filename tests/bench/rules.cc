// SPDX-License-Identifier: Apache-2.0
// What the HTTP rules of a hit cost: every policy function that a GET of a stored object goes through, with a browser's request and a
// site of ten rules, and nothing else. Prints nanoseconds of CPU a hit. tests/bench/hits.py --rules sets it in relation to the whole.
#include <ctime>

#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>

#include "edge/node/site.h"
#include "edge/policy/cache_key.h"
#include "edge/policy/cache_status.h"
#include "edge/policy/coding.h"
#include "edge/policy/conditional.h"
#include "edge/policy/forwarding.h"
#include "edge/policy/freshness.h"
#include "edge/policy/range.h"
#include "edge/policy/storing.h"
#include "tests/support/heads.h"

namespace {

constexpr int kHits = 300'000;

std::int64_t cpu_nanoseconds() {
  std::timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

http::RequestHead browser_request() {
  http::RequestHead request = support::get(
      "/assets/app-3f2a.js?v=12",
      {{"user-agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"},
       {"accept", "*/*"},
       {"accept-language", "en-GB,en;q=0.9,de;q=0.8"},
       {"accept-encoding", "gzip, deflate, br, zstd"},
       {"referer", "https://www.example.com/"},
       {"cookie", "session=0123456789abcdef; theme=dark"}});
  request.authority = "www.example.com";
  request.scheme = "https";
  return request;
}

node::Site site_of_ten_rules() {
  node::Site site;
  site.name = "www";
  for (int i = 0; i < 9; ++i) site.rules.push_back({.path = "/section-" + std::to_string(i) + "/*"});
  site.rules.push_back({.path = "/assets/*"});
  site.rules.back().ttl.bypass_headers = {"x-debug"};
  return site;
}

policy::StoredResponse stored_object(base::Wall now) {
  const http::ResponseHead head = support::response(
      200, {{"content-type", "text/javascript"}, {"cache-control", "public, max-age=86400"}, {"etag", "\"3f2a-1\""},
            {"last-modified", "Sat, 28 Nov 2026 10:00:00 GMT"}, {"date", "Sun, 29 Nov 2026 10:00:00 GMT"}});
  return policy::make_stored("www", {}, head, {}, now, now, 1);
}

/// All decisions of one hit; what they come to, so that none can be left out.
std::size_t hit(const node::Site& site, const http::RequestHead& request, const policy::StoredResponse& stored,
                base::Wall now) {
  std::size_t sum = policy::has_looped(request.fields, "edge-1");
  const policy::CacheKey key = policy::cache_key(site.name, site.key, request);
  sum += key.text.size();
  std::string room;
  const policy::TtlRule& rule = site.rule_for(policy::normal_path(request.target, room));
  sum += policy::handling(request) == policy::Handling::Cache;
  sum += policy::bypasses(rule, request.fields);
  const policy::CacheControl directives = policy::parse_cache_control(request.fields);
  sum += policy::only_range(request).has_value();
  sum += static_cast<std::size_t>(policy::judge(stored, directives, now, {}));
  sum += static_cast<std::size_t>(policy::evaluate(request, stored.status, stored.fields, now));
  sum += static_cast<std::size_t>(policy::choose_range(request, stored.fields, 1024, 50, now).kind);
  sum += std::to_string(policy::current_age(stored, now).count()).size();
  const policy::CacheStatus status{.outcome = policy::Outcome::Hit, .ttl = policy::remaining(stored, now)};
  return sum + policy::with_member({}, status).size();
}

}  // namespace

int main() {
  const base::Wall now = base::Wall(std::chrono::seconds(1'796'000'000));
  const http::RequestHead request = browser_request();
  const node::Site site = site_of_ten_rules();
  const policy::StoredResponse stored = stored_object(now);
  std::size_t sum = 0;
  for (int i = 0; i < kHits / 10; ++i) sum += hit(site, request, stored, now);
  const std::int64_t begin = cpu_nanoseconds();
  for (int i = 0; i < kHits; ++i) sum += hit(site, request, stored, now + std::chrono::seconds(i % 1000));
  const std::int64_t took = cpu_nanoseconds() - begin;
  std::printf("%.1f\n", static_cast<double>(took) / kHits);
  return sum == 0;
}
