// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>

#include "store/disk/disk.h"
#include "tests/bench/bodies/segments.h"

namespace bodies {

/// Keeps all segments of one object. A real store would also let its chunks be found when it is replaced.
class SegmentPin final : public store::Pin {
 public:
  SegmentPin(Segments& segments, Located located) : segments_(segments), located_(std::move(located)) {
    each([this](std::uint32_t segment) { segments_.pin(segment); });
  }
  ~SegmentPin() override {
    each([this](std::uint32_t segment) { segments_.unpin(segment); });
  }
  SegmentPin(const SegmentPin&) = delete;
  SegmentPin& operator=(const SegmentPin&) = delete;

 private:
  template <typename F>
  void each(F visit) {
    visit(located_.head.segment);
    if (!located_.chunks) return;
    for (const Place& place : *located_.chunks) visit(place.segment);
  }

  Segments& segments_;
  Located located_;
};

}  // namespace bodies
