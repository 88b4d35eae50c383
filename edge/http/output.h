// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "edge/loop/transport.h"

namespace http {

/// Plaintext on its way to one transport during one pass: gathers frames and body bytes so that each write is
/// one full TLS record. Lives on the stack of the pass; the buffer is the loop's, shared by all its
/// connections.
class Output {
 public:
  static constexpr std::size_t kRecordBytes = 16 * 1024;
  using Buffer = std::array<char, kRecordBytes>;

  /// `limit`: how many bytes may wait in the transport before full() says so.
  Output(loop::Transport& transport, Buffer& buffer, std::size_t limit)
      : transport_(transport), buffer_(buffer), limit_(limit) {}
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  void append(std::string_view bytes);
  /// Whether the client has enough to take for now: sources are not to be pulled.
  bool full() const { return room() == 0; }
  /// How many bytes may be appended before it is full.
  std::size_t room() const {
    const std::size_t waiting = transport_.pending() + used_;
    return failed_ || waiting >= limit_ ? 0 : limit_ - waiting;
  }
  /// Writes what is gathered, as a short record if it must be.
  void commit();
  /// The transport refused bytes: the connection is of no use any more.
  bool failed() const { return failed_; }

 private:
  loop::Transport& transport_;
  Buffer& buffer_;
  std::size_t limit_;
  std::size_t used_ = 0;
  bool failed_ = false;
};

}  // namespace http
