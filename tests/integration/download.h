// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <future>
#include <string>

#include "tests/integration/client.h"

namespace harness {

/// A request on a connection of its own that runs while the test goes on. Ends with this object at the
/// latest.
class Download {
 public:
  Download(Client::Options options, Request request);

  std::uint64_t received() const { return received_; }  ///< body bytes so far
  bool done() const;
  /// Waits for the end.
  Response result() { return transfer_.get(); }

 private:
  std::atomic<std::uint64_t> received_{0};
  std::future<Response> transfer_;  ///< last: uses the above
};

}  // namespace harness
