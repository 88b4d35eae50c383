// SPDX-License-Identifier: Apache-2.0
// A turn of the loop: libuv runs timers, waits and runs polls (uv_poll, uv_async), then the check handle.
// Work that was put off to the end of the turn runs in the check handle, and in the prepare handle for what
// timers put off: so never is anything left over while the loop waits. The alarm of all timers is set in the
// prepare handle only: one that is due again within its own callback would be called at once by libuv, before
// all polls.
#include "edge/loop/loop.h"

#include <uv.h>

#include <atomic>
#include <map>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

#include "edge/base/check.h"
#include "edge/loop/turn_clock.h"

namespace loop {
namespace {

using Deadlines = std::multimap<base::Steady, std::pair<Loop::TimerId, base::Task>>;

}  // namespace

struct Loop::Impl {
  uv_loop_t uv{};
  uv_async_t wake{};
  uv_timer_t alarm{};
  uv_prepare_t before_wait{};
  uv_check_t after_wait{};
  TurnClock clock{};

  std::mutex inbox_mutex{};
  std::vector<base::Task> inbox{};  ///< under inbox_mutex
  std::atomic<bool> stopping{false};

  Deadlines deadlines{};
  std::unordered_map<TimerId, Deadlines::iterator> timers{};
  TimerId last_timer = 0;
  base::Steady alarm_at = base::Steady::max();

  std::vector<base::Task> turn_end{};
  std::uint64_t turn = 1;
  base::Steady turn_begin{};        ///< when the loop last began to wait
  std::uint64_t waited_before = 0;  ///< nanoseconds that it had waited by then
  std::atomic<base::Duration::rep> longest_turn{0};

