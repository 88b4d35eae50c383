// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "edge/loop/loop.h"
#include "edge/loop/outgoing.h"
#include "edge/loop/transport.h"

namespace loop {
namespace {

using Io = Transport::Io;

std::array<int, 2> unix_pair() {
  std::array<int, 2> fds{};
  EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds.data()), 0);
  return fds;
}

std::array<int, 2> tcp_pair() {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* at = reinterpret_cast<sockaddr*>(&address);
  EXPECT_EQ(bind(listener, at, size), 0);
  EXPECT_EQ(listen(listener, 1), 0);
  EXPECT_EQ(getsockname(listener, at, &size), 0);
  const int peer = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  EXPECT_EQ(connect(peer, at, size), 0);
  const int accepted = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  close(listener);
  return {accepted, peer};
}

/// A transport and the other end of its socket.
struct Pair {
  explicit Pair(std::string early = {}, std::array<int, 2> fds = unix_pair()) {
    transport = make_plain_transport(loop, fds[0], std::move(early));
    peer = fds[1];
  }
  ~Pair() {
    transport.reset();
    if (peer >= 0) close(peer);
  }
  /// All that is in the socket now.
  std::string received() {
    std::string all;
    std::array<char, 65536> buffer{};
    while (true) {
      const ssize_t count = recv(peer, buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (count <= 0) return all;
      all.append(buffer.data(), static_cast<std::size_t>(count));
    }
  }
  std::string read(std::size_t size = 100) {
    std::string into(size, '\0');
    const auto count = transport->read(into.data(), size);
    EXPECT_EQ(count.io, Io::Ok);
    into.resize(count.bytes);
    return into;
  }

  Loop loop;
  std::unique_ptr<Transport> transport;
  int peer = -1;
};

TEST(PlainTransport, GivesEarlyBytesFirst) {
  Pair pair("early");
  ASSERT_EQ(write(pair.peer, "later", 5), 5);
  EXPECT_EQ(pair.read(3), "ear");
  EXPECT_EQ(pair.read(), "ly");
  EXPECT_EQ(pair.read(), "later");
  char more = 0;
  EXPECT_EQ(pair.transport->read(&more, 1).io, Io::Again);
  EXPECT_EQ(pair.transport->bytes_in(), 10U);
}

TEST(PlainTransport, SendsNothingBeforeFlush) {
  Pair pair;
  EXPECT_EQ(pair.transport->write("one"), Io::Ok);
  EXPECT_EQ(pair.transport->write("two"), Io::Ok);
  EXPECT_EQ(pair.transport->pending(), 6U);
  EXPECT_EQ(pair.received(), "");
  EXPECT_EQ(pair.transport->flush(), Io::Ok);
  EXPECT_EQ(pair.transport->pending(), 0U);
  EXPECT_EQ(pair.received(), "onetwo");
  EXPECT_EQ(pair.transport->bytes_out(), 6U);
}

TEST(PlainTransport, KeepsTheBytesOfTransportsApart) {
  Pair first;
  Pair second;
  first.transport->write("a1");
  second.transport->write("b1");
  first.transport->write("a2");
  second.transport->write("b2");
  EXPECT_EQ(first.transport->pending(), 4U);
  EXPECT_EQ(second.transport->pending(), 4U);
  EXPECT_EQ(first.transport->flush(), Io::Ok);
  EXPECT_EQ(second.transport->flush(), Io::Ok);
  EXPECT_EQ(first.received(), "a1a2");
  EXPECT_EQ(second.received(), "b1b2");
}

TEST(PlainTransport, ForgetsTheBytesOfOneThatEnded) {
  auto first = std::make_unique<Pair>();
  first->transport->write("lost");
  first.reset();
  Pair second;
  second.transport->write("kept");
  EXPECT_EQ(second.transport->flush(), Io::Ok);
  EXPECT_EQ(second.received(), "kept");
}

TEST(PlainTransport, DeliversAllToASlowReader) {
  Pair pair;
  std::string sent;
  for (int i = 0; i < 100; ++i) {
    const std::string piece(10'000, static_cast<char>('a' + i % 26));
    EXPECT_EQ(pair.transport->write(piece), Io::Ok);
    sent += piece;
  }
  EXPECT_EQ(pair.transport->flush(), Io::Again);
  EXPECT_GT(pair.transport->pending(), 0U);
  EXPECT_EQ(pair.transport->write("the end"), Io::Ok);  // behind what waits
  sent += "the end";
  pair.transport->finish();
  std::string seen;
  while (pair.transport->flush() == Io::Again) seen += pair.received();
  seen += pair.received();
  EXPECT_EQ(seen, sent);
  char more = 0;
  EXPECT_EQ(recv(pair.peer, &more, 1, MSG_DONTWAIT), 0);  // the FIN came last
}

/// Writes what is allowed until the socket is full.
void fill_up(Pair& pair) {
  const int bytes = 4096;
  setsockopt(pair.transport->fd(), SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
  do {
    ASSERT_EQ(pair.transport->write(std::string(pair.transport->allowance(), 'x')), Io::Ok);
  } while (pair.transport->flush() == Io::Ok);
}

TEST(PlainTransport, AllowsNothingMoreWhileTheSocketIsFull) {
  Pair pair;
  EXPECT_EQ(pair.transport->allowance(), Outgoing::kRecordBytes);
  fill_up(pair);
  EXPECT_GT(pair.transport->pending(), 0U);
  EXPECT_EQ(pair.transport->allowance(), 0U);
  while (pair.transport->flush() == Io::Again) pair.received();
  EXPECT_GE(pair.transport->allowance(), Outgoing::kRecordBytes);
}

TEST(PlainTransport, AllowsMoreToAPeerThatTakesAll) {
  Pair pair;
  std::vector<std::size_t> bursts;
  for (int i = 0; i < 5; ++i) {
    bursts.push_back(pair.transport->allowance());
    pair.transport->write(std::string(bursts.back(), 'x'));
    std::string seen;
    while (pair.transport->flush() == Io::Again) seen += pair.received();
    seen += pair.received();
    EXPECT_EQ(seen.size(), bursts.back());
  }
  constexpr std::size_t kRecord = Outgoing::kRecordBytes;
  EXPECT_EQ(std::vector(bursts.begin(), bursts.begin() + 4),
            (std::vector{kRecord, 2 * kRecord, 4 * kRecord, 8 * kRecord}));
  EXPECT_EQ(bursts[4], Outgoing::kBurstBytes);
}

TEST(PlainTransport, ManySlowPeersDoNotAddUp) {
  constexpr std::size_t kPeers = 200;
  std::vector<std::unique_ptr<Pair>> pairs;
  for (std::size_t i = 0; i < kPeers; ++i) {
    Pair& pair = *pairs.emplace_back(std::make_unique<Pair>());
    while (pair.transport->allowance() < Outgoing::kBurstBytes) {
      pair.transport->write(std::string(pair.transport->allowance(), 'x'));
      ASSERT_EQ(pair.transport->flush(), Io::Ok);
      pair.received();
    }
  }
  // Now all stop reading in the middle of a burst.
  std::size_t kept = 0;
  for (const auto& pair : pairs) {
    fill_up(*pair);
    kept += pair->transport->pending();
  }
  EXPECT_GT(kept, Outgoing::kKeptBytes);
  EXPECT_LE(kept, Outgoing::kKeptBytes + Outgoing::kBurstBytes + kPeers * Outgoing::kRecordBytes);
}

TEST(PlainTransport, AFullSocketIsAskedForItsRoom) {
  Pair pair({}, tcp_pair());
  int bursts = 0;
  std::size_t largest_left = 0;
  bool was_full = false;
  for (int i = 0; i < 400; ++i) {
    const std::size_t allowed = pair.transport->allowance();
    if (was_full && allowed > 2 * Outgoing::kRecordBytes) ++bursts;
    pair.transport->write(std::string(allowed, 'x'));
    const bool full = pair.transport->flush() == Io::Again;
    if (full && was_full) largest_left = std::max(largest_left, pair.transport->pending());
    was_full |= full;
    while (pair.transport->flush() == Io::Again) pair.received();
  }
  EXPECT_TRUE(was_full);
  EXPECT_LE(largest_left, 2 * Outgoing::kRecordBytes);
  EXPECT_GT(bursts, 0);  // and yet it takes much at once
}

TEST(PlainTransport, FinishLeavesReadingOpen) {
  Pair pair;
  pair.transport->finish();
  char byte = 0;
  EXPECT_EQ(recv(pair.peer, &byte, 1, MSG_DONTWAIT), 0);
  ASSERT_EQ(write(pair.peer, "still", 5), 5);
  EXPECT_EQ(pair.read(), "still");
}

TEST(PlainTransport, TellsAnEndFromAFailure) {
  Pair ended;
  shutdown(ended.peer, SHUT_WR);
  char byte = 0;
  EXPECT_EQ(ended.transport->read(&byte, 1).io, Io::Closed);

  Pair broken;
  close(broken.peer);
  broken.peer = -1;
  broken.transport->write("x");
  EXPECT_EQ(broken.transport->flush(), Io::Failed);
  EXPECT_NE(broken.transport->error_text().find("send"), std::string::npos);
}

}  // namespace
}  // namespace loop
