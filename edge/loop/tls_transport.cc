// SPDX-License-Identifier: Apache-2.0
// TLS between a socket and OpenSSL. OpenSSL reads from the socket and writes to an Outgoing, both through one
// BIO that never blocks; what it writes always finds room, so it only ever waits for reading.
//
// What OpenSSL writes of its own accord (handshake, session tickets, alerts) has no caller to flush it:
// `unasked_`. read() sends it before it says anything but Ok, until our side of the handshake is done; from
// then on a little of it (TLS 1.2's last flight, tickets) waits for the caller's flush(), and leaves together
// with an answer.
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <utility>

#include "edge/base/check.h"
#include "edge/loop/alpn.h"
#include "edge/loop/certificate.h"
#include "edge/loop/outgoing.h"
#include "edge/loop/socket.h"
#include "edge/loop/tls_context.h"
#include "edge/loop/transport.h"

namespace loop {
namespace {

/// A client that makes OpenSSL answer (warnings) and does not read the answers is cut off here.
constexpr std::size_t kUnaskedMax = 64 * 1024;
/// So much may wait for the caller: a session ticket and what goes with it.
constexpr std::size_t kUnaskedWait = 2 * 1024;

/// SSL_get_error() looks at all that the thread has noted. Mostly that is nothing: emptying it all the same
/// is not for free.
void forget_errors() {
  if (ERR_peek_error() != 0) ERR_clear_error();
}

class TlsTransport final : public Transport {
 public:
  TlsTransport(int fd, const TlsContext& context, std::string early);

  int fd() const override { return socket_.fd(); }
  Count read(char* into, std::size_t size) override;
  Io write(std::string_view bytes) override;
  Io flush() override;
  std::size_t pending() const override { return outgoing_.pending(); }
  std::size_t allowance() const override { return outgoing_.allowance(); }
  bool wants_write() const override { return unasked_ && outgoing_.pending() > 0; }
  void finish() override;
  void reset_at_end() override { socket_.reset_at_end(); }

  bool tls() const override { return true; }
  bool handshake_done() const override { return handshake_done_; }
  bool resumed() const override { return SSL_session_reused(ssl_.get()) == 1; }
  std::string_view alpn() const override;
  std::string_view server_name() const override;
  const std::string& error_text() const override { return error_text_; }
  std::uint64_t bytes_in() const override { return socket_.bytes_in(); }
  std::uint64_t bytes_out() const override { return socket_.bytes_out(); }

 private:
  static BIO_METHOD* bio_method();
  static TlsTransport& of(BIO* bio) { return *static_cast<TlsTransport*>(BIO_get_data(bio)); }
  int bio_read(BIO* bio, char* into, std::size_t size, std::size_t& count);
  long bio_control(int command) const;

  Io decrypt(char* into, std::size_t size, std::size_t& bytes);
  Io why(int result);
  Io fail(std::string text);

  Socket socket_;
  Outgoing outgoing_;
  SslPtr ssl_;
  Io received_ = Io::Ok;  ///< what the socket last said
  bool writing_ = false;  ///< inside write()
  bool unasked_ = false;
  std::size_t unasked_bytes_ = 0;  ///< since nothing waited
  bool handshake_done_ = false;
  bool failed_ = false;
  bool finishing_ = false;  ///< the FIN follows when all is sent
  std::string error_text_;
};

BIO_METHOD* TlsTransport::bio_method() {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "transport");
    CHECK(made != nullptr);
    BIO_meth_set_create(made, [](BIO* bio) {
      BIO_set_init(bio, 1);
      return 1;
    });
    BIO_meth_set_read_ex(made, [](BIO* bio, char* into, std::size_t size, std::size_t* count) {
      return of(bio).bio_read(bio, into, size, *count);
    });
    BIO_meth_set_write_ex(made, [](BIO* bio, const char* bytes, std::size_t size, std::size_t* count) {
      TlsTransport& self = of(bio);
      self.outgoing_.append({bytes, size});
      if (!self.writing_) {
        self.unasked_ = true;
        self.unasked_bytes_ += size;
      }
      *count = size;
      return 1;
    });
    BIO_meth_set_ctrl(made, [](BIO* bio, int command, long, void*) { return of(bio).bio_control(command); });
    return made;
  }();
  return method;
}

