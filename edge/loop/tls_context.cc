// SPDX-License-Identifier: Apache-2.0
#include "edge/loop/tls_context.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "edge/base/check.h"
#include "edge/base/text.h"
#include "edge/loop/certificate.h"
#include "edge/loop/ticket_keys.h"

namespace loop {
namespace {

// AES-128-GCM first: the cheapest that is strong, and with AES in hardware the fastest.
constexpr const char* kSuites13 =
    "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_256_GCM_SHA384";
constexpr const char* kSuites12 =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384";
constexpr const char* kGroups = "X25519:P-256:P-384";

/// What a handshake asks for. It belongs to the SSL_CTX, which connections keep when the TlsContext is gone.
class Answers {
 public:
  Answers(std::vector<Certificate> certificates, const std::vector<std::string>& alpn);

  /// Gives `context` the certificates for unknown and absent names.
  bool use_default(SSL_CTX* context) const { return use(default_, context); }
  /// RFC 6066 3: certificates for the server name that the client asks for.
  bool choose_certificate(SSL* ssl) const;
  /// RFC 7301: our first protocol that the client has too.
  int choose_protocol(const unsigned char** out, unsigned char* out_size, const unsigned char* in,
                      unsigned in_size) const;

 private:
  using Group = std::vector<std::size_t>;  ///< indexes of certificates for one name: keys of different kinds
  const Group* find(std::string_view name) const;
  // Backwards: of several with the same kind of key the last one set stays, which shall be the first listed.
  template <typename T>
  bool use(const Group& group, T* of) const {
    return std::all_of(group.rbegin(), group.rend(), [&](std::size_t i) { return certificates_[i].use(of); });
  }

