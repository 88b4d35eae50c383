// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fcntl.h>
#include <malloc.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <semaphore>
#include <string>

#include "edge/base/check.h"

/// What programs that measure the store need of the machine: time, memory, an empty page cache.
namespace measuring {

using Clock = std::chrono::steady_clock;

inline double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

/// Of all threads of this process, or of this thread alone (CLOCK_THREAD_CPUTIME_ID).
inline double cpu_seconds(clockid_t whose = CLOCK_PROCESS_CPUTIME_ID) {
  std::timespec time{};
  ::clock_gettime(whose, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

/// Bytes of this process in memory that no file backs.
inline double resident() {
  ::malloc_trim(0);
  std::ifstream file("/proc/self/statm");
  double size = 0;
  double all = 0;
  double shared = 0;
  file >> size >> all >> shared;
  return (all - shared) * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

/// Takes all files below `folder` out of the page cache. No process may have mapped them.
inline void forget(const std::string& folder) {
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    const int fd = ::open(entry.path().c_str(), O_RDONLY | O_CLOEXEC);
    CHECK(fd >= 0);
    ::fsync(fd);
    ::posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    ::close(fd);
  }
}

/// Calls that are answered on another thread, at most so many at a time. Who waits takes no CPU.
class Flight {
 public:
  explicit Flight(std::ptrdiff_t at_once) : at_once_(at_once), free_(at_once) {}
  void begin() { CHECK(free_.try_acquire_for(kLimit)); }
  /// Any thread.
  void end(bool well) {
    if (!well) failed_ = true;
    free_.release();
  }
  /// Waits for all; whether all went well.
  bool over() {
    for (std::ptrdiff_t i = 0; i < at_once_; ++i) begin();
    return !failed_;
  }

 private:
  static constexpr std::chrono::seconds kLimit{60};
  std::ptrdiff_t at_once_;
  std::counting_semaphore<> free_;
  std::atomic<bool> failed_{false};
};

}  // namespace measuring
