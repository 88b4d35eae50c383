// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "edge/base/error.h"

namespace store {

/// Fills both pieces from `offset` on. Corrupt: the file ends before. Blocks.
base::Status pread_all(int descriptor, std::span<char> first, std::span<char> second, std::uint64_t offset);

/// LMDB's data file beside its memory map. Large values are read with pread() instead of through the map: no
/// page fault for every 4 KiB, and the process does not grow by the file pages that it maps. One for each
/// environment, and it must not outlive it; any thread that holds a transaction.
class MappedFile {
 public:
  /// `descriptor` is the environment's; `inside` is any value that a read transaction shows, by which the map
  /// is found.
  MappedFile(int descriptor, std::uint64_t map_bytes, std::string_view inside);

  /// Copies `value`, which lies in the map and is valid now, to the two places, which have its length
  /// together.
  base::Status read(std::string_view value, std::span<char> first, std::span<char> second = {});
  /// Where `value`, which lies in the map, is in the file; nothing if the map was not found.
  std::optional<std::uint64_t> place_of(std::string_view value) const;
  /// Fills both pieces from `offset` on, if the page cache has all of it. Does not wait for what has to be
  /// read from the disk (the kernel may begin to). Needs no transaction: anything may lie there.
  bool read_cached(std::uint64_t offset, std::span<char> first, std::span<char> second = {});
  /// Asks the kernel to read the first page of large `value` soon: deleting it will touch that page.
  void expect(std::string_view value);
  /// Whether the pages of large `value` say of themselves that they are as many as it needs. LMDB frees so
  /// many as they say: a wrong number would give away the pages of others.
  bool freeable(std::string_view value) const;
  /// Takes the map's pages out of the process's resident memory (they stay in the page cache). Costs later
  /// readers minor faults.
  void shed();
  /// Says that so many B-tree pages of the map were touched, far apart. Sheds if the process shows too much
  /// of files by now.
  void touched(std::uint64_t pages);

  bool found() const { return base_ != nullptr; }

 private:
  std::uint64_t offset_of(std::string_view value) const {
    return static_cast<std::uint64_t>(value.data() - base_);
  }

  /// Whether `value` fills pages of its own, in the file and not in a transaction's memory.
  bool has_own_pages(std::string_view value) const;

  int descriptor_;
  std::uint64_t map_bytes_;
  const char* base_ = nullptr;  ///< null: not found, everything goes through the map
  std::atomic<std::uint64_t> touched_pages_{0};
  std::atomic<bool> never_cached_{false};  ///< the file system cannot say what the page cache has
};

}  // namespace store
