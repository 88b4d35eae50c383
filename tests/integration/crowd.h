// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "tests/integration/client.h"

namespace harness {

/// All requests at once, on `threads` threads with a client each; the responses stand where their requests
/// stood.
std::vector<Response> perform_in_crowd(const Client::Options& options, const std::vector<Request>& requests,
                                       unsigned threads = 8);

/// How long after `origin` each body's first byte came.
class FirstBytes {
 public:
  FirstBytes(const std::vector<Response>& responses, std::chrono::steady_clock::time_point origin);
  std::chrono::milliseconds worst() const;
  /// "p50 3 ms, p99 20 ms, worst 22 ms".
  std::string text() const;

 private:
  double at(double part) const;

  std::vector<double> milliseconds_;  ///< sorted
};

}  // namespace harness
