// SPDX-License-Identifier: Apache-2.0
// The two users of docs/operations.md ("Many, on NATS JetStream") on a real nats-server: all goes that has
// to, and no edge may purge.
#include <gtest/gtest.h>

#include <future>

#include "purge/server/nats_log.h"
#include "tests/support/nats_server.h"
#include "tests/support/thread_executor.h"
#include "tests/unit/purgeapi/ears.h"
#include "tests/unit/purgeapi/service_rig.h"

namespace purgeapi {
namespace {

using namespace std::chrono_literals;

// With the stream's name for STREAM.
std::string users() {
  std::string text = R"(authorization { users: [
  { user: api, password: api-secret, permissions: {
    publish: [ "selvage.STREAM.purges", "selvage.STREAM.words", "selvage.STREAM.hello",
      "selvage.STREAM.questions", "selvage.STREAM.nodes.*", "$JS.API.>" ]
    subscribe: [ "selvage.STREAM.>", "_INBOX.>" ] } }
  { user: edge, password: edge-secret, permissions: {
    publish: [ "selvage.STREAM.words", "selvage.STREAM.answers", "$JS.API.STREAM.INFO.STREAM",
      "$JS.API.STREAM.MSG.GET.STREAM" ]
    subscribe: [ "selvage.STREAM.log", "selvage.STREAM.hello", "selvage.STREAM.questions", "_INBOX.>" ] } }
] }
)";
  const std::string stream = nats::StreamSettings{}.name;
  std::size_t at = 0;
  // "STREAM.INFO" and "STREAM.MSG" are JetStream's own.
  while ((at = text.find("STREAM", at)) != std::string::npos) {
    const std::string_view rest = std::string_view(text).substr(at);
    if (rest.starts_with("STREAM.INFO") || rest.starts_with("STREAM.MSG")) {
      at += 6;
    } else {
      text.replace(at, 6, stream);
      at += stream.size();
    }
  }
  return text;
}

class NatsUsersTest : public testing::Test, private nats::Link::Listener {
 protected:
  NatsUsersTest() {
    server.configure(users());
    EXPECT_TRUE(server.start()) << server.output();
    auto opened = NatsLog::open({.access = access("api")});
    EXPECT_TRUE(opened) << opened.error().text << server.output();
    if (!opened) return;
    log = std::move(*opened);
    log->listen(home, &ears);
  }
  nats::Access access(const std::string& user) const {
    return {.servers = {server.url()}, .user = user, .password = user + "-secret", .timeout = 30s};
  }
  bool purge() {
    std::promise<bool> answer;
    log->append({.at_ms = 1, .purges = {R"({"site":"www","tags":["t"]})"}}, home,
                [&](const auto& got) { answer.set_value(got.has_value()); });
    return answer.get_future().get();
  }
  // Whether that user's own message gets into the stream; who is refused never hears of it.
  bool may_purge(const std::string& user, std::chrono::milliseconds patience) {
    std::optional<nats::Link> link;
    std::optional<nats::Stream> stream;
    std::promise<bool> answer;
    home.post([&] {
      nats::Access own = access(user);
      own.timeout = patience;
      link.emplace(home, own, user, static_cast<nats::Link::Listener&>(*this));
      stream.emplace(*link, nats::StreamSettings{}.name);
      EXPECT_TRUE(link->connect());
      stream->publish(R"({"purge":{"site":"www","everything":true},"at":1})", "",
                      [&](const auto& stored) { answer.set_value(stored.has_value()); });
    });
    const bool may = answer.get_future().get();
    std::promise<void> ended;
    home.post([&] {
      stream.reset();
      link.reset();
      ended.set_value();
    });
    ended.get_future().wait();
    return may;
  }

  support::TempFolder folder;
  support::NatsServer server{folder / "nats"};
  Ears ears;  // these outlive what is posted to `home`
  Ears later;
  support::ThreadExecutor home;
  std::unique_ptr<NatsLog> log{};

 private:
  void on_message(nats::Message) override {}
  void on_lost(const std::string&) override {}
};

TEST_F(NatsUsersTest, AnEdgeAppliesSpeaksAndAnswersButMayNotPurge) {
  ASSERT_TRUE(log);
  ASSERT_TRUE(purge());  // asked for by number
  const TestNode one(
      "", "one", folder / "one", "",
      purge::Follower::Options::Nats{.access = access("edge"), .stream = nats::StreamSettings{}.name});
  ASSERT_TRUE(one.applies(1)) << server.output();
  ASSERT_TRUE(purge());  // comes by itself
  ASSERT_TRUE(one.applies(2)) << server.output();
  EXPECT_TRUE(support::wait_until([&] { return ears.heard("one", 2); })) << server.output();
  log->carry(R"({"verify":{"id":"q"},"head":2})");
  EXPECT_TRUE(support::wait_until([&] { return ears.answered("one"); })) << server.output();
  EXPECT_FALSE(may_purge("edge", 5s));
  EXPECT_EQ(log->bounds().head, 2u);
  EXPECT_TRUE(may_purge("api", 30s)) << server.output();
  EXPECT_TRUE(one.applies(3));
  EXPECT_EQ(one.state().reconnects, 0u);
}

TEST_F(NatsUsersTest, NodesAreRememberedAndANewApiHearsOfThoseThatAreThere) {
  ASSERT_TRUE(log);
  const TestNode one(
      "", "one", folder / "one", "",
      purge::Follower::Options::Nats{.access = access("edge"), .stream = nats::StreamSettings{}.name});
  ASSERT_TRUE(purge());
  ASSERT_TRUE(one.applies(1));
  EXPECT_TRUE(log->keep_node({.name = "one", .applied = 1, .heard_ms = 1700}));
  ASSERT_TRUE(purge());  // comes after it
  const auto second = NatsLog::open({.access = access("api")});
  ASSERT_TRUE(second) << second.error().text << server.output();
  (*second)->listen(home, &later);
  ASSERT_EQ((*second)->nodes().size(), 1u);
  EXPECT_EQ((*second)->nodes()[0].name, "one");
  ASSERT_TRUE(purge());
  EXPECT_TRUE(support::wait_until([&] { return later.heard("one", 3); }));
  (*second)->listen(home, nullptr);
}

}  // namespace
}  // namespace purgeapi
