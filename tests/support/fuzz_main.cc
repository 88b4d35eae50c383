// SPDX-License-Identifier: Apache-2.0
// Runs a libFuzzer target without libFuzzer: every file of a corpus folder, then a number of seeded mutations
// of them. The same seed gives the same inputs. When the target crashes, the input is printed in hexadecimal
// digits.
//
//   fuzz-TARGET CORPUS [MUTATIONS [SEED]]
#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "edge/base/random.h"
#include "edge/base/text.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
// Only there when a sanitizer is linked in.
extern "C" void __sanitizer_set_death_callback(void (*callback)()) __attribute__((weak));

namespace {

constexpr std::size_t kInputMax = 4096;

std::string current;  // what the target is given, for the report

void print_current() { std::fprintf(stderr, "crashed on: %s\n", base::hex(current).c_str()); }

void on_abort(int) { print_current(); }

void run(std::string input) {
  current = std::move(input);
  // A copy of exactly that size, so that a sanitizer sees every byte read beyond it.
  const std::vector<std::uint8_t> bytes(current.begin(), current.end());
  LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
}

std::vector<std::string> read_corpus(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) paths.push_back(entry.path());
  std::ranges::sort(paths);
  std::vector<std::string> out;
  for (const auto& path : paths) {
    std::ifstream file(path, std::ios::binary);
    out.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return out;
}

std::string random_piece(base::Random& random, const std::string& text) {
  if (text.empty()) return {};
  const std::size_t at = random.below(text.size());
  return text.substr(at, 1 + random.below(std::min<std::size_t>(text.size() - at, 32)));
}

void mutate(base::Random& random, const std::vector<std::string>& corpus, std::string& input) {
  const std::size_t at = random.below(input.size() + 1);
  switch (random.below(6)) {
    case 0: input.insert(at, 1, static_cast<char>(random.below(256))); break;
    case 1: input.insert(at, random_piece(random, corpus[random.below(corpus.size())])); break;
    case 2: input.insert(at, random_piece(random, input)); break;
    case 3: input.erase(at, 1 + random.below(8)); break;
    case 4: input.resize(at); break;
    default:
      if (at < input.size()) input[at] = static_cast<char>(input[at] ^ (1 << random.below(8)));
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2 || argc > 4) {
    std::fprintf(stderr, "usage: %s CORPUS [MUTATIONS [SEED]]\n", argv[0]);
    return 2;
  }
  std::signal(SIGABRT, on_abort);
  if (__sanitizer_set_death_callback != nullptr) __sanitizer_set_death_callback(print_current);
  const std::vector<std::string> corpus = read_corpus(argv[1]);
  if (corpus.empty()) {
    std::fprintf(stderr, "%s: no input in %s\n", argv[0], argv[1]);
    return 2;
  }
  const std::uint64_t mutations = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 0;
  base::Random random(argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 1);

  for (const std::string& input : corpus) run(input);
  for (std::uint64_t i = 0; i < mutations; ++i) {
    std::string input = corpus[random.below(corpus.size())];
    for (std::uint64_t steps = 1 + random.below(8); steps > 0; --steps) mutate(random, corpus, input);
    input.resize(std::min(input.size(), kInputMax));
    run(std::move(input));
  }
  std::printf("%zu inputs and %llu mutations\n", corpus.size(), static_cast<unsigned long long>(mutations));
  return 0;
}
