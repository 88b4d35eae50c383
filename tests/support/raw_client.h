// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>

namespace support {

/// A blocking TCP client on loopback that says just what a test wants. Reads give up after a minute.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port, int receive_buffer = 0) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    const timeval limit{.tv_sec = 60, .tv_usec = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    if (receive_buffer > 0) ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      throw std::runtime_error(std::string("connect: ") + std::strerror(errno));
    }
  }
  ~RawClient() { close(); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  /// False when the server takes no more.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }
  int fd() const { return fd_; }
  void end_sending() { ::shutdown(fd_, SHUT_WR); }
  /// Ends with RST.
  void reset() {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close();
  }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

  /// At least one byte, or empty at the end, reset or time limit (see at_end()).
  std::string read_some() {
    std::string buffer(64 * 1024, '\0');
    const ssize_t n = ::recv(fd_, buffer.data(), buffer.size(), 0);
    ended_ = n == 0 || (n < 0 && errno != EAGAIN);
    reset_ = n < 0 && errno == ECONNRESET;
    buffer.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    return buffer;
  }
  bool at_end() const { return ended_; }
  /// The end was none in good order.
  bool was_reset() const { return reset_; }
  /// Everything until the server closes; sets at_end() if it did.
  std::string read_all() {
    std::string out = std::exchange(rest_, {});
    for (;;) {
      const std::string some = read_some();
      if (some.empty()) return out;
      out += some;
    }
  }
  /// `size` bytes, or fewer at the end.
  std::string read_bytes(std::size_t size) {
    while (rest_.size() < size) {
      const std::string some = read_some();
      if (some.empty()) break;
      rest_ += some;
    }
    std::string out = rest_.substr(0, size);
    rest_.erase(0, out.size());
    return out;
  }
  /// Up to and including `mark`; what there is if it never comes.
  std::string read_until(std::string_view mark) {
    std::size_t at = 0;
    while ((at = rest_.find(mark)) == std::string::npos) {
      const std::string some = read_some();
      if (some.empty()) return std::exchange(rest_, {});
      rest_ += some;
    }
    return read_bytes(at + mark.size());
  }

 private:
  int fd_;
  bool ended_ = false;
  bool reset_ = false;
  std::string rest_{};
};

}  // namespace support
