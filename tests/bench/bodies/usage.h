// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace bodies {

using Clock = std::chrono::steady_clock;

inline constexpr double kMB = 1e6;
inline constexpr double kMiB = 1024.0 * 1024.0;

inline double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

/// What was used: since some start, or between two points in time.
struct Usage {
  double seconds = 0;      ///< by the clock on the wall
  double cpu_seconds = 0;  ///< of all threads of this process
  /// By the kernel's account of this process, when a page becomes dirty. Where the page cache has pages
  /// larger than 4 KiB, one that becomes dirty counts as a whole, though not all of it is written.
  double dirtied_bytes = 0;
  /// Of the device with the folder, whoever caused them.
  double read_bytes = 0;
  double written_bytes = 0;

  static Usage now(const std::string& folder);
  Usage since(const Usage& before) const;
};

/// The value that so large a part of them does not exceed; 0 of none.
double at_part(std::vector<double> values, double part);

std::vector<std::string> files_below(const std::string& folder);
/// What they take on disk.
double allocated_bytes(const std::string& folder);

}  // namespace bodies
