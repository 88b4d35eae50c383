// SPDX-License-Identifier: Apache-2.0
#include <uv.h>

#include "edge/loop/loop.h"
#include "edge/loop/turn_clock.h"

namespace loop {

struct Poll::Impl {
  explicit Impl(TurnClock& its_clock) : clock(its_clock) {}

  uv_poll_t handle{};
  TurnClock& clock;
  std::move_only_function<void(int)> on_ready{};
  bool ended = false;  ///< the Poll is gone; the handle is closing

  static void ready(uv_poll_t* handle, int status, int events) {
    Impl& impl = *static_cast<Impl*>(handle->data);
    if (impl.ended) return;
    int seen = 0;
    // A lone error comes as what was asked for, with status 0: nothing else asks for UV_PRIORITIZED.
    if (status < 0 || (events & UV_PRIORITIZED) != 0) {
      seen = Readable | Writable | Broken;
    } else {
      if ((events & (UV_READABLE | UV_DISCONNECT)) != 0) seen |= Readable;
      if ((events & UV_WRITABLE) != 0) seen |= Writable;
    }
    const TurnClock::Callback callback(impl.clock);
    impl.on_ready(seen);  // may end the Poll; the Impl lives until libuv has closed the handle
  }
};

Poll::Poll(Loop& loop, int fd, std::move_only_function<void(int events)> on_ready) : impl_(new Impl(loop.turn_clock())) {
  impl_->handle.data = impl_;
  impl_->on_ready = std::move(on_ready);
  good_ = uv_poll_init(loop.native(), &impl_->handle, fd) == 0;
}

Poll::~Poll() {
  if (!good_) {
    delete impl_;  // libuv does not know the handle
    return;
  }
  impl_->ended = true;
  uv_close(reinterpret_cast<uv_handle_t*>(&impl_->handle),
           [](uv_handle_t* handle) { delete static_cast<Impl*>(handle->data); });
}

void Poll::watch(int events) {
  if (!good_) return;
  int wanted = UV_PRIORITIZED;
  if ((events & Readable) != 0) wanted |= UV_READABLE;
  if ((events & Writable) != 0) wanted |= UV_WRITABLE;
  uv_poll_start(&impl_->handle, wanted, &Impl::ready);
}

void Poll::stop() {
  if (good_) uv_poll_stop(&impl_->handle);
}

}  // namespace loop
