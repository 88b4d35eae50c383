// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace support {

/// A certificate and its key, PEM files.
struct CertificatePaths {
  std::string certificate{};
  std::string key{};
};

/// Self-signed certificates in a temporary folder that goes away with this. A client may trust one by taking
/// its file as its CA file.
class TestCertificates {
 public:
  enum class Key { P256, Ed25519 };

  TestCertificates();
  ~TestCertificates();
  TestCertificates(const TestCertificates&) = delete;
  TestCertificates& operator=(const TestCertificates&) = delete;

  /// Files NAME.pem and NAME.key. `subjects` become subjectAltNames: DNS names, and IP addresses where they
  /// are such.
  CertificatePaths make(const std::string& name, const std::vector<std::string>& subjects,
                        Key kind = Key::P256);
  /// With a common name only, as old ones are.
  CertificatePaths make_without_alternatives(const std::string& name, const std::string& common_name);
  /// Any file; its path.
  std::string write(const std::string& name, const std::string& content);
  const std::string& folder() const { return folder_; }

 private:
  CertificatePaths save(const std::string& name, const std::string& common_name,
                        const std::string& alternatives, Key kind);

  std::string folder_;
};

}  // namespace support
