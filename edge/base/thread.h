// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace base {

/// What a thread is for, to the scheduler.
enum class Work : std::uint8_t {
  Prompt,  ///< somebody waits: short slices (sched_setattr(2), Linux 6.12), so that it soon gets a core when
           ///< it wakes
  Background,  ///< SCHED_BATCH (sched(7)): when it wakes it does not push a thread off its core, but waits
               ///< until that sleeps or its slice ends
};

/// Names the calling thread (the first 15 characters count) and says what it is for. A policy that the
/// program was started with, real-time say, stays. The first thing that a thread does.
void begin_thread(const std::string& name, Work work);
/// Only what it is for.
void set_work(Work work);

}  // namespace base
