// SPDX-License-Identifier: Apache-2.0
// An edge that is killed while it fills its disk, again and again: it starts each time, serves what it had
// committed without asking the origin, and nobody ever gets wrong bytes. SELVAGE_TEST_KILLS sets how often
// (50 for the whole of it), SELVAGE_TEST_SEED which objects, requests and moments.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>
#include <set>
#include <thread>

#include "tests/integration/catalogue.h"
#include "tests/integration/purge_scene.h"

namespace harness {
namespace {

using Protocol = Request::Protocol;

constexpr unsigned kClients = 3;
constexpr unsigned kNewObjects = 100;  ///< for each life of the edge
constexpr unsigned kSamples = 60;

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

class Crash : public testing::Test {
 protected:
  Crash() { std::cout << "SELVAGE_TEST_SEED=" << seed << ", SELVAGE_TEST_KILLS=" << kills << std::endl; }

  void begin(const Edge::Options& options) {
    catalogue.offer(scene.origin);
    scene.begin(1, options);
  }
  Edge& edge() { return scene.edge(); }

  struct Held {
    bool memory = false;
    bool disk = false;
  };
  /// What the edge holds of an object; nothing if it does not answer.
  std::optional<Held> look(Client& client, unsigned number) {
    const Response response =
        client.get(edge().admin_url() + "/inspect?url=" + PurgeScene::kHost + Catalogue::path_of(number));
    const auto json = nlohmann::json::parse(response.body, nullptr, false);
    if (!response.ok() || !json.is_object()) return {};
    return Held{json.value("memory", false), json.value("disk", false)};
  }

  /// Asks for objects, mostly new ones, until the edge is gone or `over`.
  void load(std::uint64_t load_seed, const std::atomic<bool>& over) {
    std::mt19937_64 chance(load_seed);
    Client client(edge().client_options());
    while (!over) {
      std::vector<Request> requests;
      std::vector<std::pair<unsigned, std::uint64_t>> asked;  // object, offset
      for (int i = 0; i < 6; ++i) {
        const unsigned newest = objects - 1;
        const bool fresh = chance() % 4 != 0;
        const auto number =
            static_cast<unsigned>(fresh ? newest - chance() % kNewObjects : chance() % objects);
        const std::uint64_t size = catalogue.body_of(number).size();
        Request request =
            scene.request(Catalogue::path_of(number), chance() % 2 ? Protocol::Http2 : Protocol::Http11);
        request.keep_body = false;
        const std::uint64_t offset = chance() % 5 == 0 ? chance() % size : 0;
        if (offset != 0) request.headers.emplace_back("Range", "bytes=" + std::to_string(offset) + "-");
        if (offset == 0 && chance() % 8 == 0) request.leave_after = 1 + chance() % size;
        asked.emplace_back(number, offset);
        requests.push_back(std::move(request));
      }
      const auto responses = client.perform_all(std::move(requests));
      for (std::size_t i = 0; i < responses.size(); ++i) {
        const auto [number, offset] = asked[i];
        EXPECT_TRUE(offset == 0 ? catalogue.is_right(number, responses[i])
                                : catalogue.is_right_part(number, offset, responses[i]));
        if (responses[i].error.empty()) ++answered;
      }
    }
  }
  /// Notes which objects are committed while they are.
  void watch(std::uint64_t watch_seed, const std::atomic<bool>& over) {
    std::mt19937_64 chance(watch_seed);
    Client client;
    while (!over) {
      const auto number = static_cast<unsigned>(objects - 1 - chance() % kNewObjects);
      if (const auto held = look(client, number); held && held->disk) committed.insert(number);
    }
  }
  /// One life of the edge under load, ended by SIGKILL once the origin has given `bytes` more, or half of
  /// what is new: each of those may be asked of it just once.
  void live_and_die(std::uint64_t bytes) {
    std::uint64_t fresh = 0;
    for (unsigned i = 0; i < kNewObjects; ++i) fresh += catalogue.body_of(objects++).size();
    bytes = std::min(bytes, fresh / 2);
    std::atomic<bool> over{false};
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < kClients; ++i) {
      threads.emplace_back([&, load_seed = random()] { load(load_seed, over); });
    }
    threads.emplace_back([&, watch_seed = random()] { watch(watch_seed, over); });
    const std::uint64_t end = scene.origin.body_bytes_sent() + bytes;
    EXPECT_TRUE(wait_until([&] { return scene.origin.body_bytes_sent() >= end; })) << "no load";
    EXPECT_TRUE(edge().running()) << edge().output();
    evictions += edge().metric("selvage_disk_evictions_total");
    edge().process().kill();
    over = true;
    for (std::thread& thread : threads) thread.join();
    EXPECT_TRUE(scene.origin.outlasted());  // so that what comes from now on comes from the next life
  }
  void start_again() {
    const auto begun = std::chrono::steady_clock::now();
    ASSERT_TRUE(edge().start()) << edge().output();
    ASSERT_TRUE(edge().wait_ready()) << edge().output();
    slowest_start = std::max(slowest_start, std::chrono::steady_clock::now() - begun);
  }
  /// That what is on disk, and nothing is in memory yet, is served without the origin.
  void expect_served_from_disk(const std::vector<unsigned>& numbers) {
    Client client(edge().client_options());
    Client admin;
    const std::size_t before = scene.origin.requests();
    for (const unsigned number : numbers) {
      const auto held = look(admin, number);
      ASSERT_TRUE(held);
      if (!held->disk) continue;
      EXPECT_FALSE(held->memory);
      Request request = scene.request(Catalogue::path_of(number));
      request.keep_body = false;
      const Response response = client.perform(std::move(request));
      EXPECT_TRUE(response.ok()) << response.error << response.status;
      EXPECT_TRUE(is_hit(response)) << Catalogue::path_of(number) << ": " << response.header("cache-status");
      EXPECT_TRUE(catalogue.is_right(number, response));
      ++from_disk;
    }
    EXPECT_EQ(scene.origin.requests(), before);
  }
  std::vector<unsigned> sample() {
    std::set<unsigned> numbers;
    while (numbers.size() < std::min(kSamples, objects))
      numbers.insert(static_cast<unsigned>(random() % objects));
    return {numbers.begin(), numbers.end()};
  }
  void report() const {
    std::cout << kills << " kills, " << answered << " whole responses, " << committed.size()
              << " objects known to be committed, " << from_disk
              << " served from disk after a start, slowest start "
              << std::chrono::duration_cast<std::chrono::milliseconds>(slowest_start).count() << " ms"
              << std::endl;
    EXPECT_GT(answered, kills * 5);
    EXPECT_GT(from_disk, kills * 2);
  }

