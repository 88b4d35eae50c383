// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "edge/base/error.h"

namespace loop {

/// A numeric IPv4 or IPv6 address with a port, in the form the socket calls take. A value; any thread.
class Address {
 public:
  /// "192.0.2.1:443" or "[2001:db8::1]:443". No names: what is listened on must not depend on a resolver.
  static base::Result<Address> parse(std::string_view text);
  /// What accept() and getsockname() gave. IPv4 inside IPv6 (::ffff:192.0.2.1) becomes IPv4.
  static Address from(const sockaddr_storage& native);

  std::string host() const;  ///< without brackets
  std::uint16_t port() const;
  std::string str() const;  ///< what parse() takes
  bool v6() const { return native_.ss_family == AF_INET6; }
  /// 0.0.0.0 or [::].
  bool any() const;

  const sockaddr* native() const { return reinterpret_cast<const sockaddr*>(&native_); }
  socklen_t native_size() const;

 private:
  sockaddr_storage native_{};
};

}  // namespace loop