  void run_inbox();
  void run_due();
  void run_turn_end();
  void set_alarm();
  void note_turn();
};

void Loop::Impl::run_inbox() {
  std::vector<base::Task> tasks;
  {
    const std::scoped_lock lock(inbox_mutex);
    tasks.swap(inbox);
  }
  {
    const TurnClock::Callback callback(clock);
    for (base::Task& task : tasks) task();
  }
  if (stopping.load(std::memory_order_acquire)) uv_stop(&uv);
}

void Loop::Impl::run_due() {
  alarm_at = base::Steady::max();
  const TurnClock::Callback callback(clock);
  const base::Steady now = clock.steady();
  // Timers started by these tasks wait for the next alarm, even those without delay: no starving of the rest.
  while (!deadlines.empty() && deadlines.begin()->first <= now) {
    auto entry = deadlines.extract(deadlines.begin());
    timers.erase(entry.mapped().first);
    entry.mapped().second();
  }
}

void Loop::Impl::set_alarm() {
  if (deadlines.empty()) return;
  const base::Steady first = deadlines.begin()->first;
  if (first >= alarm_at) return;  // an early alarm finds nothing due and sets itself anew
  alarm_at = first;
  const auto wait = std::max(first - clock.real_steady(), base::Duration::zero());
  const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(wait).count();
  uv_update_time(&uv);
  uv_timer_start(
      &alarm, [](uv_timer_t* timer) { static_cast<Impl*>(timer->data)->run_due(); },
      static_cast<std::uint64_t>(milliseconds), 0);
}

void Loop::Impl::run_turn_end() {
  if (turn_end.empty()) return;
  const TurnClock::Callback callback(clock);
  while (!turn_end.empty()) {
    std::vector<base::Task> tasks;
    tasks.swap(turn_end);
    for (base::Task& task : tasks) task();
  }
}

void Loop::Impl::note_turn() {
  ++turn;
  const base::Steady now = clock.steady();
  const std::uint64_t waited = uv_metrics_idle_time(&uv);
  const auto length = (now - turn_begin).count() - static_cast<base::Duration::rep>(waited - waited_before);
  turn_begin = now;
  waited_before = waited;
  auto seen = longest_turn.load(std::memory_order_relaxed);
  while (length > seen && !longest_turn.compare_exchange_weak(seen, length, std::memory_order_relaxed)) {
  }
}

Loop::Loop() : impl_(std::make_unique<Impl>()) {
  CHECK(uv_loop_init(&impl_->uv) == 0);
  CHECK(uv_loop_configure(&impl_->uv, UV_METRICS_IDLE_TIME) == 0);
  const auto adopt = [this](auto* handle) { handle->data = impl_.get(); };
  CHECK(uv_async_init(&impl_->uv, &impl_->wake,
                      [](uv_async_t* wake) { static_cast<Impl*>(wake->data)->run_inbox(); }) == 0);
  uv_timer_init(&impl_->uv, &impl_->alarm);
  uv_prepare_init(&impl_->uv, &impl_->before_wait);
  uv_check_init(&impl_->uv, &impl_->after_wait);
  adopt(&impl_->wake);
  adopt(&impl_->alarm);
  adopt(&impl_->before_wait);
  adopt(&impl_->after_wait);
  uv_prepare_start(&impl_->before_wait, [](uv_prepare_t* handle) {
    Impl& impl = *static_cast<Impl*>(handle->data);
    impl.run_turn_end();
    impl.set_alarm();
    impl.note_turn();
  });
  // libuv 1.44 runs polls before checks: what they put off is done in the same turn.
  uv_check_start(&impl_->after_wait,
                 [](uv_check_t* handle) { static_cast<Impl*>(handle->data)->run_turn_end(); });
}

Loop::~Loop() {
  impl_->turn_end.clear();
  impl_->timers.clear();
  impl_->deadlines.clear();
  std::vector<base::Task> left;
  {
    const std::scoped_lock lock(impl_->inbox_mutex);
    left.swap(impl_->inbox);
  }
  left.clear();
  for (auto* handle :
       {reinterpret_cast<uv_handle_t*>(&impl_->wake), reinterpret_cast<uv_handle_t*>(&impl_->alarm),
        reinterpret_cast<uv_handle_t*>(&impl_->before_wait),
        reinterpret_cast<uv_handle_t*>(&impl_->after_wait)}) {
    uv_close(handle, nullptr);
  }
  while (uv_run(&impl_->uv, UV_RUN_DEFAULT) != 0) {
  }
  CHECK(uv_loop_close(&impl_->uv) == 0);
}

void Loop::run() {
  impl_->clock.move_in();
  impl_->turn_begin = impl_->clock.steady();
  while (!impl_->stopping.load(std::memory_order_acquire)) {
    uv_run(&impl_->uv, UV_RUN_ONCE);
  }
  impl_->stopping.store(false, std::memory_order_release);  // may be run again
}

void Loop::stop() {
  impl_->stopping.store(true, std::memory_order_release);
  uv_async_send(&impl_->wake);
}

void Loop::post(base::Task task) {
  bool was_empty = false;
  {
    const std::scoped_lock lock(impl_->inbox_mutex);
    was_empty = impl_->inbox.empty();
    impl_->inbox.push_back(std::move(task));
  }
  if (was_empty) uv_async_send(&impl_->wake);
}

bool Loop::in_thread() const { return impl_->clock.in_home(); }

const base::Clock& Loop::clock() const { return impl_->clock; }

TurnClock& Loop::turn_clock() { return impl_->clock; }

base::Executor::TimerId Loop::start_timer(base::Duration delay, base::Task task) {
  DCHECK(in_thread());
  const TimerId id = ++impl_->last_timer;
  const auto at =
      impl_->deadlines.emplace(impl_->clock.real_steady() + delay, std::pair(id, std::move(task)));
  impl_->timers.emplace(id, at);
  return id;
}

void Loop::cancel_timer(TimerId id) {
  const auto found = impl_->timers.find(id);
  if (found == impl_->timers.end()) return;
  // Keep the task until both indexes are consistent: its destruction may start or cancel other timers.
  const auto entry = impl_->deadlines.extract(found->second);
  impl_->timers.erase(found);
}

void Loop::at_turn_end(base::Task task) { impl_->turn_end.push_back(std::move(task)); }

std::uint64_t Loop::turn() const { return impl_->turn; }

base::Duration Loop::take_longest_turn() {
  return base::Duration(impl_->longest_turn.exchange(0, std::memory_order_relaxed));
}

uv_loop_s* Loop::native() { return &impl_->uv; }

}  // namespace loop