  const std::uint64_t seed = from_environment("SELVAGE_TEST_SEED", std::random_device()());
  const std::uint64_t kills = from_environment("SELVAGE_TEST_KILLS", 6);
  std::mt19937_64 random{seed};
  Catalogue catalogue{seed};
  PurgeScene scene;
  unsigned objects = 0;            ///< asked for so far
  std::set<unsigned> committed{};  ///< /inspect said that they are on disk
  std::atomic<std::uint64_t> answered{0};
  std::uint64_t from_disk = 0;
  double evictions = 0;
  std::chrono::steady_clock::duration slowest_start{};
};

TEST_F(Crash, NothingCommittedIsLostAndNothingWrongIsServed) {
  begin({.disk = "4GiB"});
  for (std::uint64_t kill = 0; kill < kills; ++kill) {
    live_and_die(1'000'000 + random() % 25'000'000);
    ASSERT_NO_FATAL_FAILURE(start_again());
    Client admin;
    for (const unsigned number : committed) {
      const auto held = look(admin, number);
      EXPECT_TRUE(held && held->disk) << Catalogue::path_of(number) << " was committed before kill " << kill;
    }
    ASSERT_NO_FATAL_FAILURE(expect_served_from_disk(sample()));
    EXPECT_EQ(edge().metric("selvage_disk_read_errors_total"), 0);
    if (HasFailure()) break;
  }
  EXPECT_EQ(evictions, 0);
  EXPECT_GT(committed.size(), kills * 2);
  report();
}

TEST_F(Crash, ASmallDiskKeepsItsBudgetAndServesNothingWrong) {
  begin({.memory = "32MiB", .disk = "48MiB"});
  for (std::uint64_t kill = 0; kill < kills; ++kill) {
    live_and_die(10'000'000 + random() % 20'000'000);
    ASSERT_NO_FATAL_FAILURE(start_again());
    ASSERT_NO_FATAL_FAILURE(expect_served_from_disk(sample()));
    EXPECT_LE(edge().metric("selvage_disk_bytes"), 48 << 20);
    EXPECT_LE(edge().metric("selvage_disk_file_bytes"), 48 << 20);
    EXPECT_EQ(edge().metric("selvage_disk_map_full_total"), 0);
    EXPECT_EQ(edge().metric("selvage_disk_read_errors_total"), 0);
    if (HasFailure()) break;
  }
  EXPECT_GT(evictions, 0);
  report();
}

}  // namespace
}  // namespace harness
