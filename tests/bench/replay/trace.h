// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace replay {

/// A record of requests, as replayed: objects numbered in order of appearance.
struct Trace {
  std::string name{};                     ///< of the file, without folder and endings
  bool sized = false;                     ///< false: the source knows no sizes, each is 1
  std::vector<std::uint32_t> requests{};  ///< object numbers in order of time
  std::vector<std::uint64_t> sizes{};     ///< bytes of each object
};

/// Reads gzip'd (or plain) csv with the header `time,id,size`. Ends the program with a message if it cannot.
Trace read_trace(const std::string& path);

}  // namespace replay
