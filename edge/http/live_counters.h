// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>

#include "edge/http/server.h"

namespace http {

/// A number that one thread changes and others read: no locked instruction, no torn value.
class LiveCount {
 public:
  void add(std::uint64_t n = 1) { value_.store(get() + n, std::memory_order_relaxed); }
  void subtract(std::uint64_t n = 1) { value_.store(get() - n, std::memory_order_relaxed); }
  std::uint64_t get() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

/// ServerCounters while they count. Changed on the server's loop only.
struct LiveCounters {
  LiveCount accepted, open, refused;
  LiveCount tls_handshakes, tls_resumed, tls_failed;
  LiveCount requests_h1, requests_h2, protocol_errors;
  LiveCount bytes_in, bytes_out;

  ServerCounters snapshot() const {
    return {.accepted = accepted.get(),
            .open = open.get(),
            .refused = refused.get(),
            .tls_handshakes = tls_handshakes.get(),
            .tls_resumed = tls_resumed.get(),
            .tls_failed = tls_failed.get(),
            .requests_h1 = requests_h1.get(),
            .requests_h2 = requests_h2.get(),
            .protocol_errors = protocol_errors.get(),
            .bytes_in = bytes_in.get(),
            .bytes_out = bytes_out.get()};
  }
};

}  // namespace http
