// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "edge/loop/socket.h"
#include "edge/loop/transport.h"

namespace loop {

/// Bytes on their way out of one transport. While it writes they gather in one warm buffer that all
/// transports of the thread take turns with, and flush() sends them in one call. Only what the kernel did not
/// take, or what another transport's turn displaced, is kept in a buffer of its own: an idle connection holds
/// none. A member of its transport; home thread only.
class Outgoing {
 public:
  explicit Outgoing(Socket& socket) : socket_(socket) {}
  ~Outgoing();
  Outgoing(const Outgoing&) = delete;
  Outgoing& operator=(const Outgoing&) = delete;

  void append(std::string_view bytes);
  /// Ok: nothing is left. Again: the socket is full.
  Transport::Io flush();
  std::size_t pending() const;

  static constexpr std::size_t kSharedBytes = 256 * 1024;

 private:
  struct Shared;
  static Shared& shared();
  void leave_shared();
  void keep(std::string_view bytes);

  Socket& socket_;
  std::string own_;            ///< if not empty, new bytes go here: they come after
  std::size_t own_begin_ = 0;  ///< what came before is sent
};

}  // namespace loop
