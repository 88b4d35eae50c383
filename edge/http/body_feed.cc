// SPDX-License-Identifier: Apache-2.0
#include "edge/http/body_feed.h"

#include <algorithm>
#include <utility>

#include "edge/base/check.h"

namespace http {

void BodyFeed::open(std::unique_ptr<BodySource> source, std::optional<std::uint64_t> declared) {
  source_ = std::move(source);
  left_ = declared;
}

BodyFeed::Piece BodyFeed::next(std::size_t max) {
  CHECK(source_ != nullptr);
  if (left_ == 0U) return {probe_end()};
  if (left_) max = static_cast<std::size_t>(std::min<std::uint64_t>(max, *left_));
  Piece piece;
  piece.pull = source_->pull(max, piece.slice);
  if (piece.pull == Pull::End && left_) return {Pull::Failed};
  if (piece.pull != Pull::Data) return piece;
  const std::size_t size = piece.slice.bytes.size();
  CHECK(size > 0 && size <= max);
  if (!left_) return piece;
  *left_ -= size;
  if (*left_ > 0) return piece;
  // The whole declared length is here: only a source that agrees may have it sent as the end.
  switch (probe_end()) {
    case Pull::End: piece.last = true; return piece;
    case Pull::Later: return piece;
    default: return {Pull::Failed};
  }
}

Pull BodyFeed::probe_end() {
  base::Slice surplus;
  const Pull pull = source_->pull(1, surplus);
  return pull == Pull::Data ? Pull::Failed : pull;
}

}  // namespace http
