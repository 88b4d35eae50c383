// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace support {

/// What a server's script has seen, for the test's thread.
class KeptText {
 public:
  void keep(std::string text) {
    const std::lock_guard lock(mutex_);
    text_ = std::move(text);
  }
  std::string get() const {
    const std::lock_guard lock(mutex_);
    return text_;
  }

 private:
  mutable std::mutex mutex_;
  std::string text_;
};

/// One connection of a RawServer, for its script: blocking, on the script's own thread. Every wait is
/// bounded.
class RawPeer {
 public:
  explicit RawPeer(int fd) : fd_(fd) {}

  /// A request's head, up to and with its empty line; shorter if the client ends the connection.
  std::string read_head() {
    while (early_.find("\r\n\r\n") == std::string::npos && fill()) {
    }
    const std::size_t end = early_.find("\r\n\r\n");
    return take(end == std::string::npos ? early_.size() : end + 4);
  }
  /// Exactly `size` bytes, or fewer at the connection's end.
  std::string read_bytes(std::size_t size) {
    while (early_.size() < size && fill()) {
    }
    return take(std::min(size, early_.size()));
  }
  /// Everything up to `mark`, with it.
  std::string read_until(std::string_view mark) {
    while (early_.find(mark) == std::string::npos && fill()) {
    }
    const std::size_t at = early_.find(mark);
    return take(at == std::string::npos ? early_.size() : at + mark.size());
  }
  /// Waits until the client ends the connection; false if it does not.
  bool wait_for_end() {
    while (fill()) early_.clear();
    return ended_;
  }
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      sent_ += static_cast<std::size_t>(n);
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }
  std::size_t sent() const { return sent_; }
  /// The connection will end with RST when the script returns.
  void reset() {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  }

 private:
  static constexpr int kPatienceMs = 20'000;

  bool fill() {
    pollfd ready{fd_, POLLIN, 0};
    if (::poll(&ready, 1, kPatienceMs) <= 0) return false;
    char room[16384];
    const ssize_t n = ::recv(fd_, room, sizeof room, 0);
    if (n <= 0) {
      ended_ = true;
      return false;
    }
    early_.append(room, static_cast<std::size_t>(n));
    return true;
  }
  std::string take(std::size_t size) {
    std::string out = early_.substr(0, size);
    early_.erase(0, size);
    return out;
  }

  int fd_;
  bool ended_ = false;
  std::size_t sent_ = 0;
  std::string early_;
};

/// A server on a loopback port that does with each connection exactly what the test's script says, on a
/// thread for each.
class RawServer {
 public:
  /// `script(peer, index)`: the index counts connections from 0. The connection is closed when it returns.
  using Script = std::function<void(RawPeer& peer, int index)>;

  explicit RawServer(Script script)
      : script_(std::move(script)), listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* raw = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener_, raw, size) != 0 || ::listen(listener_, 128) != 0 ||
        ::getsockname(listener_, raw, &size) != 0) {
      throw std::runtime_error("cannot listen on a loopback port");
    }
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }
  ~RawServer() {
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    ::close(listener_);
    {
      const std::lock_guard lock(mutex_);
      for (const int fd : open_) ::shutdown(fd, SHUT_RDWR);
    }
    for (std::thread& thread : threads_) thread.join();
  }
  RawServer(const RawServer&) = delete;
  RawServer& operator=(const RawServer&) = delete;

  std::uint16_t port() const { return port_; }
  std::string url(const std::string& target) const {
    return "http://127.0.0.1:" + std::to_string(port_) + target;
  }
  int connections() const { return accepted_; }

 private:
  void accept_all() {
    for (;;) {
      const int fd = ::accept(listener_, nullptr, nullptr);
      if (fd < 0) return;
      const int index = accepted_++;
      const std::lock_guard lock(mutex_);
      open_.push_back(fd);
      threads_.emplace_back([this, fd, index] {
        RawPeer peer(fd);
        script_(peer, index);
        const std::lock_guard again(mutex_);
        std::erase(open_, fd);
        ::close(fd);
      });
    }
  }

  Script script_;
  int listener_;
  std::uint16_t port_ = 0;
  std::atomic<int> accepted_{0};
  std::mutex mutex_;
  std::vector<int> open_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

}  // namespace support
