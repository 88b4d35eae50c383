// SPDX-License-Identifier: Apache-2.0
// In which order a server reads and writes when several connections have something to say at once.
#include <gtest/gtest.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <array>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "edge/http/server.h"
#include "edge/loop/worker.h"
#include "tests/support/raw_client.h"
#include "tests/support/test_handler.h"

namespace http {
namespace {

using support::RawClient;

bool has_input(const RawClient& client) {
  int bytes = 0;
  return ::ioctl(client.fd(), FIONREAD, &bytes) == 0 && bytes > 0;
}

/// Notes with each request how many of the clients have an answer that they have not read.
class Looking final : public HandlerMaker {
 public:
  explicit Looking(loop::Loop& loop) : inner_(loop) {}

  std::unique_ptr<Handler> make(const ConnectionInfo& connection, RequestHead head,
                                ResponseWriter& writer) override {
    answered.push_back(
        std::ranges::count_if(clients, [](const RawClient* client) { return has_input(*client); }));
    return inner_.make(connection, std::move(head), writer);
  }

  std::vector<const RawClient*> clients{};  ///< the loop's thread, as all here
  std::vector<std::ptrdiff_t> answered{};

 private:
  support::TestMaker inner_;
};

TEST(ServerTurn, AnAnswerGoesOutBeforeAnotherConnectionIsRead) {
  constexpr std::size_t kClients = 5;
  const std::string request = "GET /fixed/10 HTTP/1.1\r\nHost: a.test\r\n\r\n";
  std::unique_ptr<Looking> maker;
  std::unique_ptr<Server> server;
  loop::Worker worker("test-server");
  std::promise<std::uint16_t> listening;
  worker.start(
      [&] {
        maker = std::make_unique<Looking>(worker.loop());
        server = std::make_unique<Server>(worker.loop(), Limits{}, *maker);
        const base::Status status = server->listen({.address = "127.0.0.1:0"});
        listening.set_value(status ? server->port(0) : std::uint16_t{0});
      },
      [&] { server.reset(); });
  const std::uint16_t port = listening.get_future().get();
  ASSERT_NE(port, 0);
  {
    std::array<std::unique_ptr<RawClient>, kClients> clients;
    for (auto& client : clients) {
      client = std::make_unique<RawClient>(port);
      client->send(request);
      EXPECT_TRUE(client->read_until("\r\n\r\n").starts_with("HTTP/1.1 200"));
      client->read_bytes(10);
    }
    // While the loop is here, so that it finds all requests in its next turn.
    worker.loop().post([&] {
      maker->answered.clear();
      for (const auto& client : clients) {
        maker->clients.push_back(client.get());
        client->send(request);
      }
    });
    // Read when all are answered: what is read early would not be counted.
    std::promise<void> all;
    std::function<void()> look = [&] {
      if (maker->answered.size() == kClients &&
          std::ranges::all_of(maker->clients, [](const RawClient* client) { return has_input(*client); })) {
        return all.set_value();
      }
      worker.loop().post([&] { look(); });
    };
    worker.loop().post([&] { look(); });
    EXPECT_EQ(all.get_future().wait_for(std::chrono::seconds(60)), std::future_status::ready);
    worker.stop();
    worker.join();
  }
  EXPECT_EQ(maker->answered, (std::vector<std::ptrdiff_t>{0, 1, 2, 3, 4}));
}

}  // namespace
}  // namespace http
