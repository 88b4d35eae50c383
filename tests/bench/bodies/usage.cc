// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/bodies/usage.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <fstream>

#include "edge/base/check.h"

namespace bodies {
namespace {

constexpr double kSector = 512;  // the kernel's unit, whatever the device's

}  // namespace

Usage Usage::now(const std::string& folder) {
  std::timespec cpu{};
  CHECK(::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu) == 0);
  Usage usage{.seconds = std::chrono::duration<double>(Clock::now().time_since_epoch()).count(),
              .cpu_seconds = static_cast<double>(cpu.tv_sec) + static_cast<double>(cpu.tv_nsec) * 1e-9};
  std::ifstream io("/proc/self/io");
  std::string name;
  for (double value = 0; io >> name >> value;) {
    if (name == "write_bytes:") usage.dirtied_bytes = value;
  }
  struct stat status {};
  CHECK(::stat(folder.c_str(), &status) == 0);
  std::ifstream device("/sys/dev/block/" + std::to_string(major(status.st_dev)) + ":" +
                       std::to_string(minor(status.st_dev)) + "/stat");
  double requests = 0;
  double merged = 0;
  double sectors_read = 0;
  double milliseconds = 0;
  double sectors_written = 0;
  device >> requests >> merged >> sectors_read >> milliseconds >> requests >> merged >> sectors_written;
  usage.read_bytes = kSector * sectors_read;
  usage.written_bytes = kSector * sectors_written;
  return usage;
}

Usage Usage::since(const Usage& before) const {
  return {.seconds = seconds - before.seconds,
          .cpu_seconds = cpu_seconds - before.cpu_seconds,
          .dirtied_bytes = dirtied_bytes - before.dirtied_bytes,
          .read_bytes = read_bytes - before.read_bytes,
          .written_bytes = written_bytes - before.written_bytes};
}

double at_part(std::vector<double> values, double part) {
  if (values.empty()) return 0;
  const auto at = static_cast<std::ptrdiff_t>(part * static_cast<double>(values.size() - 1));
  std::ranges::nth_element(values, values.begin() + at);
  return values[static_cast<std::size_t>(at)];
}

std::vector<std::string> files_below(const std::string& folder) {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) files.push_back(entry.path().string());
  }
  return files;
}

double allocated_bytes(const std::string& folder) {
  double bytes = 0;
  for (const std::string& path : files_below(folder)) {
    struct stat status {};
    CHECK(::stat(path.c_str(), &status) == 0);
    bytes += kSector * static_cast<double>(status.st_blocks);
  }
  return bytes;
}

}  // namespace bodies