  std::vector<Certificate> certificates_;
  std::unordered_map<std::string, Group> by_name_;
  Group default_;                    ///< the first one, and others for the same names
  std::vector<unsigned char> alpn_;  ///< as on the wire: each with its length before it
};

Answers::Answers(std::vector<Certificate> certificates, const std::vector<std::string>& alpn)
    : certificates_(std::move(certificates)) {
  for (std::size_t i = 0; i < certificates_.size(); ++i) {
    for (const std::string& name : certificates_[i].names()) by_name_[name].push_back(i);
    if (certificates_[i].names() == certificates_.front().names()) default_.push_back(i);
  }
  for (const std::string& protocol : alpn) {
    alpn_.push_back(static_cast<unsigned char>(protocol.size()));
    alpn_.insert(alpn_.end(), protocol.begin(), protocol.end());
  }
}

const Answers::Group* Answers::find(std::string_view name) const {
  if (name.ends_with('.')) name.remove_suffix(1);
  std::string wanted = base::lowered(name);
  if (const auto exact = by_name_.find(wanted); exact != by_name_.end()) return &exact->second;
  const std::size_t dot = wanted.find('.');
  if (dot == std::string::npos || dot == 0) return nullptr;
  const auto wildcard = by_name_.find("*" + wanted.substr(dot));  // one label, no more (RFC 6125 6.4.3)
  return wildcard == by_name_.end() ? nullptr : &wildcard->second;
}

bool Answers::choose_certificate(SSL* ssl) const {
  const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  const Group* group = name == nullptr ? nullptr : find(name);
  if (group == nullptr || *group == default_) return true;  // the SSL_CTX has it
  SSL_certs_clear(ssl);
  return use(*group, ssl);
}

int Answers::choose_protocol(const unsigned char** out, unsigned char* out_size, const unsigned char* in,
                             unsigned in_size) const {
  if (alpn_.empty()) return SSL_TLSEXT_ERR_NOACK;
  // OpenSSL's search prefers the order of its first list. On no overlap the handshake fails (RFC 7301 3.2): a
  // client that speaks another protocol must not be answered in HTTP.
  const int found = SSL_select_next_proto(const_cast<unsigned char**>(out), out_size, alpn_.data(),
                                          static_cast<unsigned>(alpn_.size()), in, in_size);
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

int answers_index() {
  static const int index = SSL_CTX_get_ex_new_index(
      0, nullptr, nullptr, nullptr, [](void* /*context*/, void* answers, CRYPTO_EX_DATA*, int, long, void*) {
        delete static_cast<Answers*>(answers);
      });
  return index;
}

base::Result<SslContextPtr> make_context(const TlsOptions& options) {
  SslContextPtr context(SSL_CTX_new(TLS_server_method()));
  CHECK(context);
  SSL_CTX_set_min_proto_version(context.get(), options.tls12 ? TLS1_2_VERSION : TLS1_3_VERSION);
  // A cut connection shows in HTTP's own framing, so an end without close_notify is an end.
  SSL_CTX_set_options(context.get(), SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                         SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                         SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(context.get(), 1);  // a record's head and body in one recv()
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);  // tickets keep sessions at the client
  SSL_CTX_set_num_tickets(context.get(), 1);  // whoever speaks HTTP/2 opens one connection at a time
  CHECK(SSL_CTX_set_ciphersuites(context.get(), kSuites13) == 1);
  CHECK(SSL_CTX_set_cipher_list(context.get(), kSuites12) == 1);
  CHECK(SSL_CTX_set1_groups_list(context.get(), kGroups) == 1);
  TicketKeys::install(context.get());
  for (const std::string& protocol : options.alpn) {
    if (protocol.empty() || protocol.size() > 255) {
      return base::fail(base::Errc::Invalid,
                        "ALPN protocol \"" + protocol + "\": allowed: 1 to 255 characters");
    }
  }
  return context;
}

void set_answers(SSL_CTX* context, std::unique_ptr<Answers> answers) {
  Answers* kept = answers.release();
  CHECK(SSL_CTX_set_ex_data(context, answers_index(), kept) == 1);
  SSL_CTX_set_cert_cb(
      context,
      [](SSL* ssl, void* argument) {
        return static_cast<const Answers*>(argument)->choose_certificate(ssl) ? 1 : 0;
      },
      kept);
  // Any name is taken, or else OpenSSL would not keep it in sessions.
  SSL_CTX_set_tlsext_servername_callback(context, +[](SSL*, int*, void*) { return SSL_TLSEXT_ERR_OK; });
  SSL_CTX_set_alpn_select_cb(
      context,
      [](SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in, unsigned in_size,
         void* argument) {
        return static_cast<const Answers*>(argument)->choose_protocol(out, out_size, in, in_size);
      },
      kept);
}

}  // namespace

struct TlsContext::Impl {
  SslContextPtr context;
};

TlsContext::TlsContext(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TlsContext::~TlsContext() = default;

base::Result<std::shared_ptr<TlsContext>> TlsContext::make(const TlsOptions& options) {
  if (options.certificates.empty()) {
    return base::fail(base::Errc::Invalid, "TLS without a certificate; allowed: one or more");
  }
  base::Result<SslContextPtr> context = make_context(options);
  if (!context) return std::unexpected(std::move(context).error());
  std::vector<Certificate> certificates;
  // What OpenSSL refuses (a short key) shall show here and not in a handshake.
  const SslContextPtr trial(SSL_CTX_new(TLS_server_method()));
  for (const CertificateFiles& files : options.certificates) {
    base::Result<Certificate> certificate = Certificate::load(files);
    if (!certificate) return std::unexpected(std::move(certificate).error());
    ERR_clear_error();
    if (!certificate->use(trial.get())) {
      return base::fail(base::Errc::Invalid, "the certificate in file " + files.certificate +
                                                 " cannot be used: " + take_openssl_error());
    }
    certificates.push_back(std::move(*certificate));
  }
  auto answers = std::make_unique<Answers>(std::move(certificates), options.alpn);
  CHECK(answers->use_default(context->get()));
  set_answers(context->get(), std::move(answers));
  return std::shared_ptr<TlsContext>(new TlsContext(std::make_unique<Impl>(Impl{std::move(*context)})));
}

ssl_ctx_st* TlsContext::native() const { return impl_->context.get(); }

}  // namespace loop
