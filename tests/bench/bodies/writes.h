// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "tests/bench/bodies/inline_executor.h"
#include "tests/bench/bodies/objects.h"
#include "tests/bench/bodies/usage.h"

namespace bodies {

/// Writes new objects to a store, as fast as it takes them or at a pace, never more than kWindow before the
/// answer comes. Small objects are put as the edge puts them, which is not answered; after each kAnswerEvery
/// of them comes the commit of an object without a body, whose answer stands for all before it. One thread.
class Writes {
 public:
  static constexpr std::uint64_t kWindow = 16ULL << 20;
  static constexpr std::uint64_t kAnswerEvery = 512ULL << 10;
  static constexpr std::size_t kLastAnswers = 32;

  Writes(store::Disk& disk, Sizes sizes, std::uint64_t seed) : disk_(disk), objects_(sizes, seed) {}
  ~Writes() { drain(); }
  Writes(const Writes&) = delete;
  Writes& operator=(const Writes&) = delete;

  void write(std::uint64_t bytes);
  /// Writes until `end`, no faster than that many bytes a second.
  void write_until(Clock::time_point end, double bytes_a_second);
  /// Returns when everything was written.
  void drain();

  std::uint64_t bytes() const { return bytes_; }
  /// All that was written, oldest first; not while somebody writes.
  const std::vector<Name>& names() const { return names_; }
  /// One of the last `count` names, by a number as it comes. Any thread.
  Name recent(std::size_t count, std::uint64_t random) const;
  /// Seconds from a commit to its answer, since this was last asked.
  std::vector<double> take_latencies();
  std::uint64_t errors() const { return errors_; }

 private:
  struct Large;
  void write_one();
  void write_large(const store::ObjectRef& object);
  void write_empty();
  void commit(std::shared_ptr<Large> large, store::ObjectRef object);

  store::Disk& disk_;
  Objects objects_;
  InlineExecutor home_{};
  mutable std::mutex names_mutex_{};
  std::vector<Name> names_{};
  std::uint64_t bytes_ = 0;
  std::uint64_t unanswered_ = 0;  ///< put since the last commit
  std::mutex mutex_{};
  std::condition_variable answered_{};
  std::uint64_t window_ = 0;   ///< bytes that wait for an answer
  std::uint64_t waiting_ = 0;  ///< commits that do
  std::vector<double> latencies_{};
  std::uint64_t errors_ = 0;
};

}  // namespace bodies
