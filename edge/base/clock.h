// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

namespace base {

using Steady = std::chrono::steady_clock::time_point;
using Wall = std::chrono::system_clock::time_point;
using Duration = std::chrono::nanoseconds;

/// The only source of time. `steady` measures waits, `wall` dates responses. Any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Steady steady() const = 0;
  virtual Wall wall() const = 0;
};

/// The machine's clocks.
class RealClock final : public Clock {
 public:
  Steady steady() const override { return std::chrono::steady_clock::now(); }
  Wall wall() const override { return std::chrono::system_clock::now(); }
};

}  // namespace base
