// SPDX-License-Identifier: Apache-2.0
#include "edge/base/thread.h"

#include <pthread.h>
#include <sched.h>

namespace base {

void set_work(Work work) {
  if (work != Work::Background || ::sched_getscheduler(0) != SCHED_OTHER) return;
  const sched_param none{};
  ::sched_setscheduler(0, SCHED_BATCH,
                       &none);  // needs no privilege; without it the thread works all the same
}

void begin_thread(const std::string& name, Work work) {
  ::pthread_setname_np(::pthread_self(), name.substr(0, 15).c_str());
  set_work(work);
}

}  // namespace base
