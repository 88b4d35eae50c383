// SPDX-License-Identifier: Apache-2.0
#include "edge/base/program.h"

#include <malloc.h>
#include <sys/resource.h>

#include <csignal>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "edge/base/file.h"

namespace base {
namespace {

void print_lines(const std::vector<Fault>& faults) {
  for (const Fault& fault : faults) std::fprintf(stderr, "%s\n", fault.str().c_str());
}

}  // namespace

std::string version_text(const std::string& program) { return program + " " SELVAGE_VERSION; }

int report_faults(const std::vector<Fault>& faults) {
  print_lines(faults);
  return kExitConfig;
}

void report_warnings(const std::vector<Fault>& warnings) { print_lines(warnings); }

int report_error(const std::string& program, const Error& error) {
  std::fprintf(stderr, "%s: %s\n", program.c_str(), error.text.c_str());
  return kExitConfig;
}

void prepare_process() {
  std::signal(SIGPIPE, SIG_IGN);
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
  }
  // An arena for each of many threads would hold freed memory that no budget knows of. The thresholds are
  // fixed because glibc raises them by itself once a large block is freed, and then keeps such blocks.
  ::mallopt(M_ARENA_MAX, 4);
  ::mallopt(M_MMAP_THRESHOLD, 256 * 1024);
  ::mallopt(M_TRIM_THRESHOLD, 1024 * 1024);
}

Status write_ready_file(const std::string& path, const std::vector<BoundListener>& listeners,
                        const std::string& admin) {
  if (path.empty()) return {};
  nlohmann::json ready;
  ready["listeners"] = nlohmann::json::array();
  for (const auto& [name, address] : listeners)
    ready["listeners"].push_back({{"name", name}, {"address", address}});
  if (!admin.empty()) ready["admin"] = admin;
  return replace_file(path, ready.dump() + "\n");
}

}  // namespace base
