// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/bodies/group.h"

#include <cstring>

#include "edge/base/check.h"

namespace bodies {
namespace {

std::uint64_t whole_blocks(std::uint64_t bytes) {
  return (bytes + Segments::kBlock - 1) / Segments::kBlock * Segments::kBlock;
}

}  // namespace

void Group::begin(std::uint64_t bytes_max) {
  runs_.clear();
  const std::uint64_t wanted = whole_blocks(bytes_max) + 2 * Segments::kBlock;
  if (wanted <= capacity_) return;
  memory_.reset(static_cast<char*>(std::aligned_alloc(Segments::kBlock, wanted)));
  CHECK(memory_ != nullptr);
  capacity_ = wanted;
}

char* Group::room(const Place& place) {
  if (runs_.empty() || runs_.back().segment != place.segment) {
    const std::uint64_t at = runs_.empty() ? 0 : runs_.back().at + whole_blocks(runs_.back().bytes);
    end_run();
    runs_.push_back({.segment = place.segment, .offset = place.offset, .at = at});
  }
  Run& run = runs_.back();
  const std::uint64_t within = place.offset - run.offset;
  char* const from = memory_.get() + run.at;
  std::memset(from + run.bytes, 0, within - run.bytes);  // what alignment leaves
  run.bytes = within + place.bytes;
  CHECK(run.at + run.bytes <= capacity_);
  return from + within;
}

void Group::end_run() {
  if (runs_.empty()) return;
  Run& run = runs_.back();
  const std::uint64_t whole = whole_blocks(run.bytes);
  CHECK(run.at + whole <= capacity_);
  std::memset(memory_.get() + run.at + run.bytes, 0, whole - run.bytes);
  run.bytes = whole;
}

void Group::seal() { end_run(); }

base::Status Group::write(Segments& segments) const {
  for (const Run& run : runs_) {
    const std::span<const char> bytes(memory_.get() + run.at, run.bytes);
    if (auto done = segments.write(run.segment, run.offset, bytes); !done) return done;
  }
  for (const Run& run : runs_) {
    if (auto done = segments.sync(run.segment); !done) return done;
  }
  return {};
}

}  // namespace bodies
