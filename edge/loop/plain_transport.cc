// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "edge/loop/outgoing.h"
#include "edge/loop/socket.h"
#include "edge/loop/transport.h"

namespace loop {
namespace {

/// The bytes of the socket as they are.
class PlainTransport final : public Transport {
 public:
  PlainTransport(int fd, std::string early) : socket_(fd, std::move(early)), outgoing_(socket_) {}

  int fd() const override { return socket_.fd(); }
  Count read(char* into, std::size_t size) override { return socket_.receive(into, size); }
  Io write(std::string_view bytes) override {
    outgoing_.append(bytes);
    return Io::Ok;
  }
  Io flush() override {
    const Io io = outgoing_.flush();
    if (io == Io::Ok && std::exchange(finishing_, false)) socket_.end_sending();
    return io;
  }
  std::size_t pending() const override { return outgoing_.pending(); }
  std::size_t allowance() const override { return outgoing_.allowance(); }
  bool wants_write() const override { return false; }
  void finish() override {
    finishing_ = true;
    flush();
  }
  void reset_at_end() override { socket_.reset_at_end(); }

  bool tls() const override { return false; }
  bool handshake_done() const override { return true; }
  bool resumed() const override { return false; }
  std::string_view alpn() const override { return {}; }
  std::string_view server_name() const override { return {}; }
  const std::string& error_text() const override { return socket_.error_text(); }
  std::uint64_t bytes_in() const override { return socket_.bytes_in(); }
  std::uint64_t bytes_out() const override { return socket_.bytes_out(); }

 private:
  Socket socket_;
  Outgoing outgoing_;
  bool finishing_ = false;  ///< the FIN follows when all is sent
};

}  // namespace

std::unique_ptr<Transport> make_plain_transport(Loop& /*loop*/, int fd, std::string early) {
  return std::make_unique<PlainTransport>(fd, std::move(early));
}

}  // namespace loop
