// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace http {

/// Which stream numbers of a client can never open any more because it skipped them (RFC 9113 5.1.1). nghttp2
/// ignores a HEADERS frame on such a number, taking it for one of a stream it has forgotten. One
/// connection's, one thread.
class StreamNumbers {
 public:
  /// A stream was opened: the numbers between the last one and this are skipped.
  void opened(std::int32_t id) {
    if (id > last_ + 2) {
      // A client that skips much is odd but harmless; only the newest gaps are kept.
      if (gaps_.size() == kGapsMax) gaps_.erase(gaps_.begin());
      gaps_.emplace_back(last_ + 2, id - 2);
    }
    last_ = id;
  }
  bool was_skipped(std::int32_t id) const {
    for (const auto& [first, last] : gaps_) {
      if (id >= first && id <= last) return true;
    }
    return false;
  }

 private:
  static constexpr std::size_t kGapsMax = 32;
  std::int32_t last_ = -1;
  std::vector<std::pair<std::int32_t, std::int32_t>> gaps_{};
};

}  // namespace http
