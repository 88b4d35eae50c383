// SPDX-License-Identifier: Apache-2.0
#include "edge/loop/listener.h"

#include <netinet/in.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace loop {
namespace {

constexpr int kBatch = 64;           ///< accepted in one go; then other events get their turn
constexpr int kBatchesAtOnce = 128;  ///< at the end, when there is no other turn: more than a queue holds
constexpr auto kPause = std::chrono::milliseconds(100);

std::unexpected<base::Error> fail_listen(const Address& address, int number) {
  std::string text = "cannot listen on " + address.str();
  if (number == EADDRINUSE) return base::fail(base::Errc::Exists, text + ": another program listens there");
  if (number == EACCES) {
    return base::fail(base::Errc::Denied, text + ": not allowed; ports below 1024 need CAP_NET_BIND_SERVICE");
  }
  if (number == EADDRNOTAVAIL)
    return base::fail(base::Errc::NotFound, text + ": this machine has no such address");
  return base::fail_system(std::move(text), number);
}

/// A bound socket; `share`: with other listeners of this user.
base::Result<int> bind_to(const Address& address, bool share) {
  const int fd = socket(address.v6() ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return fail_listen(address, errno);
  const int on = 1;
  // Old connections in TIME_WAIT must not hinder a restart.
  bool good = setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0;
  if (share) good = good && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) == 0;
  // [::] beside 0.0.0.0 on one port: each takes its own family.
  if (address.v6()) good = good && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) == 0;
  good = good && bind(fd, address.native(), address.native_size()) == 0;
  if (!good) {
    const int number = errno;
    close(fd);
    return fail_listen(address, number);
  }
  return fd;
}

Address local_address(int fd) {
  sockaddr_storage native{};
  socklen_t size = sizeof(native);
  getsockname(fd, reinterpret_cast<sockaddr*>(&native), &size);
  return Address::from(native);
}

}  // namespace

base::Status Listener::probe(const std::string& address) {
  const base::Result<Address> wanted = Address::parse(address);
  if (!wanted) return std::unexpected(wanted.error());
  const base::Result<int> fd = bind_to(*wanted, false);
  if (!fd) return std::unexpected(fd.error());
  close(*fd);
  return {};
}

base::Result<std::unique_ptr<Listener>> Listener::open(Loop& loop, const std::string& address, int backlog,
                                                       std::move_only_function<void(Accepted)> on_accept) {
  const base::Result<Address> wanted = Address::parse(address);
  if (!wanted) return std::unexpected(wanted.error());
  const base::Result<int> fd = bind_to(*wanted, true);
  if (!fd) return std::unexpected(fd.error());
  if (listen(*fd, backlog) != 0) {
    const int number = errno;
    close(*fd);
    return fail_listen(*wanted, number);
  }
  auto listener =
      std::unique_ptr<Listener>(new Listener(loop, *fd, local_address(*fd), std::move(on_accept)));
  if (!listener->poll_.good()) return base::fail(base::Errc::System, "cannot watch " + wanted->str());
  return listener;
}

Listener::Listener(Loop& loop, int fd, Address local, std::move_only_function<void(Accepted)> on_accept)
    : fd_(fd), local_(local), on_accept_(std::move(on_accept)), resume_(loop), poll_(loop, fd, [this](int) {
        accept_some();
      }) {
  poll_.watch(Poll::Readable);
}

Listener::~Listener() {
  poll_.stop();  // before the descriptor goes
  close(fd_);
}

void Listener::accept_waiting() {
  for (int i = 0; i < kBatchesAtOnce && accept_some(); ++i) {
  }
}

bool Listener::accept_some() {
  for (int i = 0; i < kBatch; ++i) {
    sockaddr_storage peer{};
    socklen_t size = sizeof(peer);
    const int fd = accept4(fd_, reinterpret_cast<sockaddr*>(&peer), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      accepted(fd, peer);
      continue;
    }
    switch (errno) {
      case EAGAIN: return false;
      // The connection failed before it was accepted (accept(2) lists these): there may be more behind it.
      case EINTR:
      case ECONNABORTED:
      case EPROTO:
      case ENETDOWN:
      case ENETUNREACH:
      case EHOSTDOWN:
      case EHOSTUNREACH:
      case ENOPROTOOPT:
      case ENONET:
      case EPERM: continue;
      default: pause(); return false;
    }
  }
  return true;
}

void Listener::accepted(int fd, const sockaddr_storage& peer) {
  const Address client = Address::from(peer);
  // Only a wildcard needs to ask which address of the machine was meant.
  const Address server = local_.any() ? local_address(fd) : local_;
  on_accept_(Accepted{.fd = fd,
                      .client_address = client.host(),
                      .client_port = client.port(),
                      .server_address = server.host(),
                      .server_port = server.port()});
}

void Listener::pause() {
  // The connection stays in the queue and the socket readable: to go on watching would spin.
  ++pauses_;
  poll_.watch(0);
  resume_.start(kPause, [this] { poll_.watch(Poll::Readable); });
}

}  // namespace loop
