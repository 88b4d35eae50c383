// SPDX-License-Identifier: Apache-2.0
// What the parts of a hit cost, each alone: look-up, policy, purge ledger, heads, framing. The code that is
// measured is the edge's own; what surrounds it (TLS, the kernel, the loop's turns) is tests/bench/growth's
// and tests/bench/run's business.
//   micro --benchmark_filter=find --benchmark_repetitions=5 --benchmark_report_aggregates_only=true
#include <benchmark/benchmark.h>

BENCHMARK_MAIN();
