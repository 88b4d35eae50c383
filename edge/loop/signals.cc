// SPDX-License-Identifier: Apache-2.0
#include "edge/loop/signals.h"

#include <uv.h>

#include <array>
#include <csignal>
#include <utility>

#include "edge/base/check.h"

namespace loop {

struct Signals::Impl {
  std::array<uv_signal_t, 3> handles{};
  std::size_t open = 0;  ///< handles that libuv still knows
  bool ended = false;    ///< the Signals is gone; the handles are closing
  std::move_only_function<void(int)> on_signal{};
};

Signals::Signals(Loop& loop, std::move_only_function<void(int)> on_signal) : impl_(std::make_unique<Impl>()) {
  std::signal(SIGPIPE, SIG_IGN);  // a write to a closed connection is an error code, not the end
  impl_->on_signal = std::move(on_signal);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) {
    uv_signal_t& handle = impl_->handles[impl_->open++];
    CHECK(uv_signal_init(loop.native(), &handle) == 0);
    handle.data = impl_.get();
    const auto call = [](uv_signal_t* from, int received) {
      Impl& impl = *static_cast<Impl*>(from->data);
      if (!impl.ended) impl.on_signal(received);
    };
    CHECK(uv_signal_start(&handle, call, number) == 0);
  }
}

Signals::~Signals() {
  Impl* impl = impl_.release();  // ends with its last handle
  impl->ended = true;
  for (uv_signal_t& handle : impl->handles) {
    uv_close(reinterpret_cast<uv_handle_t*>(&handle), [](uv_handle_t* closed) {
      auto* owner = static_cast<Impl*>(closed->data);
      if (--owner->open == 0) delete owner;
    });
  }
}

}  // namespace loop
