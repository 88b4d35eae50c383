// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "edge/base/error.h"
#include "edge/base/executor.h"
#include "edge/loop/address.h"
#include "edge/loop/loop.h"

namespace loop {

/// One accepted connection. Whoever gets it owns `fd` (non-blocking).
struct Accepted {
  int fd = -1;
  std::string client_address{};
  std::uint16_t client_port = 0;
  std::string server_address{};
  std::uint16_t server_port = 0;
};

/// A listening TCP socket of one loop; home thread only. Loops share an address: each opens its own listener
/// there and the kernel spreads the connections (SO_REUSEPORT). When descriptors or memory run out it pauses
/// for 100 ms instead of spinning.
class Listener {
 public:
  /// `address`: see Address; port 0 takes a free one; an IPv6 address takes IPv6 only. `on_accept` must not
  /// end the listener. Errors name the address and the reason.
  static base::Result<std::unique_ptr<Listener>> open(Loop& loop, const std::string& address, int backlog,
                                                      std::move_only_function<void(Accepted)> on_accept);
  /// Whether `address` is free: SO_REUSEPORT would share it silently with another process of the same user.
  /// Call once before the loops open it.
  static base::Status probe(const std::string& address);

  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  /// Accepts all that has connected so far: closing the listener would reset it.
  void accept_waiting();

  std::uint16_t port() const { return local_.port(); }
  std::string address() const { return local_.str(); }
  /// How often accepting was paused for want of descriptors or memory.
  std::uint64_t pauses() const { return pauses_; }

 private:
  Listener(Loop& loop, int fd, Address local, std::move_only_function<void(Accepted)> on_accept);
  /// Whether there may be more.
  bool accept_some();
  void accepted(int fd, const sockaddr_storage& peer);
  void pause();

  int fd_;
  Address local_;
  std::move_only_function<void(Accepted)> on_accept_;
  std::uint64_t pauses_ = 0;
  base::Timer resume_;
  Poll poll_;
};

}  // namespace loop
