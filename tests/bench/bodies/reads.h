// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <vector>

#include "tests/bench/bodies/inline_executor.h"
#include "tests/bench/bodies/objects.h"
#include "tests/bench/bodies/usage.h"

namespace bodies {

/// Reads whole small objects from a store, so many at once: each answer begins the next read, on the thread
/// that gave it.
class Reads {
 public:
  /// What to read next; nothing ends it. Called by several threads.
  using Next = std::function<std::optional<Name>()>;

  Reads(store::Disk& disk, Next next) : disk_(disk), next_(std::move(next)) {}

  /// Returns when all is read.
  void run(std::size_t at_once);

  std::uint64_t found() const { return found_; }
  std::uint64_t missed() const { return missed_; }
  std::uint64_t errors() const { return errors_; }
  /// Seconds, of what was found.
  std::vector<double> latencies() const;

 private:
  struct Slot {
    Clock::time_point begin{};
    std::vector<double> latencies{};
  };
  void read(Slot& slot);
  void finish(Slot& slot, std::uint64_t expected_bytes, const base::Result<store::ObjectRef>& object);

  store::Disk& disk_;
  Next next_;
  InlineExecutor home_{};
  std::vector<Slot> slots_{};
  std::atomic<std::uint64_t> found_{0};
  std::atomic<std::uint64_t> missed_{0};
  std::atomic<std::uint64_t> errors_{0};
  std::mutex mutex_{};
  std::condition_variable ended_{};
  std::size_t running_ = 0;
};

}  // namespace bodies
