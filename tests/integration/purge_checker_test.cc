// SPDX-License-Identifier: Apache-2.0
// Random uploads, requests, purges of all kinds, partitions, and kills of edges, API and NATS server, held
// against a model: nothing older than a purge that an edge has acknowledged is ever served, no answered purge
// is lost, and nothing goes that a purge did not name. SELVAGE_TEST_SEED repeats what was printed;
// SELVAGE_TEST_OPERATIONS says how many.
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <mutex>
#include <thread>

#include "tests/integration/purge_model.h"
#include "tests/integration/purge_scene.h"
#include "tests/integration/relay.h"
#include "tests/integration/scale.h"
#include "tests/support/nats_server.h"

namespace harness {
namespace {

using Copy = PurgeModel::Copy;

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

/// An edge, the way from the API to it, and what may be expected of it.
struct Follower {
  std::unique_ptr<Relay> relay{};
  bool cut_off = false;
  std::map<Copy, std::atomic<unsigned>> oldest{};  ///< version that may still be served
  std::map<Copy, unsigned> held{};                 ///< version that must be there, as nothing has named it
  struct Missed {
    std::uint64_t number = 0;
    std::map<Copy, unsigned> versions{};
  };
  std::vector<Missed> missed{};  ///< while it was cut off
};

class PurgeChecker : public testing::TestWithParam<const char*> {
 protected:
  PurgeChecker() {
    std::cout << "SELVAGE_TEST_SEED=" << seed << ", SELVAGE_TEST_OPERATIONS=" << operations << std::endl;
    model.offer(scene.origin);
  }

  bool on_nats() const { return std::string(GetParam()) == "nats"; }
  unsigned chance(unsigned below) { return static_cast<unsigned>(random() % below); }

  void begin() {
    if (on_nats()) {
      nats = std::make_unique<support::NatsServer>(scene.folder / "nats");
      ASSERT_TRUE(nats->start()) << nats->output();
      scene.api.set_log_store("[log_store]\nengine = \"nats\"\nservers = [\"" + nats->url() + "\"]\n");
    }
    ASSERT_TRUE(scene.api.start()) << scene.api.output();
    for (Follower& follower : followers) {
      follower.relay = std::make_unique<Relay>(scene.api.port());
      for (const Copy& copy : PurgeModel::all_copies()) follower.oldest[copy] = 0;
      Edge::Options options;
      options.purge_keys = "sweep = \"1s\"\ndistrust_after = \"10m\"\n";
      scene.add_edge(options);
      const std::size_t index = static_cast<std::size_t>(&follower - followers.data());
      scene.edge(index).options().purge_url = "https://127.0.0.1:" + std::to_string(follower.relay->port());
      scene.start(index);
    }
  }

  Request request_of(const Copy& copy) const {
    Request request = scene.request(PurgeModel::path_of(copy.page));
    request.headers = {{"Accept-Language", PurgeModel::kLanguages.at(copy.language)}};
    return request;
  }
  Copy any_copy() {
    const auto all = PurgeModel::all_copies();
    return all[chance(static_cast<unsigned>(all.size()))];
  }

  void ask(std::size_t index, const Copy& copy) {
    Follower& follower = followers.at(index);
    const unsigned oldest = follower.oldest.at(copy);
    const Response response = Client(scene.edge(index).client_options()).perform(request_of(copy));
    ASSERT_EQ(response.status, 200) << response.error;
    const unsigned version = static_cast<unsigned>(std::stoul(response.body));
    const std::string what = "edge " + std::to_string(index) + ", " + PurgeModel::path_of(copy.page) +
                             ", language " + std::to_string(copy.language) + ": " +
                             response.header("cache-status");
    ASSERT_GE(version, oldest) << what << ": older than an acknowledged purge";
    ASSERT_LE(version, model.version(copy.page)) << what;
    if (const auto held = follower.held.find(copy); held != follower.held.end()) {
      ASSERT_TRUE(is_hit(response)) << what << ": gone, though no purge has named it";
      ASSERT_EQ(version, held->second) << what;
    }
    follower.held[copy] = version;
  }

