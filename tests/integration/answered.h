// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>

namespace harness {

/// Tells ThreadSanitizer what sockets do not: that what an origin's answer has looked at was looked at before the client had
/// its response. An origin's thread calls made() after each answer, a client's seen() when it has its responses.
class Answered {
 public:
  static void made() { count_.fetch_add(1, std::memory_order_release); }
  static void seen() { static_cast<void>(count_.load(std::memory_order_acquire)); }

 private:
  static inline std::atomic<unsigned> count_{0};
};

}  // namespace harness
