// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "tests/integration/harness.h"

namespace harness {

/// Objects without end, /object/0 and on, each with a size from 1 KiB to 3 MiB and bytes that its number and
/// a seed determine; every fifth comes from the origin without a length. Any thread.
class Catalogue {
 public:
  explicit Catalogue(std::uint64_t seed) : seed_(seed) {}

  static std::string path_of(unsigned number) { return "/object/" + std::to_string(number); }
  SeededBody body_of(unsigned number) const;
  /// Lets the origin have them all.
  void offer(Origin& origin) const;
  /// Whether a response that claims to be whole has the bytes of that object, all of them and no others. Says
  /// nothing against one that the client knows to be cut off.
  testing::AssertionResult is_right(unsigned number, const Response& response);
  /// The same if it was asked for from `offset` on; all of it will do.
  testing::AssertionResult is_right_part(unsigned number, std::uint64_t offset, const Response& response);

 private:
  std::string sum_of(unsigned number);
  testing::AssertionResult wrong(unsigned number, const Response& response) const;

  const std::uint64_t seed_;
  std::mutex mutex_;
  std::map<unsigned, std::string> sums_;  ///< under mutex_; what was needed so far
};

}  // namespace harness
