// SPDX-License-Identifier: Apache-2.0
// The decisions of a hit: the key of the request, whether what is stored is fresh, the head of the answer.
// All of them in one: rules.cc.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "edge/node/answer.h"
#include "edge/node/decoded.h"
#include "edge/policy/cache_control.h"
#include "edge/policy/cache_key.h"
#include "edge/policy/freshness.h"
#include "tests/bench/micro/samples.h"

namespace {

constexpr std::size_t kRequests = 1024;

std::vector<http::RequestHead> requests() {
  std::vector<http::RequestHead> made;
  for (std::size_t number = 0; number < kRequests; ++number) made.push_back(micro::browser_request(number));
  return made;
}

void cache_key(benchmark::State& state) {
  const std::vector<http::RequestHead> asked = requests();
  const policy::KeyRules rules{.query = static_cast<policy::QueryRule>(state.range(0))};
  std::size_t at = 0;
  for (auto _ : state) {
    policy::CacheKey key = policy::cache_key("www", rules, asked[at++ % kRequests]);
    benchmark::DoNotOptimize(key);
  }
}
BENCHMARK(cache_key)
    ->ArgName("query")
    ->Arg(static_cast<int>(policy::QueryRule::All))
    ->Arg(static_cast<int>(policy::QueryRule::Sorted));

void judge(benchmark::State& state) {
  const policy::StoredResponse stored = micro::stored_response(1, 0);
  const http::RequestHead request = micro::browser_request(1);
  const policy::CacheControl directives = policy::parse_cache_control(request.fields);
  base::Wall now = micro::present();
  for (auto _ : state) {
    benchmark::DoNotOptimize(now);
    benchmark::DoNotOptimize(policy::judge(stored, directives, now, {}));
  }
}
BENCHMARK(judge);

/// `request` with one more field (none if its name is empty).
void answer_to(benchmark::State& state, const std::string& name, const std::string& value, int status) {
  const node::Decoded stored(micro::stored_response(1, 0));
  http::RequestHead request = micro::browser_request(1);
  if (!name.empty()) request.fields.add(name, value);
  const node::AnswerFacts facts{
      .total = micro::kBodyBytes,
      .status = {.outcome = policy::Outcome::Hit, .ttl = std::chrono::seconds(86'340)},
      .now = micro::present()};
  for (auto _ : state) {
    node::Answer answer = node::make_answer(request, stored.response(), facts);
    if (answer.head.status != status) return state.SkipWithError("another status");
    benchmark::DoNotOptimize(answer);
  }
}
void answer(benchmark::State& state) { answer_to(state, "", "", 200); }
void answer_not_modified(benchmark::State& state) { answer_to(state, "if-none-match", "\"3f2a-1\"", 304); }
void answer_range(benchmark::State& state) { answer_to(state, "range", "bytes=100-299", 206); }
BENCHMARK(answer);
BENCHMARK(answer_not_modified);
BENCHMARK(answer_range);

}  // namespace
