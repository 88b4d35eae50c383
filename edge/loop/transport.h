// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "edge/base/error.h"
#include "edge/loop/loop.h"

namespace loop {

class TlsContext;

/// The bytes of one accepted connection, plain or TLS, on a non-blocking socket that it owns. Home thread
/// only; never blocks. The handshake happens inside read() and flush().
class Transport {
 public:
  enum class Io : std::uint8_t {
    Ok,
    Again,   ///< nothing more now: wait for the socket to be readable (read) or writable (flush)
    Closed,  ///< the peer has ended its side in good order
    Failed,  ///< reset, TLS error: error_text() says what
  };
  struct Count {
    Io io = Io::Ok;
    std::size_t bytes = 0;
  };

  virtual ~Transport() = default;
  virtual int fd() const = 0;

  /// Up to `size` bytes. Ok: bytes > 0. Flushes what a handshake says, until our side of it is done: then a
  /// little may wait for the caller's flush() (wants_write()).
  virtual Count read(char* into, std::size_t size) = 0;
  /// Appends `bytes` (all of them) to what flush() will send. For TLS they are encrypted here, in one record
  /// for each call of at most 16 KiB: callers gather full records. Nothing reaches the kernel before flush().
  /// Requires: handshake_done().
  virtual Io write(std::string_view bytes) = 0;
  /// Hands what is waiting to the kernel in as few calls as possible. Again: the socket is full, and
  /// something is pending().
  virtual Io flush() = 0;
  /// Bytes written but not yet taken by the kernel.
  virtual std::size_t pending() const = 0;
  /// How many bytes should be written now at most: none while the kernel has not taken those before, and a
  /// record when all transports of this thread together keep much for slow peers.
  virtual std::size_t allowance() const = 0;
  /// Whether there is something to flush that nobody wrote: what TLS says of its own accord (handshake,
  /// tickets, alerts).
  virtual bool wants_write() const = 0;
  /// Ends the sending side after what is pending (TLS close_notify, then FIN). Reading may go on.
  virtual void finish() = 0;
  /// Destroying it will reset the connection: the peer must not take what it got for all there is.
  virtual void reset_at_end() = 0;

  virtual bool tls() const = 0;
  virtual bool handshake_done() const = 0;
  virtual bool resumed() const = 0;
  virtual std::string_view alpn() const = 0;         ///< empty if none was agreed
  virtual std::string_view server_name() const = 0;  ///< SNI; empty if none
  virtual const std::string& error_text() const = 0;
  virtual std::uint64_t bytes_in() const = 0;  ///< of the socket, since it was made
  virtual std::uint64_t bytes_out() const = 0;
};

/// Takes over `fd`, which does not block, and sets TCP_NODELAY. `early`: bytes already read from it (after a
/// PROXY header).
std::unique_ptr<Transport> make_plain_transport(Loop& loop, int fd, std::string early);
std::unique_ptr<Transport> make_tls_transport(Loop& loop, int fd, const TlsContext& context,
                                              std::string early);

}  // namespace loop
