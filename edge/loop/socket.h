// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "edge/loop/transport.h"

namespace loop {

/// A connected stream socket that it owns: non-blocking, TCP_NODELAY. The part that plain and TLS transports
/// have in common. Home thread only.
class Socket {
 public:
  /// `early`: bytes that were read from `fd` before; they come first.
  Socket(int fd, std::string early);
  ~Socket();
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  /// As Transport::read. After a short read the next call says Again without asking the kernel: whoever reads
  /// until Again saves a system call, and what came meanwhile makes the socket readable.
  Transport::Count receive(char* into, std::size_t size);
  /// Sends what the kernel takes; Again if that was less than all. `bytes` in the answer is what it took.
  Transport::Count send(std::string_view bytes);
  /// How many bytes the kernel would take about now.
  std::size_t room() const;
  /// FIN.
  void end_sending();
  /// The peer gets a reset when this is destroyed, not an end.
  void reset_at_end();

  int fd() const { return fd_; }
  const std::string& error_text() const { return error_text_; }
  std::uint64_t bytes_in() const { return bytes_in_; }
  std::uint64_t bytes_out() const { return bytes_out_; }

 private:
  Transport::Io fail(const char* call, int number);

  int fd_;
  bool drained_ = false;  ///< the last read was short
  std::string early_;
  std::string error_text_;
  std::uint64_t bytes_in_;
  std::uint64_t bytes_out_ = 0;
};

}  // namespace loop
