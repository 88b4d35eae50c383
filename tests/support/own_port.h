// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>

namespace support {

/// A TCP port of 127.0.0.1 that no other test gets while this lives, whether somebody listens there or not:
/// it is none of those that the kernel gives to connections and to port 0, and a name in the abstract
/// namespace of Unix sockets tells tests that run side by side that it is taken. For servers that are started
/// again at the same place, and for places where nobody is.
class OwnPort {
 public:
  OwnPort() {
    const auto [first, last] = range();
    std::random_device random;
    std::uniform_int_distribution<unsigned> any(first, last);
    for (int tries = 0; tries < 1000; ++tries) {
      number_ = static_cast<std::uint16_t>(any(random));
      claim_ = claim();
      if (claim_ >= 0 && is_free()) return;
      release();
    }
    throw std::runtime_error("no port of 127.0.0.1 is free");
  }
  ~OwnPort() { release(); }
  OwnPort(OwnPort&& other) noexcept : number_(other.number_), claim_(std::exchange(other.claim_, -1)) {}
  OwnPort& operator=(OwnPort&&) = delete;

  std::uint16_t number() const { return number_; }

 private:
  static constexpr unsigned kLeast = 10'000;

  /// Below the kernel's own, or above them, or among them if there are too few.
  static std::pair<unsigned, unsigned> range() {
    unsigned first = 32'768;
    unsigned last = 60'999;
    std::ifstream("/proc/sys/net/ipv4/ip_local_port_range") >> first >> last;
    if (first > 2 * kLeast) return {kLeast, first - 1};
    if (last + 1000 < 65'536) return {last + 1, 65'535};
    return {kLeast, 65'535};
  }
  int claim() const {
    const std::string name = "selvage-test-port-" + std::to_string(number_);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    name.copy(address.sun_path + 1, name.size());  // after a zero: abstract
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0) return fd;
    ::close(fd);
    return -1;
  }
  bool is_free() const {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(number_);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const bool bound = ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    ::close(fd);
    return bound;
  }
  void release() {
    if (claim_ >= 0) ::close(claim_);
    claim_ = -1;
  }

  std::uint16_t number_ = 0;
  int claim_ = -1;
};

}  // namespace support