  std::map<Copy, unsigned> versions_of(const std::set<Copy>& copies) const {
    std::map<Copy, unsigned> versions;
    for (const Copy& copy : copies) versions[copy] = model.version(copy.page);
    return versions;
  }
  static void apply(Follower& follower, const std::map<Copy, unsigned>& versions) {
    for (const auto& [copy, version] : versions) {
      if (follower.oldest.at(copy) < version) follower.oldest.at(copy) = version;
    }
  }
  bool has_applied(std::size_t index, std::uint64_t number) {
    const auto json =
        nlohmann::json::parse(scene.api.get("/v1/purges/" + std::to_string(number)).body, nullptr, false);
    if (!json.is_object() || !json.contains("nodes")) return false;
    const std::string node = "edge-" + std::to_string(index + 1);
    return std::ranges::any_of(json["nodes"], [&](const auto& one) { return one.value("node", "") == node; });
  }

  /// Purges; after an answer with its number each edge that is not cut off must come to apply it.
  void purge() {
    const PurgeModel::Purge purge = model.purge(random);
    const auto versions = versions_of(purge.named);
    for (Follower& follower : followers) {
      for (const Copy& copy : purge.named) follower.held.erase(copy);  // from now on it may be gone
    }
    const Response answer = scene.api.purge(purge.json);
    ASSERT_EQ(answer.status, 202) << answer.error << answer.body;
    const std::uint64_t number = purge_sequence(answer);
    ASSERT_GT(number, last_number) << "numbers went back";
    last_number = number;
    for (std::size_t index = 0; index < followers.size(); ++index) {
      if (followers[index].cut_off) {
        followers[index].missed.push_back({number, versions});
      } else {
        expect_applied(index, number, versions);
      }
    }
  }
  void expect_applied(std::size_t index, std::uint64_t number, const std::map<Copy, unsigned>& versions) {
    ASSERT_TRUE(wait_until([&] { return has_applied(index, number); }))
        << "edge " << index << " has not applied purge " << number;
    apply(followers[index], versions);
    // An edge that was cut off may have shown its copy until now.
    for (const auto& [copy, version] : versions) followers[index].held.erase(copy);
  }

  /// Where the crowd finds an edge since its last start.
  void note_address(std::size_t index) {
    const std::scoped_lock lock(addresses_mutex);
    addresses.at(index) = scene.edge(index).client_options();
  }

  void cut_off(std::size_t index) {
    if (followers[index].cut_off) return join_again(index);
    followers[index].cut_off = true;
    followers[index].relay->hold();
  }
  void join_again(std::size_t index) {
    Follower& follower = followers[index];
    if (!std::exchange(follower.cut_off, false)) return;
    follower.relay->release();
    for (const Follower::Missed& missed : std::exchange(follower.missed, {}))
      expect_applied(index, missed.number, missed.versions);
  }
  void kill_edge(std::size_t index) {
    join_again(index);
    scene.edge(index).process().kill();
    scene.start(index);
    followers[index].held.clear();  // what was in memory only is lost
    note_address(index);
  }

