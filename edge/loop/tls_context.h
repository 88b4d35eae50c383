// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "edge/base/error.h"

struct ssl_ctx_st;

namespace loop {

/// A certificate chain and its key, PEM files.
struct CertificateFiles {
  std::string certificate{};
  std::string key{};
};

struct TlsOptions {
  std::vector<CertificateFiles> certificates{};  ///< the first also answers unknown and absent server names
  bool tls12 = true;                             ///< beside 1.3
  std::vector<std::string> alpn{"h2", "http/1.1", "http/1.0"};
};

/// A server's TLS settings: certificates chosen by SNI (exact, then `*.`), TLS 1.3 and 1.2, ALPN, session tickets under keys of this
/// process that all loops share. Immutable once made; any thread. A reload makes a new one and old connections keep theirs.
class TlsContext {
 public:
  /// Errors name the file and what is wrong with it (unreadable, no certificate, key does not match).
  static base::Result<std::shared_ptr<TlsContext>> make(const TlsOptions& options);
  ~TlsContext();
  ssl_ctx_st* native() const;

 private:
  struct Impl;
  explicit TlsContext(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace loop
