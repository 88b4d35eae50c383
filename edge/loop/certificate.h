// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/types.h>

#include <ctime>
#include <memory>
#include <string>
#include <vector>

#include "edge/base/error.h"
#include "edge/loop/tls_context.h"

namespace loop {

/// Ends OpenSSL's objects.
struct OpensslFree {
  void operator()(X509* certificate) const;
  void operator()(EVP_PKEY* key) const;
  void operator()(BIO* bio) const;
  void operator()(SSL_CTX* context) const;
  void operator()(SSL* ssl) const;
};
using X509Ptr = std::unique_ptr<X509, OpensslFree>;
using KeyPtr = std::unique_ptr<EVP_PKEY, OpensslFree>;
using BioPtr = std::unique_ptr<BIO, OpensslFree>;
using SslContextPtr = std::unique_ptr<SSL_CTX, OpensslFree>;
using SslPtr = std::unique_ptr<SSL, OpensslFree>;

/// A certificate with its chain and key, read and checked against each other. Immutable; any thread.
class Certificate {
 public:
  /// Errors name the file and what is wrong with it.
  static base::Result<Certificate> load(const CertificateFiles& files);
  /// What load() would say of one of the two files alone.
  static base::Status check_certificate_file(const std::string& path);
  static base::Status check_key_file(const std::string& path);

  /// The DNS names that it is for, in lower case, `*.` ones among them: subjectAltName, or the common name if
  /// there is none (RFC 6125 6.4.4).
  const std::vector<std::string>& names() const { return names_; }
  /// Why clients will not take it at `now`: "expired on 2024-05-06 07:08:09 UTC"; empty if they will.
  std::string out_of_time(std::time_t now) const;
  /// Adds it to what `ssl` may answer with, beside certificates with keys of other kinds.
  bool use(SSL* ssl) const;
  bool use(SSL_CTX* context) const;

 private:
  Certificate() = default;

  X509Ptr leaf_;
  std::vector<X509Ptr> chain_;  ///< without the leaf
  KeyPtr key_;
  std::vector<std::string> names_;
};

/// The first error that OpenSSL has noted on this thread, in words; forgets them all.
std::string take_openssl_error();

}  // namespace loop
