// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/bodies/phases.h"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <thread>

#include "edge/base/check.h"
#include "tests/bench/bodies/page_cache.h"
#include "tests/bench/bodies/reads.h"
#include "tests/support/temp_folder.h"

namespace bodies {
namespace {

constexpr double kMilliseconds = 1e3;
constexpr double kMicroseconds = 1e6;

}  // namespace

void Phases::run(std::uint64_t round) {
  {
    const support::TempFolder folder;
    const auto disk = open_(folder.path(), plan_);
    Writes writes(*disk, Sizes::Chunk, round);
    write("64 KiB: ", *disk, folder.path(), writes);
    std::vector<Name> names;
    live_bytes(*disk, writes, names);
    read_all(*disk, folder.path(), std::move(names), round);
    mix(*disk, folder.path(), writes);
    writes.drain();
    CHECK(writes.errors() == 0 && disk->use().read_errors == 0 && disk->use().map_full == 0);
  }
  const support::TempFolder folder;
  const auto disk = open_(folder.path(), plan_);
  Writes writes(*disk, Sizes::Mixed, round);
  write("1 to 512 KiB: ", *disk, folder.path(), writes);
  CHECK(writes.errors() == 0 && disk->use().map_full == 0);
}

void Phases::write(const std::string& what, store::Disk& disk, const std::string& folder, Writes& writes) {
  writes.write(plan_.budget);  // from here on each object that comes makes others go
  writes.drain();
  if (plan_.small_pages) load_small_pages(folder);
  writes.take_latencies();
  const std::uint64_t before = writes.bytes();
  const Usage begin = Usage::now(folder);
  writes.write(plan_.budget * plan_.times);
  writes.drain();
  const Usage used = Usage::now(folder).since(begin);
  const auto bytes = static_cast<double>(writes.bytes() - before);
  const auto budget = static_cast<double>(plan_.budget);
  const std::vector<double> latencies = writes.take_latencies();
  std::vector<Name> names;
  add(what + "written, MiB/s", bytes / kMiB / used.seconds, 0);
  add(what + "CPU, µs/MB", used.cpu_seconds * kMicroseconds / (bytes / kMB), 0);
  add(what + "device bytes written for a byte", used.written_bytes / bytes, 3);
  add(what + "bytes dirtied for a byte", used.dirtied_bytes / bytes, 2);
  add(what + "commit p50, ms", at_part(latencies, 0.5) * kMilliseconds, 1);
  add(what + "commit p99, ms", at_part(latencies, 0.99) * kMilliseconds, 1);
  add(what + "files / budget", allocated_bytes(folder) / budget, 3);
  add(what + "live bodies / budget", live_bytes(disk, writes, names) / budget, 3);
  const store::Disk::Use use = disk.use();
  add(what + "index in memory, bytes an object",
      static_cast<double>(use.index_bytes) / static_cast<double>(use.objects), 0);
  add(what + "writes dropped", static_cast<double>(use.dropped_writes), 0);
}

double Phases::live_bytes(const store::Disk& disk, const Writes& writes, std::vector<Name>& names) {
  double bytes = 0;
  for (const Name& name : writes.names()) {
    if (!disk.holds(name.key, name.id)) continue;
    bytes += static_cast<double>(name.bytes);
    names.push_back(name);
  }
  return bytes;
}

void Phases::read_all(store::Disk& disk, const std::string& folder, std::vector<Name> names,
                      std::uint64_t seed) {
  std::ranges::shuffle(names, std::mt19937_64(seed));
  load_pages(folder);
  for (const std::size_t at_once : {1, 32}) {
    const std::string many = std::to_string(at_once) + " at once: ";
    read("warm, " + many, disk, folder, names, at_once, plan_.reads);
  }
  for (const std::size_t at_once : {1, 32}) {
    const std::string many = std::to_string(at_once) + " at once: ";
    const double left = forget_pages(folder);
    if (left > 0.05) std::printf("%.0f %% of the files stay in the page cache\n", 100 * left);
    read("cold, " + many, disk, folder, names, at_once, names.size());
  }
}

void Phases::read(const std::string& what, store::Disk& disk, const std::string& folder,
                  const std::vector<Name>& names, std::size_t at_once, std::size_t count) {
  std::atomic<std::size_t> next{0};
  Reads reads(disk, [&]() -> std::optional<Name> {
    const std::size_t at = next.fetch_add(1, std::memory_order_relaxed);
    return at < count ? std::optional(names[at % names.size()]) : std::nullopt;
  });
  const Usage begin = Usage::now(folder);
  reads.run(at_once);
  const Usage used = Usage::now(folder).since(begin);
  CHECK(reads.errors() == 0 && reads.missed() == 0);
  const auto found = static_cast<double>(reads.found());
  add(what + "reads/s", found / used.seconds, 0);
  add(what + "CPU, µs a read", used.cpu_seconds * kMicroseconds / found, 1);
  add(what + "p99, µs", at_part(reads.latencies(), 0.99) * kMicroseconds, 0);
  if (what.starts_with("cold")) {
    add(what + "device bytes read for a byte", used.read_bytes / (found * base::kChunkBytes), 2);
  }
}

void Phases::mix(store::Disk& disk, const std::string& folder, Writes& writes) {
  const auto end = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                      std::chrono::duration<double>(plan_.mixed_seconds));
  const std::size_t recent = plan_.budget * 6 / 10 / base::kChunkBytes;
  std::atomic<std::uint64_t> numbers{1};
  Reads reads(disk, [&]() -> std::optional<Name> {
    if (Clock::now() >= end) return std::nullopt;
    return writes.recent(recent, numbers.fetch_add(0x9e3779b97f4a7c15ULL, std::memory_order_relaxed) >> 16);
  });
  const std::uint64_t before = writes.bytes();
  writes.take_latencies();
  const Usage begin = Usage::now(folder);
  std::thread writer([&] { writes.write_until(end, plan_.mixed_mib_a_second * kMiB); });
  reads.run(32);
  writer.join();
  const Usage used = Usage::now(folder).since(begin);
  CHECK(reads.errors() == 0);
  const auto found = static_cast<double>(reads.found());
  const auto tried = found + static_cast<double>(reads.missed());
  add("mixed: reads/s", found / used.seconds, 0);
  add("mixed: read p99, µs", at_part(reads.latencies(), 0.99) * kMicroseconds, 0);
  add("mixed: found, of those looked for", found / tried, 3);
  add("mixed: written, MiB/s", static_cast<double>(writes.bytes() - before) / kMiB / used.seconds, 0);
  add("mixed: commit p99, ms", at_part(writes.take_latencies(), 0.99) * kMilliseconds, 1);
}

}  // namespace bodies
