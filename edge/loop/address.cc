// SPDX-License-Identifier: Apache-2.0
#include "edge/loop/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <array>
#include <cstring>
#include <optional>

#include "edge/base/text.h"

namespace loop {
namespace {

const sockaddr_in& as_v4(const sockaddr_storage& native) {
  return reinterpret_cast<const sockaddr_in&>(native);
}
const sockaddr_in6& as_v6(const sockaddr_storage& native) {
  return reinterpret_cast<const sockaddr_in6&>(native);
}

std::unexpected<base::Error> bad_address(std::string_view text, std::string_view reason) {
  return base::fail(base::Errc::Invalid, "address \"" + std::string(text) + "\": " + std::string(reason) +
                                             "; allowed: \"192.0.2.1:443\" or \"[2001:db8::1]:443\"");
}

}  // namespace

base::Result<Address> Address::parse(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return bad_address(text, "no port");
  const std::optional<std::uint64_t> port = base::decimal(text.substr(colon + 1));
  if (!port || *port > 65'535) return bad_address(text, "the port is not a number from 0 to 65535");

  Address address;
  std::string host(text.substr(0, colon));
  if (host.starts_with('[')) {
    if (!host.ends_with(']')) return bad_address(text, "'[' without ']' before the port");
    host = host.substr(1, host.size() - 2);
    auto& native = reinterpret_cast<sockaddr_in6&>(address.native_);
    if (inet_pton(AF_INET6, host.c_str(), &native.sin6_addr) != 1)
      return bad_address(text, "no IPv6 address in brackets");
    native.sin6_family = AF_INET6;
    native.sin6_port = htons(static_cast<std::uint16_t>(*port));
    return address;
  }
  auto& native = reinterpret_cast<sockaddr_in&>(address.native_);
  if (inet_pton(AF_INET, host.c_str(), &native.sin_addr) != 1) {
    return bad_address(text, host.find(':') != std::string::npos ? "IPv6 needs brackets"
                                                                 : "no IPv4 address before the port");
  }
  native.sin_family = AF_INET;
  native.sin_port = htons(static_cast<std::uint16_t>(*port));
  return address;
}

Address Address::from(const sockaddr_storage& native) {
  Address address;
  if (native.ss_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&as_v6(native).sin6_addr)) {
    auto& v4 = reinterpret_cast<sockaddr_in&>(address.native_);
    v4.sin_family = AF_INET;
    v4.sin_port = as_v6(native).sin6_port;
    std::memcpy(&v4.sin_addr, as_v6(native).sin6_addr.s6_addr + 12, 4);
    return address;
  }
  address.native_ = native;
  return address;
}

std::string Address::host() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const void* bytes = v6() ? static_cast<const void*>(&as_v6(native_).sin6_addr) : &as_v4(native_).sin_addr;
  inet_ntop(v6() ? AF_INET6 : AF_INET, bytes, text.data(), text.size());
  return text.data();
}

std::uint16_t Address::port() const {
  return ntohs(v6() ? as_v6(native_).sin6_port : as_v4(native_).sin_port);
}

std::string Address::str() const {
  return (v6() ? "[" + host() + "]" : host()) + ":" + std::to_string(port());
}

bool Address::any() const {
  return v6() ? IN6_IS_ADDR_UNSPECIFIED(&as_v6(native_).sin6_addr)
              : as_v4(native_).sin_addr.s_addr == INADDR_ANY;
}

socklen_t Address::native_size() const { return v6() ? sizeof(sockaddr_in6) : sizeof(sockaddr_in); }

}  // namespace loop
