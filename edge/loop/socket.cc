// SPDX-License-Identifier: Apache-2.0
#include "edge/loop/socket.h"

#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "edge/base/error.h"

namespace loop {

Socket::Socket(int fd, std::string early) : fd_(fd), early_(std::move(early)), bytes_in_(early_.size()) {
  const int on = 1;
  setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));  // fails on sockets that need none (AF_UNIX)
}

Socket::~Socket() { close(fd_); }

Transport::Count Socket::receive(char* into, std::size_t size) {
  if (!early_.empty()) {
    const std::size_t count = std::min(size, early_.size());
    std::memcpy(into, early_.data(), count);
    early_.erase(0, count);
    if (early_.empty()) std::string().swap(early_);
    return {Transport::Io::Ok, count};
  }
  if (std::exchange(drained_, false)) return {Transport::Io::Again, 0};
  ssize_t count = 0;
  do {
    count = recv(fd_, into, size, 0);
  } while (count < 0 && errno == EINTR);
  if (count == 0) return {Transport::Io::Closed, 0};
  if (count < 0) {
    if (errno == EAGAIN || errno == EWOULDBLOCK) return {Transport::Io::Again, 0};
    return {fail("recv", errno), 0};
  }
  const auto got = static_cast<std::size_t>(count);
  drained_ = got < size;
  bytes_in_ += got;
  return {Transport::Io::Ok, got};
}

Transport::Count Socket::send(std::string_view bytes) {
  std::size_t sent = 0;
  while (sent < bytes.size()) {
    const ssize_t count = ::send(fd_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (count >= 0) {
      sent += static_cast<std::size_t>(count);
      bytes_out_ += static_cast<std::uint64_t>(count);
      if (sent < bytes.size()) return {Transport::Io::Again, sent};  // full: no need to ask again
      break;
    }
    if (errno == EINTR) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK) return {Transport::Io::Again, sent};
    return {fail("send", errno), sent};
  }
  return {Transport::Io::Ok, sent};
}

std::size_t Socket::room() const {
  std::array<std::uint32_t, SK_MEMINFO_VARS> info{};
  socklen_t size = sizeof info;
  if (getsockopt(fd_, SOL_SOCKET, SO_MEMINFO, info.data(), &size) != 0) return SIZE_MAX;
  const std::uint32_t queued = info[SK_MEMINFO_WMEM_QUEUED];
  const std::uint32_t limit = info[SK_MEMINFO_SNDBUF];
  return queued < limit ? limit - queued : 0;
}

void Socket::end_sending() { shutdown(fd_, SHUT_WR); }

void Socket::reset_at_end() {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
}

Transport::Io Socket::fail(const char* call, int number) {
  error_text_ = base::fail_system(call, number).error().text;
  return Transport::Io::Failed;
}

}  // namespace loop
