// SPDX-License-Identifier: Apache-2.0
// What purges say of an object. `verdict` asks the ledger, as the first hit on an object after each purge
// does; `verdict_again` is all other hits: the object remembers that it was asked about.
#include "purge/clock/ledger.h"

#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <vector>

#include "edge/node/decoded.h"
#include "tests/bench/micro/samples.h"

namespace {

constexpr std::size_t kObjects = 1024;
constexpr std::size_t kNamesOfPurge = 100;

/// A ledger that holds `entries` names which no object has, half of them tags and half URLs.
std::unique_ptr<purge::Ledger> ledger_of(std::size_t entries) {
  auto ledger = std::make_unique<purge::Ledger>(
      [](std::string_view, std::string_view url) { return std::string(url); });
  purge::Sequence sequence = 1'000;
  for (std::size_t done = 0; done < entries;) {
    const bool tags = sequence % 2 == 0;
    purge::Purge purge{.site = "www", .kind = tags ? purge::Kind::Tags : purge::Kind::Urls};
    for (std::size_t i = 0; i < kNamesOfPurge && done < entries; ++i, ++done) {
      purge.names.push_back((tags ? "gone-" : "www.example.com/gone/") + std::to_string(done));
    }
    ledger->apply(++sequence, purge);
  }
  return ledger;
}

void verdict(benchmark::State& state) {
  const auto ledger = ledger_of(static_cast<std::size_t>(state.range(0)));
  std::vector<policy::StoredResponse> responses;
  for (std::size_t number = 0; number < kObjects; ++number) {
    responses.push_back(micro::stored_response(number, static_cast<std::size_t>(state.range(1))));
  }
  std::size_t at = 0;
  for (auto _ : state) {
    const policy::StoredResponse& response = responses[at++ % kObjects];
    const purge::Verdict found = ledger->verdict(node::subject_of(response), response.fill_stamp);
    if (state.range(0) != 0 && found != purge::Verdict::Live) return state.SkipWithError("not alive");
    benchmark::DoNotOptimize(found);
  }
}
// clang-format off
BENCHMARK(verdict)->ArgNames({"entries", "tags"})
    ->Args({0, 1})->Args({1'000, 1})->Args({100'000, 1})
    ->Args({0, 200})->Args({1'000, 200})->Args({100'000, 200});
// clang-format on

void verdict_again(benchmark::State& state) {
  const auto ledger = ledger_of(static_cast<std::size_t>(state.range(0)));
  const node::Decoded object(micro::stored_response(1, static_cast<std::size_t>(state.range(1))));
  for (auto _ : state) benchmark::DoNotOptimize(object.verdict(*ledger));
}
BENCHMARK(verdict_again)->ArgNames({"entries", "tags"})->Args({100'000, 200});

/// What one more purge of one tag costs a ledger that holds so many: each is a new name.
void apply(benchmark::State& state) {
  const auto ledger = ledger_of(static_cast<std::size_t>(state.range(0)));
  purge::Sequence sequence = 1'000'000;
  for (auto _ : state) {
    ledger->apply(++sequence,
                  {.site = "www", .kind = purge::Kind::Tags, .names = {std::to_string(sequence)}});
  }
}
BENCHMARK(apply)->ArgName("entries")->Arg(0)->Arg(1'000)->Arg(100'000)->Iterations(100'000);

}  // namespace
