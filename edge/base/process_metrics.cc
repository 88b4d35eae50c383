// SPDX-License-Identifier: Apache-2.0
#include "edge/base/process_metrics.h"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

namespace metrics {
namespace {

// Fields of /proc/self/stat (proc(5)), counted from the one after the command's closing bracket, which is
// number 3.
struct Stat {
  double threads = 0;         // 20
  double start_ticks = 0;     // 22, since boot
  double virtual_bytes = 0;   // 23
  double resident_pages = 0;  // 24
};
Stat read_stat() {
  std::ifstream in("/proc/self/stat");
  std::stringstream text;
  text << in.rdbuf();
  const std::string all = text.str();
  std::istringstream fields(all.substr(std::min(all.size(), all.rfind(')') + 1)));
  Stat stat;
  std::string word;
  for (int number = 3; number <= 24 && fields >> word; ++number) {
    if (number == 20) stat.threads = std::atof(word.c_str());
    if (number == 22) stat.start_ticks = std::atof(word.c_str());
    if (number == 23) stat.virtual_bytes = std::atof(word.c_str());
    if (number == 24) stat.resident_pages = std::atof(word.c_str());
  }
  return stat;
}

double boot_seconds() {
  std::ifstream in("/proc/stat");
  std::string word;
  while (in >> word) {
    double value = 0;
    if (word == "btime" && in >> value) return value;
  }
  return 0;
}

double open_descriptors() {
  DIR* folder = ::opendir("/proc/self/fd");
  if (folder == nullptr) return 0;
  double count = 0;
  while (::readdir(folder) != nullptr) ++count;
  ::closedir(folder);
  return count - 3;  // ".", ".." and the folder itself
}

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

}  // namespace

void sample_process(Samples& samples) {
  const Stat stat = read_stat();
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  samples.gauge("process_resident_memory_bytes", "Resident memory size in bytes.",
                stat.resident_pages * static_cast<double>(::sysconf(_SC_PAGESIZE)));
  samples.gauge("process_virtual_memory_bytes", "Virtual memory size in bytes.", stat.virtual_bytes);
  samples.gauge("process_open_fds", "Number of open file descriptors.", open_descriptors());
  samples.gauge("process_max_fds", "Maximum number of open file descriptors.",
                static_cast<double>(files.rlim_cur));
  samples.gauge("process_threads", "Number of threads.", stat.threads);
  samples.counter("process_cpu_seconds_total", "Total user and system CPU time spent in seconds.",
                  seconds(usage.ru_utime) + seconds(usage.ru_stime));
  samples.gauge("process_start_time_seconds", "Start time of the process since unix epoch in seconds.",
                boot_seconds() + stat.start_ticks / static_cast<double>(::sysconf(_SC_CLK_TCK)));
}

}  // namespace metrics
