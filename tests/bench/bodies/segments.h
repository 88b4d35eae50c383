// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "edge/base/error.h"
#include "tests/bench/bodies/place.h"

namespace bodies {

/// The segment files: of one size, allocated whole at the start, written from front to end and used over and
/// over. Which of them holds what is others' business. One writer, any number of readers; anyone may pin.
class Segments {
 public:
  /// Groups begin at a multiple of this, so that none writes into a page of the one before it, which is
  /// durable.
  static constexpr std::uint64_t kBlock = 4096;

  struct Options {
    std::string folder{};
    std::uint32_t count = 0;
    std::uint64_t bytes = 0;  ///< of each
    bool direct = false;      ///< write past the page cache
  };
  static base::Result<std::unique_ptr<Segments>> open(const Options& options);
  ~Segments();
  Segments(const Segments&) = delete;
  Segments& operator=(const Segments&) = delete;

  std::uint32_t count() const { return options_.count; }
  std::uint64_t bytes() const { return options_.bytes; }

  /// Offset, length and address are multiples of kBlock.
  base::Status write(std::uint32_t segment, std::uint64_t offset, std::span<const char> bytes);
  /// Returns when what was written can be read after a crash of the machine.
  base::Status sync(std::uint32_t segment);
  /// Fills both, which have the record's length together.
  base::Status read(const Place& place, std::span<char> first, std::span<char> second = {}) const;

  /// A pinned segment is not emptied.
  void pin(std::uint32_t segment) { ++pins_[segment]; }
  void unpin(std::uint32_t segment) { --pins_[segment]; }
  bool pinned(std::uint32_t segment) const { return pins_[segment] != 0; }

 private:
  struct File {
    int reading = -1;
    int writing = -1;
  };
  explicit Segments(const Options& options)
      : options_(options), files_(options.count), pins_(options.count) {}
  base::Status open_one(std::uint32_t segment);

  Options options_;
  std::vector<File> files_;
  std::vector<std::atomic<std::uint32_t>> pins_;
};

}  // namespace bodies
