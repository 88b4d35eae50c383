// SPDX-License-Identifier: Apache-2.0
#include "edge/loop/listener.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "edge/loop/worker.h"

namespace loop {
namespace {

using namespace std::chrono_literals;

int connect_to(const Listener& listener) {
  const Address address = Address::parse(listener.address()).value();
  const int fd = socket(address.v6() ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  EXPECT_EQ(connect(fd, address.native(), address.native_size()), 0);
  return fd;
}

std::unique_ptr<Listener> must_open(Loop& loop, const std::string& address,
                                    std::move_only_function<void(Accepted)> on_accept) {
  auto listener = Listener::open(loop, address, 128, std::move(on_accept));
  if (!listener) {
    ADD_FAILURE() << listener.error().text;
    std::abort();
  }
  return std::move(*listener);
}

TEST(Address, ReadsWhatItWrites) {
  for (const char* text : {"127.0.0.1:80", "0.0.0.0:0", "[::1]:443", "[2001:db8::5]:65535"}) {
    const auto address = Address::parse(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(address->str(), text);
  }
  EXPECT_EQ(Address::parse("[::1]:443")->host(), "::1");
  EXPECT_TRUE(Address::parse("[::]:443")->any());
  EXPECT_FALSE(Address::parse("127.0.0.1:443")->any());
}

TEST(Address, SaysWhatIsWrong) {
  const std::array<std::array<const char*, 2>, 8> cases{{{"", "no port"},
                                                         {"127.0.0.1", "no port"},
                                                         {"127.0.0.1:", "port is not a number"},
                                                         {"127.0.0.1:65536", "port is not a number"},
                                                         {"localhost:80", "no IPv4 address"},
                                                         {"::1:80", "IPv6 needs brackets"},
                                                         {"[::1:80", "without ']'"},
                                                         {"[host]:80", "no IPv6 address in brackets"}}};
  for (const auto& [text, reason] : cases) {
    const auto address = Address::parse(text);
    ASSERT_FALSE(address) << text;
    EXPECT_NE(address.error().text.find(reason), std::string::npos) << address.error().text;
    EXPECT_NE(address.error().text.find("allowed"), std::string::npos);
  }
}

TEST(Address, ShowsMappedIpv4AsIpv4) {
  const auto mapped = Address::parse("[::ffff:192.0.2.7]:80").value();
  sockaddr_storage native{};
  std::memcpy(&native, mapped.native(), mapped.native_size());
  EXPECT_EQ(Address::from(native).str(), "192.0.2.7:80");
}

TEST(Listener, NamesBothEndsOfAConnection) {
  for (const char* address : {"127.0.0.1:0", "0.0.0.0:0"}) {
    Loop loop;
    std::vector<Accepted> accepted;
    auto listener = must_open(loop, address, [&](Accepted one) {
      accepted.push_back(std::move(one));
      loop.stop();
    });
    EXPECT_NE(listener->port(), 0);
    const int client = connect_to(*listener);
    loop.run();
    ASSERT_EQ(accepted.size(), 1U);
    EXPECT_EQ(accepted[0].client_address, "127.0.0.1");
    EXPECT_NE(accepted[0].client_port, 0);
    EXPECT_EQ(accepted[0].server_address, "127.0.0.1");
    EXPECT_EQ(accepted[0].server_port, listener->port());
    EXPECT_NE(fcntl(accepted[0].fd, F_GETFL) & O_NONBLOCK, 0);
    close(accepted[0].fd);
    close(client);
  }
}

TEST(Listener, AcceptsMoreThanOneBatch) {
  Loop loop;
  std::vector<int> fds;
  auto listener = must_open(loop, "127.0.0.1:0", [&](Accepted one) {
    fds.push_back(one.fd);
    if (fds.size() == 100) loop.stop();
  });
  std::vector<int> clients;
  for (int i = 0; i < 100; ++i) clients.push_back(connect_to(*listener));
  loop.run();
  EXPECT_EQ(fds.size(), 100U);
  for (const int fd : fds) close(fd);
  for (const int fd : clients) close(fd);
}

TEST(Listener, SharesItsPortAmongLoops) {
  Loop first_loop;
  Loop second_loop;
  auto first = must_open(first_loop, "127.0.0.1:0", [](Accepted) {});
  auto second = Listener::open(second_loop, first->address(), 128, [](Accepted) {});
  ASSERT_TRUE(second) << second.error().text;
  EXPECT_EQ((*second)->port(), first->port());
}

TEST(Listener, ProbeFindsAPortInUse) {
  Loop loop;
  auto listener = must_open(loop, "127.0.0.1:0", [](Accepted) {});
  const std::string address = listener->address();
  const auto busy = Listener::probe(address);
  ASSERT_FALSE(busy);
  EXPECT_EQ(busy.error().code, base::Errc::Exists);
  EXPECT_NE(busy.error().text.find(address), std::string::npos) << busy.error().text;
  listener.reset();
  const auto free = Listener::probe(address);
  EXPECT_TRUE(free) << free.error().text;
}

TEST(Listener, OpenFailsWhereAnotherProgramListens) {
  const int other = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const Address any_port = Address::parse("127.0.0.1:0").value();
  ASSERT_EQ(bind(other, any_port.native(), any_port.native_size()), 0);
  ASSERT_EQ(listen(other, 1), 0);
  sockaddr_storage native{};
  socklen_t size = sizeof(native);
  getsockname(other, reinterpret_cast<sockaddr*>(&native), &size);
  Loop loop;
  const auto opened = Listener::open(loop, Address::from(native).str(), 128, [](Accepted) {});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, base::Errc::Exists);
  close(other);
}

TEST(Listener, RefusesAnAddressThatIsNotOurs) {
  Loop loop;
  const auto opened = Listener::open(loop, "192.0.2.77:0", 128, [](Accepted) {});
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().text.find("no such address"), std::string::npos) << opened.error().text;
}

TEST(Listener, PausesWithoutDescriptorsAndGoesOn) {
  Loop loop;
  int accepted = -1;
  auto listener = must_open(loop, "127.0.0.1:0", [&](Accepted one) {
    accepted = one.fd;
    loop.stop();
  });
  const int client = connect_to(*listener);
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const int next = dup(client);  // the lowest free descriptor: no more than that
  close(next);
  const rlimit tight{.rlim_cur = static_cast<rlim_t>(next), .rlim_max = before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &tight), 0);
  std::uint64_t pauses_meanwhile = 0;
  loop.start_timer(50ms, [&] {
    pauses_meanwhile = listener->pauses();
    setrlimit(RLIMIT_NOFILE, &before);
  });
  loop.run();
  EXPECT_EQ(pauses_meanwhile, 1U);  // not one for each turn
  EXPECT_GE(accepted, 0);
  close(accepted);
  close(client);
}

}  // namespace
}  // namespace loop
