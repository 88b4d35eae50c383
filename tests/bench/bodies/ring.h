// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "tests/bench/bodies/index_table.h"
#include "tests/bench/bodies/segment_index.h"
#include "tests/bench/bodies/segments.h"

namespace bodies {

/// Where the next record goes, and what has to go for it: the segments in the order of their age, the oldest
/// emptied as a whole. One is always empty beforehand, so that the index has durably forgotten what is
/// overwritten. Writer thread only.
class Ring {
 public:
  struct Name {
    store::Key key{};
    store::ObjectId id = 0;
  };
  /// `evicted` is told of each object that eviction takes out of the index in memory; the caller takes it out
  /// of the table in its next transaction.
  Ring(Segments& segments, SegmentIndex& index, IndexTable& table,
       std::function<void(const Name&, const Located&)> evicted)
      : segments_(segments), index_(index), table_(table), evicted_(std::move(evicted)) {}

  /// Room for a record. Fails if all segments are pinned.
  base::Result<Place> take(std::uint64_t bytes);
  /// The next record begins a block of its own.
  void end_group();
  /// An object with something in these segments can be found.
  void note(const Name& name, const Located& located);
  /// Gives up the rest of the segment that is being written, for the sake of one more that is emptied.
  base::Status advance();

  std::uint64_t memory_bytes() const;

 private:
  std::optional<std::uint32_t> oldest_but(std::uint32_t segment) const;
  void note_in(std::uint32_t segment, const Name& name);
  void empty(std::uint32_t segment);

  Segments& segments_;
  SegmentIndex& index_;
  IndexTable& table_;
  std::function<void(const Name&, const Located&)> evicted_;
  std::vector<std::vector<Name>> names_{segments_.count()};  ///< with some that are gone
  std::uint32_t current_ = 0;
  std::uint32_t spare_ = 1;
  std::uint64_t position_ = 0;
  std::uint64_t emptied_by_ = 0;  ///< the transaction that takes what was in the spare out of the table
};

}  // namespace bodies
