// SPDX-License-Identifier: Apache-2.0
#include "tests/support/test_certificates.h"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>

#include "edge/base/check.h"

namespace support {
namespace {

using KeyPtr = std::unique_ptr<EVP_PKEY, decltype([](EVP_PKEY* key) { EVP_PKEY_free(key); })>;
using X509Ptr = std::unique_ptr<X509, decltype([](X509* certificate) { X509_free(certificate); })>;
using BioPtr = std::unique_ptr<BIO, decltype([](BIO* bio) { BIO_free_all(bio); })>;

std::string alternative(const std::string& subject) {
  in6_addr ignored{};
  const bool address = inet_pton(AF_INET, subject.c_str(), &ignored) == 1 ||
                       inet_pton(AF_INET6, subject.c_str(), &ignored) == 1;
  return (address ? "IP:" : "DNS:") + subject;
}

void set_serial(X509* certificate) {
  std::uint32_t serial = 0;
  CHECK(RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof(serial)) == 1);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial);
}

void set_subject(X509* certificate, const std::string& common_name) {
  X509_NAME* name = X509_get_subject_name(certificate);
  const auto* text = reinterpret_cast<const unsigned char*>(common_name.c_str());
  CHECK(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, text, -1, -1, 0) == 1);
  CHECK(X509_set_issuer_name(certificate, name) == 1);
}

X509Ptr make_certificate(EVP_PKEY* key, const std::string& common_name, const std::string& alternatives,
                         bool digest) {
  X509Ptr certificate(X509_new());
  X509_set_version(certificate.get(), X509_VERSION_3);
  set_serial(certificate.get());
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 24L * 3600);
  set_subject(certificate.get(), common_name);
  CHECK(X509_set_pubkey(certificate.get(), key) == 1);
  if (!alternatives.empty()) {
    X509_EXTENSION* extension =
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, alternatives.c_str());
    CHECK(extension != nullptr);
    CHECK(X509_add_ext(certificate.get(), extension, -1) == 1);
    X509_EXTENSION_free(extension);
  }
  CHECK(X509_sign(certificate.get(), key, digest ? EVP_sha256() : nullptr) > 0);
  return certificate;
}

}  // namespace

TestCertificates::TestCertificates() {
  std::string pattern = (std::filesystem::temp_directory_path() / "selvage-certificates-XXXXXX").string();
  CHECK(mkdtemp(pattern.data()) != nullptr);
  folder_ = pattern;
}

TestCertificates::~TestCertificates() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

CertificatePaths TestCertificates::make(const std::string& name, const std::vector<std::string>& subjects,
                                        Key kind) {
  CHECK(!subjects.empty());
  std::string alternatives;
  for (const std::string& subject : subjects) {
    if (!alternatives.empty()) alternatives += ',';
    alternatives += alternative(subject);
  }
  return save(name, subjects.front(), alternatives, kind);
}

CertificatePaths TestCertificates::make_without_alternatives(const std::string& name,
                                                             const std::string& common_name) {
  return save(name, common_name, "", Key::P256);
}

CertificatePaths TestCertificates::save(const std::string& name, const std::string& common_name,
                                        const std::string& alternatives, Key kind) {
  const bool ed25519 = kind == Key::Ed25519;
  const KeyPtr key(ed25519 ? EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519") : EVP_EC_gen("P-256"));
  CHECK(key);
  const X509Ptr certificate = make_certificate(key.get(), common_name, alternatives, !ed25519);
  CertificatePaths paths{.certificate = folder_ + "/" + name + ".pem", .key = folder_ + "/" + name + ".key"};
  const BioPtr certificate_file(BIO_new_file(paths.certificate.c_str(), "w"));
  const BioPtr key_file(BIO_new_file(paths.key.c_str(), "w"));
  CHECK(certificate_file && PEM_write_bio_X509(certificate_file.get(), certificate.get()) == 1);
  CHECK(key_file &&
        PEM_write_bio_PrivateKey(key_file.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1);
  return paths;
}

std::string TestCertificates::write(const std::string& name, const std::string& content) {
  std::string path = folder_ + "/" + name;
  std::ofstream(path, std::ios::binary) << content;
  return path;
}

}  // namespace support
