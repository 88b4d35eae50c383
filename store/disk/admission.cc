// SPDX-License-Identifier: Apache-2.0
#include "store/disk/admission.h"

#include <algorithm>
#include <chrono>

namespace store {
namespace {

/// Smaller objects than this on average make the history shorter than it might be.
constexpr std::uint64_t kObjectBytes = 8192;
/// What an object costs the disk at least.
constexpr std::uint64_t kPageBytes = 4096;

}  // namespace

Admission::Admission(const Disk& disk, const Options& options)
    : disk_(disk),
      options_(options),
      history_(options.remembered_bytes,
               options.second_request ? options.remembered_bytes / kObjectBytes : 0),
      credit_(static_cast<double>(options.bytes_per_second)) {}

bool Admission::on_miss(const Key& key, std::uint64_t bytes, bool wanted_again, base::Steady now) {
  if (options_.second_request && !wanted_again && !disk_.has_room(key) && !history_.contains(key)) {
    history_.note(key, std::max(bytes, kPageBytes));
    ++counts_.first_requests;
    return false;
  }
  return within_rate(bytes, now);
}

bool Admission::on_hit(std::uint64_t bytes, base::Steady now) { return within_rate(bytes, now); }

void Admission::give_back(std::uint64_t bytes) {
  --counts_.admitted;
  const std::scoped_lock lock(rate_mutex_);
  credit_ += static_cast<double>(bytes);
}

bool Admission::within_rate(std::uint64_t bytes, base::Steady now) {
  if (options_.bytes_per_second != 0) {
    const auto rate = static_cast<double>(options_.bytes_per_second);
    const std::scoped_lock lock(rate_mutex_);
    if (credited_ != base::Steady{} && now > credited_) {
      credit_ = std::min(rate, credit_ + rate * std::chrono::duration<double>(now - credited_).count());
    }
    credited_ = std::max(credited_, now);
    if (credit_ <= 0) {
      ++counts_.over_rate;
      return false;
    }
    credit_ -= static_cast<double>(bytes);
  }
  ++counts_.admitted;
  return true;
}

}  // namespace store
