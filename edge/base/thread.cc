// SPDX-License-Identifier: Apache-2.0
#include "edge/base/thread.h"

#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>

namespace base {
namespace {

// Shorter than the scheduler's own (0.7 ms times a logarithm of the cores), so that the thread that wakes
// goes before those.
constexpr std::chrono::nanoseconds kPromptSlice = std::chrono::microseconds(500);

// <linux/sched/types.h> has it, but that and <sched.h> exclude each other; glibc has it since 2.41.
struct SchedAttr {
  std::uint32_t size = sizeof(SchedAttr);
  std::uint32_t policy = SCHED_OTHER;
  std::uint64_t flags = 0;
  std::int32_t nice = 0;
  std::uint32_t priority = 0;
  std::uint64_t runtime = 0;  // nanoseconds: the slice
  std::uint64_t deadline = 0;
  std::uint64_t period = 0;
};

// Kernels before 6.12 take the slice and do nothing with it.
void set_slice(std::chrono::nanoseconds slice) {
  SchedAttr attr;
  attr.nice = ::getpriority(PRIO_PROCESS, 0);
  attr.runtime = static_cast<std::uint64_t>(slice.count());
  ::syscall(SYS_sched_setattr, 0, &attr, 0);
}

}  // namespace

// Neither needs a privilege; where it is not permitted, the thread works all the same.
void set_work(Work work) {
  static const int started_with = ::sched_getscheduler(0);
  if (started_with != SCHED_OTHER) return;
  if (work == Work::Prompt) return set_slice(kPromptSlice);
  const sched_param none{};
  ::sched_setscheduler(0, SCHED_BATCH, &none);
}

void begin_thread(const std::string& name, Work work) {
  ::pthread_setname_np(::pthread_self(), name.substr(0, 15).c_str());
  set_work(work);
}

}  // namespace base
