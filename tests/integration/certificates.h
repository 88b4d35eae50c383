// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace harness {

/// A certificate authority of a test's own, in a folder, made with the openssl program.
class Certificates {
 public:
  struct Files {
    std::string certificate{};
    std::string key{};
  };
  explicit Certificates(std::string folder);
  const std::string& ca_file() const { return ca_.certificate; }
  /// A certificate for `hosts` (names, also `*.`, or numeric IPv4 addresses); files NAME.pem and NAME.key.
  Files issue(const std::string& name, const std::vector<std::string>& hosts);
  /// The same certificate for the same key, but over since 2001-09-09 01:46:40 UTC.
  static void copy_expired(const Files& files, const std::string& copy);

 private:
  std::string folder_;
  Files ca_;
};

}  // namespace harness
