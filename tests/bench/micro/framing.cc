// SPDX-License-Identifier: Apache-2.0
// A request and its response through an HTTP/2 session, without TLS and socket: frames in, HPACK both ways,
// the stream's life, DATA frames gathered to full records. Sixteen requests come in each turn, as from
// tests/bench/run's load; of 1 MiB one.
#include <benchmark/benchmark.h>

#include "tests/bench/micro/session_rig.h"

namespace {

void http2(benchmark::State& state) {
  const auto body = static_cast<std::uint64_t>(state.range(0));
  const unsigned requests = body < (1U << 20) ? 16 : 1;
  micro::SessionRig rig(body);
  if (!rig.exchange(requests)) return state.SkipWithError("no response");
  const std::uint64_t before = rig.bytes_out();
  for (auto _ : state) {
    if (!rig.exchange(requests)) return state.SkipWithError("no response");
  }
  const std::int64_t sent = state.iterations() * requests;
  state.SetItemsProcessed(sent);
  state.SetBytesProcessed(sent * static_cast<std::int64_t>(body));
  state.counters["ns/request"] = benchmark::Counter(
      static_cast<double>(sent) / 1e9, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  state.counters["bytes beside the body"] =
      static_cast<double>(rig.bytes_out() - before) / static_cast<double>(sent) - static_cast<double>(body);
}
BENCHMARK(http2)->ArgName("body")->Arg(0)->Arg(1 << 10)->Arg(10 << 10)->Arg(100 << 10)->Arg(1 << 20);

}  // namespace