  /// SIGKILL of the API (or of its NATS server) while purges are under way.
  void kill_api() {
    for (std::size_t index = 0; index < followers.size(); ++index) join_again(index);
    const auto delay = std::chrono::microseconds(chance(3'000));
    const bool nats_too = on_nats() && chance(2) == 0;
    std::atomic<bool> begun{false};
    std::thread killer([&] {
      const auto begin = std::chrono::steady_clock::now();
      while (!begun || std::chrono::steady_clock::now() - begin < delay) std::this_thread::yield();
      if (nats_too) {
        nats->kill();
      } else {
        ::kill(scene.api.process().pid(), SIGKILL);
      }
    });
    std::vector<std::pair<std::uint64_t, std::map<Copy, unsigned>>> answered;
    begun = true;
    for (int i = 0; i < 12; ++i) {
      const PurgeModel::Purge purge = model.purge(random);
      const auto versions = versions_of(purge.named);
      for (Follower& follower : followers) {
        for (const Copy& copy : purge.named) follower.held.erase(copy);
      }
      const Response answer = scene.api.purge(purge.json);
      if (answer.status != 202) break;
      ASSERT_GT(purge_sequence(answer), last_number) << "numbers went back";
      last_number = purge_sequence(answer);
      answered.emplace_back(last_number, versions);
    }
    killer.join();
    if (nats_too) {
      ASSERT_TRUE(nats->start()) << nats->output();
    } else {
      scene.api.process().kill();
      ASSERT_TRUE(scene.api.start()) << scene.api.output();
    }
    for (const auto& [number, versions] : answered) {
      for (std::size_t index = 0; index < followers.size(); ++index) expect_applied(index, number, versions);
    }
    lull();
  }
  /// Waits until the API takes purges again, and until the edges have applied one: with it those that were
  /// logged and not answered.
  void lull() {
    std::uint64_t number = 0;
    ASSERT_TRUE(wait_until([&] {
      const Response answer = scene.api.purge(R"({"site":"www","tags":["nothing"]})");
      number = answer.status == 202 ? purge_sequence(answer) : 0;
      return number != 0;
    }));
    ASSERT_GT(number, last_number) << "numbers went back";
    last_number = number;
    for (std::size_t index = 0; index < followers.size(); ++index) expect_applied(index, number, {});
  }

  void operate() {
    const std::size_t index = chance(static_cast<unsigned>(followers.size()));
    const unsigned what = chance(100);
    if (what < 50) return ask(index, any_copy());
    if (what < 62) return model.upload(chance(PurgeModel::kPages));
    if (what < 90) return purge();
    if (what < 96) return cut_off(index);
    if (what < 98) return kill_edge(index);
    kill_api();
  }

  /// Requests beside all that, one after the other: fills are under way when purges come.
  void crowd(std::size_t index, const std::atomic<bool>& over) {
    std::mt19937_64 own(seed + 1 + index);
    const auto all = PurgeModel::all_copies();
    while (!over) {
      const Copy copy = all[own() % all.size()];
      const unsigned oldest = followers[index].oldest.at(copy);
      std::unique_lock lock(addresses_mutex);
      Client client(addresses.at(index));
      lock.unlock();
      const Response response = client.perform(request_of(copy));
      if (response.status == 200 && std::stoul(response.body) < oldest)
        ++stale;  // an error: the edge is being killed
    }
  }

  const std::uint64_t seed = from_environment("SELVAGE_TEST_SEED", std::random_device{}());
  const std::uint64_t operations = from_environment("SELVAGE_TEST_OPERATIONS", kSanitized ? 120 : 400);
  std::mt19937_64 random{seed};
  PurgeModel model;
  std::unique_ptr<support::NatsServer> nats{};
  PurgeScene scene;
  std::array<Follower, 2> followers{};
  std::mutex addresses_mutex{};
  std::array<Client::Options, 2> addresses{};
  std::uint64_t last_number = 0;
  std::atomic<unsigned> stale{0};
};

TEST_P(PurgeChecker, NothingStaleNothingLostNothingElseGone) {
  ASSERT_NO_FATAL_FAILURE(begin());
  std::atomic<bool> over{false};
  std::vector<std::thread> crowds;
  for (std::size_t index = 0; index < followers.size(); ++index) {
    note_address(index);
    crowds.emplace_back([this, index, &over] { crowd(index, over); });
  }
  for (std::uint64_t i = 0; i < operations && !HasFatalFailure(); ++i) operate();
  for (std::size_t index = 0; index < followers.size() && !HasFatalFailure(); ++index) join_again(index);
  over = true;
  for (std::thread& crowd : crowds) crowd.join();
  EXPECT_EQ(stale, 0u) << "answers older than a purge that was acknowledged before they were asked for";
  for (std::size_t index = 0; index < followers.size() && !HasFatalFailure(); ++index) {
    for (const Copy& copy : PurgeModel::all_copies()) ask(index, copy);
    EXPECT_EQ(scene.edge(index).metric("selvage_purge_resets_total"), 0)
        << "all was purged, for want of a log";
  }
}

INSTANTIATE_TEST_SUITE_P(Logs, PurgeChecker, testing::Values("lmdb", "nats"),
                         [](const auto& tested) { return std::string(tested.param); });

}  // namespace
}  // namespace harness