TlsTransport::TlsTransport(int fd, const TlsContext& context, std::string early)
    : socket_(fd, std::move(early)), outgoing_(socket_), ssl_(SSL_new(context.native())) {
  CHECK(ssl_);
  BIO* bio = BIO_new(bio_method());
  CHECK(bio != nullptr);
  BIO_set_data(bio, this);
  SSL_set_bio(ssl_.get(), bio, bio);
  SSL_set_accept_state(ssl_.get());
}

int TlsTransport::bio_read(BIO* bio, char* into, std::size_t size, std::size_t& count) {
  BIO_clear_retry_flags(bio);
  const Count got = socket_.receive(into, size);
  received_ = got.io;
  count = got.bytes;
  if (got.io == Io::Again) BIO_set_retry_read(bio);
  return got.io == Io::Ok ? 1 : 0;
}

long TlsTransport::bio_control(int command) const {
  if (command == BIO_CTRL_FLUSH) return 1;
  if (command == BIO_CTRL_EOF) return received_ == Io::Closed ? 1 : 0;
  return 0;
}

Transport::Count TlsTransport::read(char* into, std::size_t size) {
  if (failed_) return {Io::Failed, 0};
  std::size_t bytes = 0;
  const Io io = decrypt(into, size, bytes);
  if (io == Io::Ok) return {Io::Ok, bytes};
  const bool may_wait = io == Io::Again && handshake_done_ && unasked_bytes_ <= kUnaskedWait;
  if (unasked_ && !may_wait && flush() == Io::Failed) return {Io::Failed, 0};
  if (unasked_bytes_ > kUnaskedMax) return {fail("TLS: the client does not read what it asks for"), 0};
  return {io, 0};
}

Transport::Io TlsTransport::decrypt(char* into, std::size_t size, std::size_t& bytes) {
  forget_errors();
  if (!handshake_done_) {
    const int result = SSL_do_handshake(ssl_.get());
    if (result != 1) return why(result);
    handshake_done_ = true;
  }
  const int result = SSL_read_ex(ssl_.get(), into, size, &bytes);
  return result == 1 ? Io::Ok : why(result);
}

Transport::Io TlsTransport::why(int result) {
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ: return Io::Again;
    case SSL_ERROR_ZERO_RETURN: break;
    case SSL_ERROR_SYSCALL:
      if (received_ == Io::Failed) return fail(socket_.error_text());
      break;
    default: return fail("TLS: " + take_openssl_error());
  }
  // An end. In a handshake only before its first byte: whoever looks whether the port is open does that.
  if (handshake_done_ || socket_.bytes_in() == 0) return Io::Closed;
  return fail("TLS: the client ended the connection in the handshake");
}

Transport::Io TlsTransport::fail(std::string text) {
  if (!failed_) error_text_ = std::move(text);
  failed_ = true;
  return Io::Failed;
}

Transport::Io TlsTransport::write(std::string_view bytes) {
  if (failed_) return Io::Failed;
  CHECK(handshake_done_);
  if (bytes.empty()) return Io::Ok;
  forget_errors();
  std::size_t written = 0;
  writing_ = true;
  const int result = SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &written);
  writing_ = false;
  unasked_ = false;  // the caller will flush
  if (result == 1) return Io::Ok;
  return fail("TLS: " + take_openssl_error());
}

Transport::Io TlsTransport::flush() {
  // After a failure too: the alert tells the client why.
  const Io io = outgoing_.flush();
  if (io == Io::Failed) return fail(socket_.error_text());
  if (io == Io::Ok) {
    unasked_ = false;
    unasked_bytes_ = 0;
    if (std::exchange(finishing_, false)) socket_.end_sending();
  }
  return failed_ ? Io::Failed : io;
}

void TlsTransport::finish() {
  if (handshake_done_ && !failed_) {
    forget_errors();
    SSL_shutdown(ssl_.get());  // close_notify; the client's own is not waited for
  }
  finishing_ = true;
  flush();
}

std::string_view TlsTransport::alpn() const { return alpn_of(ssl_.get()); }

std::string_view TlsTransport::server_name() const {
  const char* name = SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name);
  return name == nullptr ? std::string_view() : std::string_view(name);
}

}  // namespace

std::unique_ptr<Transport> make_tls_transport(Loop& /*loop*/, int fd, const TlsContext& context,
                                              std::string early) {
  return std::make_unique<TlsTransport>(fd, context, std::move(early));
}

}  // namespace loop
