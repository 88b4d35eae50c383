// SPDX-License-Identifier: Apache-2.0
// A thousand edges that lose the purge API together and come back to it together.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <nlohmann/json.hpp>

#include "edge/base/program.h"
#include "edge/http/client.h"
#include "edge/loop/worker.h"
#include "purge/follow/follower.h"
#include "tests/integration/harness.h"
#include "tests/support/no_ledger_store.h"
#include "tests/integration/scale.h"

namespace harness {
namespace {

using nlohmann::json;

constexpr unsigned kFollowers = kSanitized ? 200 : 1000;
constexpr const char* kPurge = R"({"site":"www","tags":["page"]})";

/// The part of an edge that follows the log, with a connection of its own.
struct Following {
  Following(loop::Loop& loop, support::NoLedgerStore& store, const purge::Follower::Options& options)
      : client(loop, {}), follower(loop, client, ledger, store, options, "") {
    follower.start();
  }
  http::Client client;
  purge::Ledger ledger{[](std::string_view, std::string_view url) { return std::string(url); }, {.entries = 10'000}};
  purge::Follower follower;
};

class Followers : public testing::Test {
 protected:
  Followers() {
    base::prepare_process();
    EXPECT_TRUE(api.start()) << api.output();
    auto server = std::make_shared<http::ServerOptions>();
    server->ca_file = certificates.ca_file();
    std::promise<void> made;
    worker.start(
        [&, server] {
          for (unsigned i = 0; i < kFollowers; ++i) {
            all.push_back(
                std::make_unique<Following>(worker.loop(), store,
                                            purge::Follower::Options{.api_url = api.url(),
                                                                     .token = "node-secret",
                                                                     .node = "edge-" + std::to_string(i),
                                                                     .server = server,
                                                                     .seed = i}));
          }
          made.set_value();
        },
        [this] { all.clear(); });
    made.get_future().wait();
  }
  ~Followers() override {
    worker.stop();
    worker.join();
  }
  /// Whether all have applied that much.
  bool all_at(std::uint64_t number) {
    return wait_until(
        [&] {
          return std::ranges::all_of(all, [&](const auto& one) {
            const auto& state = one->follower.state();
            return state.connected && state.applied >= number;
          });
        },
        std::chrono::seconds(120));
  }
  std::uint64_t reconnects() const {
    std::uint64_t sum = 0;
    for (const auto& one : all) sum += one->follower.state().reconnects;
    return sum;
  }

  TempFolder folder;
  Certificates certificates{folder.path()};
  PurgeApi api{certificates, folder / "purge"};
  support::NoLedgerStore store{};
  loop::Worker worker{"followers"};
  std::vector<std::unique_ptr<Following>> all{};  ///< grows before the test begins, and is its own then
};

TEST_F(Followers, WhoComeBackTogetherDoNoHarm) {
  ASSERT_TRUE(all_at(0));
  for (int round = 0; round < 2; ++round) {
    api.process().kill();
    ASSERT_TRUE(wait_until([&] {
      return std::ranges::none_of(all,
                                  [](const auto& one) { return one->follower.state().connected.load(); });
    }));
    ASSERT_TRUE(api.start()) << api.output();
    // They are coming back now; the API has time for purges all the same.
    std::uint64_t last = 0;
    for (int i = 0; i < 50; ++i) {
      const Response answer = api.purge(kPurge);
      ASSERT_EQ(answer.status, 202) << answer.error << answer.body;
      last = purge_sequence(answer);
    }
    EXPECT_TRUE(all_at(last));
    EXPECT_TRUE(wait_until(
        [&] {
          const json now = json::parse(api.get("/v1/purges/" + std::to_string(last)).body, nullptr, false);
          return now["nodes"].size() == kFollowers && now["pending"].empty() && now["away"].empty();
        },
        std::chrono::seconds(120)));
  }
  std::cout << kFollowers << " followers, " << reconnects() << " connections begun anew\n";
}

}  // namespace
}  // namespace harness
