// SPDX-License-Identifier: Apache-2.0
// A response's head as bytes: HPACK by nghttp2's encoder over the list that the session makes, and HTTP/1.1
// text. Age and what Cache-Status says vary from response to response, as they do.
#include <benchmark/benchmark.h>
#include <nghttp2/nghttp2.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "edge/http/h1_writer.h"
#include "edge/http/h2_fields.h"
#include "tests/bench/micro/samples.h"

namespace {

constexpr std::size_t kHeads = 256;
constexpr std::size_t kTableBytes = 4096;  // of a client that asks for no other

std::vector<http::ResponseHead> heads() {
  std::vector<http::ResponseHead> made;
  for (std::size_t number = 0; number < kHeads; ++number) made.push_back(micro::answer_head(number));
  return made;
}

struct Delete {
  void operator()(nghttp2_hd_deflater* deflater) const { nghttp2_hd_deflate_del(deflater); }
};

void hpack(benchmark::State& state) {
  const std::vector<http::ResponseHead> sent = heads();
  nghttp2_hd_deflater* made = nullptr;
  if (nghttp2_hd_deflate_new(&made, kTableBytes) != 0) return state.SkipWithError("no encoder");
  const std::unique_ptr<nghttp2_hd_deflater, Delete> deflater(made);
  http::SentFields before;
  std::array<std::uint8_t, 4096> room{};
  std::size_t at = 0;
  std::size_t bytes = 0;
  for (auto _ : state) {
    const http::H2Fields fields(sent[at++ % kHeads], http::H2Fields::Head::Kept, before);
    const ssize_t n =
        nghttp2_hd_deflate_hd(deflater.get(), room.data(), room.size(), fields.data(), fields.size());
    if (n < 0) return state.SkipWithError("not encoded");
    bytes += static_cast<std::size_t>(n);
    benchmark::ClobberMemory();
  }
  state.counters["bytes"] = static_cast<double>(bytes) / static_cast<double>(state.iterations());
  state.counters["fields"] = static_cast<double>(sent.front().fields.size());
}
BENCHMARK(hpack);

void http1(benchmark::State& state) {
  const std::vector<http::ResponseHead> sent = heads();
  std::string out;
  std::size_t at = 0;
  for (auto _ : state) {
    out.clear();
    http::write_head(sent[at++ % kHeads], http::H1Framing::Length, http::H1Connection::Silent, out);
    benchmark::DoNotOptimize(out.data());
    benchmark::ClobberMemory();
  }
  state.counters["bytes"] = static_cast<double>(out.size());
}
BENCHMARK(http1);

}  // namespace
