// SPDX-License-Identifier: Apache-2.0
// A look-up in the memory tier that finds its object, by how many there are: requests for objects at random,
// as texts and keys that lie in order, so that a miss of the processor's caches is the tier's own.
#include <benchmark/benchmark.h>

#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "edge/node/decoded.h"
#include "store/memory/memory_tier.h"
#include "tests/bench/micro/samples.h"

namespace {

constexpr std::size_t kAsked = 1 << 18;

/// A tier with so many objects, and what is asked of it.
struct Filled {
  Filled(std::size_t objects, std::size_t tags) : count(objects), tags_each(tags) {
    std::vector<std::pair<store::Key, std::string>> names;
    names.reserve(objects);
    for (std::size_t number = 0; number < objects; ++number) {
      store::ObjectRef object = micro::object(number, tags);
      names.emplace_back(object->key, object->key_text);
      tier.insert(std::move(object));
    }
    std::mt19937_64 random(1);
    asked.reserve(kAsked);
    for (std::size_t i = 0; i < kAsked; ++i) asked.push_back(names[random() % objects]);
  }

  std::size_t count;
  std::size_t tags_each;
  store::MemoryTier tier{{.budget_bytes = 32ULL << 30}};
  std::vector<std::pair<store::Key, std::string>> asked{};
};

/// Kept between calls: Google Benchmark calls each several times.
Filled& filled(std::size_t objects, std::size_t tags) {
  static std::unique_ptr<Filled> kept;
  if (!kept || kept->count != objects || kept->tags_each != tags) {
    kept.reset();
    kept = std::make_unique<Filled>(objects, tags);
  }
  return *kept;
}

void find(benchmark::State& state) {
  Filled& there = filled(static_cast<std::size_t>(state.range(0)), static_cast<std::size_t>(state.range(1)));
  std::size_t at = 0;
  for (auto _ : state) {
    const auto& [key, text] = there.asked[at++ % kAsked];
    store::ObjectRef object = there.tier.find(key, text);
    if (!object) return state.SkipWithError("not there");
    benchmark::DoNotOptimize(object);
  }
  state.counters["bytes/object"] =
      static_cast<double>(there.tier.use().bytes) / static_cast<double>(there.count);
}
BENCHMARK(find)->ArgNames({"objects", "tags"})->Args({1'000, 0})->Args({20'000, 0})->Args({1'000'000, 0});
BENCHMARK(find)->ArgNames({"objects", "tags"})->Args({1'000, 200})->Args({20'000, 200});

/// With the first look at what was found, as a request has it: the response's status and lifetime.
void find_and_look(benchmark::State& state) {
  Filled& there = filled(static_cast<std::size_t>(state.range(0)), static_cast<std::size_t>(state.range(1)));
  std::size_t at = 0;
  for (auto _ : state) {
    const auto& [key, text] = there.asked[at++ % kAsked];
    const store::ObjectRef object = there.tier.find(key, text);
    if (!object) return state.SkipWithError("not there");
    const policy::StoredResponse& response = node::response_of(*object);
    benchmark::DoNotOptimize(response.status + response.lifetime.count());
  }
}
BENCHMARK(find_and_look)
    ->ArgNames({"objects", "tags"})
    ->Args({1'000, 0})
    ->Args({20'000, 0})
    ->Args({1'000'000, 0});

}  // namespace
