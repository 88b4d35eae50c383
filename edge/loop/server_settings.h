// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "edge/base/settings.h"
#include "edge/loop/tls_context.h"

/// What the daemons' settings have in common where sockets and certificates are concerned. Whatever is wrong
/// becomes a fault of the table. These calls read files and may block.
namespace loop {

/// The addresses that one program is to listen on: each well-formed and given once, and free if asked for.
/// Without that, SO_REUSEPORT would let two listeners share one address and neither notice.
class ListenAddresses {
 public:
  /// `in_use`: an address that is taken is a fault too. Not for a program that is running already.
  explicit ListenAddresses(bool in_use) : in_use_(in_use) {}
  /// `address` is the value of `table`'s key "address", `name` what to call this listener in faults about
  /// others.
  void add(const base::Table& table, const std::string& address, const std::string& name);
  /// `name` is the value of `table`'s key "name", which no other listener may have.
  void add_name(const base::Table& table, const std::string& name);

 private:
  bool in_use_;
  std::map<std::string, std::string> owners_{};  ///< address -> name
  std::set<std::string> names_{};
};

/// Reads the two files' names and tries them: certificate, key and whether they belong together. A
/// certificate that is out of its time is a warning, as it is better than none.
CertificateFiles read_certificate(const base::Table& table, std::string_view certificate_key,
                                  std::string_view key_key);

/// Reads the name of a file with authorities and tries it. Empty, the default: the system's authorities.
std::string read_authorities(const base::Table& table, std::string_view key);

}  // namespace loop
