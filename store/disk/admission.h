// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>

#include "edge/base/clock.h"
#include "store/disk/disk.h"
#include "store/disk/miss_history.h"

namespace store {

/// Which objects the disk is given. As long as it has room: all. Then those that are asked for a second time,
/// while memory holds them or while they are still remembered as missed, so that what is wanted once (most
/// objects, in most traffic) costs no write and pushes out nothing. Beyond the write rate: none, and they may
/// come again. Any thread; owned by the node, and must not outlive the disk.
class Admission {
 public:
  struct Options {
    bool second_request = true;          ///< false: all objects, at their first request
    std::uint64_t remembered_bytes = 0;  ///< of objects that were missed: the disk's budget is a good measure
    std::uint64_t bytes_per_second = 0;  ///< at most, of bodies; 0: no bound
  };
  struct Counts {
    std::atomic<std::uint64_t> admitted{0};
    std::atomic<std::uint64_t> first_requests{0};  ///< not admitted, and remembered
    std::atomic<std::uint64_t> over_rate{0};       ///< not admitted since too much was written lately
  };

  Admission(const Disk& disk, const Options& options);

  /// An object of `bytes` was fetched. `wanted_again`: more than one request wanted it, or an earlier version
  /// was stored.
  bool on_miss(const Key& key, std::uint64_t bytes, bool wanted_again, base::Steady now);
  /// An object that is in memory only was asked for again.
  bool on_hit(std::uint64_t bytes, base::Steady now);

  /// What was admitted could not be put: it costs nothing.
  void give_back(std::uint64_t bytes);

  const Counts& counts() const { return counts_; }
  std::uint64_t memory_bytes() const { return history_.memory_bytes(); }

 private:
  bool within_rate(std::uint64_t bytes, base::Steady now);

  const Disk& disk_;
  const Options options_;
  MissHistory history_;
  Counts counts_;
  std::mutex rate_mutex_;
  double credit_;  ///< bytes; a second's worth at most, and below 0 after an object that is larger
  base::Steady credited_{};
};

}  // namespace store
