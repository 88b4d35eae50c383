// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "edge/loop/certificate.h"

namespace loop {

struct SessionFree {
  void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
};
using SessionPtr = std::unique_ptr<SSL_SESSION, SessionFree>;

/// An OpenSSL client on a non-blocking socket that it does not own.
class TlsClient {
 public:
  struct Options {
    std::string server_name{};
    std::vector<std::string> alpn{};
    int version = TLS1_3_VERSION;
    std::string signatures{};  ///< empty: all
    SSL_SESSION* resume = nullptr;
  };

  TlsClient(int fd, const Options& options) : context_(SSL_CTX_new(TLS_client_method())) {
    SSL_CTX_set_max_proto_version(context_.get(), options.version);
    SSL_CTX_set_session_cache_mode(context_.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context_.get(), [](SSL* ssl, SSL_SESSION* session) {
      static_cast<TlsClient*>(SSL_get_app_data(ssl))->session_.reset(session);
      return 1;
    });
    if (!options.signatures.empty()) SSL_CTX_set1_sigalgs_list(context_.get(), options.signatures.c_str());
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_app_data(ssl_.get(), this);
    SSL_set_fd(ssl_.get(), fd);
    if (!options.server_name.empty()) SSL_set_tlsext_host_name(ssl_.get(), options.server_name.c_str());
    std::string protocols;
    for (const std::string& protocol : options.alpn)
      protocols += static_cast<char>(protocol.size()) + protocol;
    SSL_set_alpn_protos(ssl_.get(), reinterpret_cast<const unsigned char*>(protocols.data()),
                        static_cast<unsigned>(protocols.size()));
    if (options.resume != nullptr) SSL_set_session(ssl_.get(), options.resume);
  }

  /// Without a shutdown OpenSSL takes the connection for broken and spoils its session.
  ~TlsClient() { SSL_set_shutdown(ssl_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN); }
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  /// One step of the handshake; whether it is done.
  bool connect() { return SSL_connect(ssl_.get()) == 1; }
  bool write(std::string_view bytes) {
    return SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())) ==
           static_cast<int>(bytes.size());
  }
  /// What has arrived by now.
  std::string read() {
    std::string all;
    std::array<char, 16384> buffer{};
    while (true) {
      last_ = SSL_read(ssl_.get(), buffer.data(), static_cast<int>(buffer.size()));
      if (last_ <= 0) return all;
      all.append(buffer.data(), static_cast<std::size_t>(last_));
    }
  }
  /// Whether the server has said close_notify.
  bool ended() const { return SSL_get_error(ssl_.get(), last_) == SSL_ERROR_ZERO_RETURN; }

  /// The common name of the server's certificate.
  std::string certificate_name() const {
    const X509Ptr certificate(SSL_get1_peer_certificate(ssl_.get()));
    std::array<char, 256> name{};
    if (certificate) {
      X509_NAME_get_text_by_NID(X509_get_subject_name(certificate.get()), NID_commonName, name.data(),
                                name.size());
    }
    return name.data();
  }
  std::string alpn() const {
    const unsigned char* protocol = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl_.get(), &protocol, &size);
    return {reinterpret_cast<const char*>(protocol), size};
  }
  std::string cipher() const { return SSL_get_cipher_name(ssl_.get()); }
  SSL_SESSION* session() const { return session_.get(); }
  SSL* native() { return ssl_.get(); }

 private:
  SslContextPtr context_;
  SessionPtr session_;
  SslPtr ssl_;
  int last_ = 1;
};

}  // namespace loop
