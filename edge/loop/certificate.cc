// SPDX-License-Identifier: Apache-2.0
#include "edge/loop/certificate.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <string_view>
#include <utility>

#include "edge/base/text.h"

namespace loop {
namespace {

using StackPtr =
    std::unique_ptr<STACK_OF(X509), decltype([](STACK_OF(X509) * stack) { sk_X509_free(stack); })>;

base::Result<BioPtr> open_file(const char* what, const std::string& path) {
  errno = 0;
  BioPtr file(BIO_new_file(path.c_str(), "r"));
  if (!file) {
    const int number = errno;
    ERR_clear_error();
    return base::fail_system("cannot read " + std::string(what) + " file " + path, number);
  }
  return file;
}

/// Whether reading PEM stopped because there is no further block, not because of a bad one.
bool at_end_of_pem() {
  const unsigned long code = ERR_peek_last_error();
  return ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE;
}

base::Result<std::vector<X509Ptr>> read_chain(const std::string& path) {
  const base::Result<BioPtr> file = open_file("certificate", path);
  if (!file) return std::unexpected(file.error());
  ERR_clear_error();
  std::vector<X509Ptr> chain;
  while (true) {
    X509Ptr next(PEM_read_bio_X509_AUX(file->get(), nullptr, nullptr, nullptr));
    if (!next) break;
    chain.push_back(std::move(next));
  }
  const bool whole = at_end_of_pem();
  const std::string reason = take_openssl_error();
  if (!whole) {
    return base::fail(base::Errc::Invalid, "certificate " + std::to_string(chain.size() + 1) + " in file " +
                                               path + " is damaged: " + reason);
  }
  if (chain.empty()) {
    return base::fail(
        base::Errc::Invalid,
        "file " + path + " holds no certificate; allowed: PEM with -----BEGIN CERTIFICATE-----");
  }
  return chain;
}

/// Instead of asking for a pass phrase on the terminal.
int no_pass_phrase(char* /*into*/, int /*size*/, int /*writing*/, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

base::Result<KeyPtr> read_key(const std::string& path) {
  const base::Result<BioPtr> file = open_file("key", path);
  if (!file) return std::unexpected(file.error());
  bool asked = false;
  KeyPtr key(PEM_read_bio_PrivateKey(file->get(), nullptr, no_pass_phrase, &asked));
  if (key) return key;
  const std::string reason = take_openssl_error();
  if (asked) {
    return base::fail(base::Errc::Invalid,
                      "the key in file " + path + " has a pass phrase; allowed: a key without one");
  }
  return base::fail(base::Errc::Invalid, "file " + path + " holds no private key that can be read (" +
                                             reason + "); allowed: PEM with -----BEGIN PRIVATE KEY-----");
}

std::string_view text_of(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<std::size_t>(ASN1_STRING_length(text))};
}

std::vector<std::string> dns_names(X509* leaf) {
  std::vector<std::string> names;
  auto* alternatives =
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(leaf, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(alternatives); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(alternatives, i);
    if (name->type == GEN_DNS) names.push_back(base::lowered(text_of(name->d.dNSName)));
  }
  GENERAL_NAMES_free(alternatives);
  if (!names.empty()) return names;

  X509_NAME* subject = X509_get_subject_name(leaf);
  const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (at >= 0)
    names.push_back(base::lowered(text_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)))));
  return names;
}

std::string utc_text(const ASN1_TIME* time) {
  std::tm parts{};
  ASN1_TIME_to_tm(time, &parts);
  std::array<char, 32> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S UTC", &parts);
  return {text.data(), size};
}

StackPtr stack_of(const std::vector<X509Ptr>& chain) {
  StackPtr stack(sk_X509_new_null());
  for (const X509Ptr& link : chain) sk_X509_push(stack.get(), link.get());
  return stack;
}

}  // namespace

void OpensslFree::operator()(X509* certificate) const { X509_free(certificate); }
void OpensslFree::operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
void OpensslFree::operator()(BIO* bio) const { BIO_free_all(bio); }
void OpensslFree::operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
void OpensslFree::operator()(SSL* ssl) const { SSL_free(ssl); }

base::Result<Certificate> Certificate::load(const CertificateFiles& files) {
  base::Result<std::vector<X509Ptr>> chain = read_chain(files.certificate);
  if (!chain) return std::unexpected(std::move(chain).error());
  base::Result<KeyPtr> key = read_key(files.key);
  if (!key) return std::unexpected(std::move(key).error());
  Certificate certificate;
  certificate.leaf_ = std::move(chain->front());
  chain->erase(chain->begin());
  certificate.chain_ = std::move(*chain);
  certificate.key_ = std::move(*key);
  if (X509_check_private_key(certificate.leaf_.get(), certificate.key_.get()) != 1) {
    ERR_clear_error();
    return base::fail(base::Errc::Invalid, "the key in file " + files.key +
                                               " does not belong to the first certificate in file " +
                                               files.certificate);
  }
  certificate.names_ = dns_names(certificate.leaf_.get());
  return certificate;
}

base::Status Certificate::check_certificate_file(const std::string& path) {
  const auto chain = read_chain(path);
  if (!chain) return std::unexpected(chain.error());
  return {};
}

base::Status Certificate::check_key_file(const std::string& path) {
  const auto key = read_key(path);
  if (!key) return std::unexpected(key.error());
  return {};
}

std::string Certificate::out_of_time(std::time_t now) const {
  const ASN1_TIME* const begin = X509_get0_notBefore(leaf_.get());
  const ASN1_TIME* const end = X509_get0_notAfter(leaf_.get());
  if (X509_cmp_time(end, &now) < 0) return "expired on " + utc_text(end);
  if (X509_cmp_time(begin, &now) > 0) return "is not valid before " + utc_text(begin);
  return {};
}

bool Certificate::use(SSL* ssl) const {
  return SSL_use_cert_and_key(ssl, leaf_.get(), key_.get(), stack_of(chain_).get(), 1) == 1;
}

bool Certificate::use(SSL_CTX* context) const {
  return SSL_CTX_use_cert_and_key(context, leaf_.get(), key_.get(), stack_of(chain_).get(), 1) == 1;
}

std::string take_openssl_error() {
  const unsigned long code = ERR_peek_error();
  const char* reason = ERR_reason_error_string(code);
  std::string text = reason != nullptr ? reason : "error " + std::to_string(code);
  ERR_clear_error();
  return text;
}

}  // namespace loop
