// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/replay/trace.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <unordered_map>

namespace replay {
namespace {

[[noreturn]] void fail(const std::string& path, const std::string& what) {
  std::fprintf(stderr, "%s: %s\n", path.c_str(), what.c_str());
  std::exit(1);
}

/// The numbers of `time,id,size`.
bool parse(std::string_view line, std::array<std::uint64_t, 3>& numbers) {
  const char* at = line.data();
  const char* end = at + line.size();
  for (std::uint64_t& number : numbers) {
    const auto [after, error] = std::from_chars(at, end, number);
    if (error != std::errc{}) return false;
    at = after + (after != end && *after == ',');
  }
  return true;
}

}  // namespace

Trace read_trace(const std::string& path) {
  const std::unique_ptr<gzFile_s, int (*)(gzFile)> file(::gzopen(path.c_str(), "rb"), ::gzclose);
  if (!file) fail(path, "cannot be opened");
  const std::string base = path.substr(path.rfind('/') + 1);
  Trace trace{.name = base.substr(0, base.find('.'))};
  std::unordered_map<std::uint64_t, std::uint32_t> numbers;
  std::array<char, 256> buffer{};
  for (std::size_t at = 0; ::gzgets(file.get(), buffer.data(), buffer.size()) != nullptr; ++at) {
    std::array<std::uint64_t, 3> fields{};
    if (at == 0) continue;  // the header
    if (!parse(buffer.data(), fields)) fail(path, "line " + std::to_string(at + 1) + " is not time,id,size");
    const auto [found, fresh] = numbers.try_emplace(fields[1], static_cast<std::uint32_t>(numbers.size()));
    if (fresh) trace.sizes.push_back(fields[2]);
    trace.requests.push_back(found->second);
  }
  if (trace.requests.empty()) fail(path, "holds no request");
  trace.sized = std::ranges::any_of(trace.sizes, [](std::uint64_t size) { return size > 1; });
  return trace;
}

}  // namespace replay
