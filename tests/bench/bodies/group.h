// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <vector>

#include "tests/bench/bodies/segments.h"

namespace bodies {

/// The bytes of a group of records, as they will lie in the files: one run in each segment that it goes to.
/// The memory is kept from group to group, and aligned as O_DIRECT wants it.
class Group {
 public:
  /// Begins a group of at most so many bytes.
  void begin(std::uint64_t bytes_max);
  /// Where the record that belongs at `place` is to be made. Places of one segment come in order.
  char* room(const Place& place);
  /// Fills the runs up to whole blocks.
  void seal();
  /// Writes it; returns when all of it is durable.
  base::Status write(Segments& segments) const;

 private:
  struct Run {
    std::uint32_t segment = 0;
    std::uint64_t offset = 0;  ///< in the segment
    std::uint64_t at = 0;      ///< in the memory
    std::uint64_t bytes = 0;
  };
  struct Free {
    void operator()(char* memory) const { std::free(memory); }
  };
  void end_run();

  std::unique_ptr<char, Free> memory_{};
  std::uint64_t capacity_ = 0;
  std::vector<Run> runs_{};
};

}  // namespace bodies
