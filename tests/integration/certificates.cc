// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/certificates.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>

#include "edge/base/check.h"
#include "edge/base/file.h"
#include "tests/integration/process.h"

namespace harness {
namespace {

void openssl(std::vector<std::string> arguments, const std::string& folder) {
  arguments.insert(arguments.begin(), "openssl");
  Process process(std::move(arguments), folder + "/openssl.log");
  CHECK(process.wait() == 0);
}

std::unique_ptr<BIO, decltype(&BIO_free_all)> open_bio(const std::string& path, const char* mode) {
  std::unique_ptr<BIO, decltype(&BIO_free_all)> file(BIO_new_file(path.c_str(), mode), &BIO_free_all);
  CHECK(file);
  return file;
}

bool is_address(const std::string& host) {
  return host.find_first_not_of("0123456789.") == std::string::npos;
}

}  // namespace

Certificates::Certificates(std::string folder) : folder_(std::move(folder)) {
  ca_ = {folder_ + "/ca.pem", folder_ + "/ca.key"};
  openssl({"req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
           "-subj", "/CN=Selvage test CA", "-keyout", ca_.key, "-out", ca_.certificate},
          folder_);
}

Certificates::Files Certificates::issue(const std::string& name, const std::vector<std::string>& hosts) {
  const Files files{folder_ + "/" + name + ".pem", folder_ + "/" + name + ".key"};
  const std::string request = folder_ + "/" + name + ".csr";
  const std::string extensions = folder_ + "/" + name + ".ext";
  std::string names = "subjectAltName=";
  for (const std::string& host : hosts) names += (is_address(host) ? "IP:" : "DNS:") + host + ",";
  names.back() = '\n';
  CHECK(base::replace_file(extensions, names));
  openssl({"req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
           "/CN=" + name, "-keyout", files.key, "-out", request},
          folder_);
  openssl({"x509", "-req", "-in", request, "-CA", ca_.certificate, "-CAkey", ca_.key, "-CAcreateserial",
           "-days", "30", "-extfile", extensions, "-out", files.certificate},
          folder_);
  return files;
}

void Certificates::copy_expired(const Files& files, const std::string& copy) {
  const auto certificate_file = open_bio(files.certificate, "r");
  const auto key_file = open_bio(files.key, "r");
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(
      PEM_read_bio_X509(certificate_file.get(), nullptr, nullptr, nullptr), &X509_free);
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
      PEM_read_bio_PrivateKey(key_file.get(), nullptr, nullptr, nullptr), &EVP_PKEY_free);
  CHECK(certificate && key);
  CHECK(ASN1_TIME_set(X509_getm_notBefore(certificate.get()), 900'000'000) != nullptr);
  CHECK(ASN1_TIME_set(X509_getm_notAfter(certificate.get()), 1'000'000'000) != nullptr);
  CHECK(X509_sign(certificate.get(), key.get(), EVP_sha256()) > 0);
  CHECK(PEM_write_bio_X509(open_bio(copy, "w").get(), certificate.get()) == 1);
}

}  // namespace harness
