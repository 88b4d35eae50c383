// SPDX-License-Identifier: Apache-2.0
// Edges that were away while there were purges, and a purge log that was cut off, exchanged or out of reach.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "tests/integration/purge_scene.h"

namespace harness {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

constexpr unsigned kObjects = 120;
constexpr unsigned kUnpurged = 20;  // the last of them
constexpr unsigned kPurges = 1'000;

/// One edge with objects on its disk. The origin's bytes are those of its one version.
class CatchUp : public testing::Test {
 protected:
  CatchUp() {
    scene.origin.answer_all([this](const Seen& seen) {
      Reply reply{.headers = {{"Cache-Control", "max-age=3600"}, {"Surrogate-Key", "of" + seen.target}}};
      reply.etag = "\"" + std::to_string(version) + "\"";
      reply.body = body_of(seen.target, version);
      return reply;
    });
  }
  static std::string path_of(unsigned index) { return "/object-" + std::to_string(index); }
  static SeededBody body_of(const std::string& path, unsigned version) {
    const std::uint64_t seed = std::hash<std::string>()(path);
    const std::uint64_t size = seed % 10 == 0 ? 150'000 : 2'000;
    return {seed + version, size};
  }

  void begin() { scene.begin(1, options); }
  Edge& edge() { return scene.edge(); }
  std::vector<Response> get(unsigned first, unsigned end) {
    Client client(edge().client_options());
    std::vector<Request> requests;
    // libcurl 7.88 now and then leaves bytes of a stream unprocessed when many share a connection, whoever
    // serves them (nghttpd too): the edge's own client looks again, see client_multi.cc, this one does not.
    for (unsigned i = first; i < end; ++i) {
      requests.push_back(scene.request(path_of(i), Request::Protocol::Http11));
    }
    return client.perform_all(std::move(requests));
  }
  /// Whether all of them come, with the bytes of `wanted`.
  void expect_version(const std::vector<Response>& responses, unsigned first, unsigned wanted) {
    for (std::size_t i = 0; i < responses.size(); ++i) {
      const std::string path = path_of(first + static_cast<unsigned>(i));
      EXPECT_EQ(responses[i].sha256, body_of(path, wanted).sha256())
          << path << responses[i].error << responses[i].status << responses[i].header("cache-status");
    }
  }
  /// Fetches all objects and waits until they are on disk.
  void fill() {
    expect_version(get(0, kObjects), 0, version);
    ASSERT_TRUE(scene.settled());
    ASSERT_TRUE(wait_until([&] { return edge().metric("selvage_disk_objects") == kObjects; }));
  }
  static std::size_t hits(const std::vector<Response>& responses) {
    return static_cast<std::size_t>(std::ranges::count_if(responses, is_hit));
  }
  /// That nothing from before is served, nor asked about.
  void expect_all_dropped() {
    const std::size_t before = scene.origin.requests();
    version = 2;
    const auto responses = get(0, kObjects);
    EXPECT_EQ(hits(responses), 0U);
    expect_version(responses, 0, 2);
    const auto seen = scene.origin.seen();
    ASSERT_EQ(seen.size(), before + kObjects);
    for (std::size_t i = before; i < seen.size(); ++i) EXPECT_EQ(seen[i].header("if-none-match"), "");
  }
  nlohmann::json api_json(const std::string& path) {
    return nlohmann::json::parse(scene.api.get(path).body, nullptr, false);
  }

  std::atomic<unsigned> version{1};
  Edge::Options options{};
  PurgeScene scene;
};

class CatchUpAfter : public CatchUp, public testing::WithParamInterface<int> {
 protected:
  /// Purges all but the last objects, by URL and by tag, each with many names beside it that nothing has.
  void purge_often() {
    std::vector<Request> requests;
    for (unsigned i = 0; i < kPurges; ++i) {
      const unsigned object = i % (kObjects - kUnpurged);
      nlohmann::json names = nlohmann::json::array();
      const std::string before = i % 2 == 0 ? std::string(PurgeScene::kHost) : "of";
      names.push_back(before + path_of(object));
      for (unsigned n = 0; n < 80; ++n) {
        names.push_back(before + "/of-nobody/" + std::to_string(i) + "/" + std::to_string(n));
      }
      Request request{.url = scene.api.url() + "/v1/purges", .method = "POST"};
      request.headers = {{"Authorization", "Bearer operator-secret"}};
      request.body = nlohmann::json{{"site", "www"}, {i % 2 == 0 ? "urls" : "tags", names}}.dump();
      requests.push_back(std::move(request));
      if (requests.size() < 100) continue;
      for (const Response& answer : scene.api.client().perform_all(std::exchange(requests, {}))) {
        ASSERT_EQ(answer.status, 202) << answer.error << answer.body;
      }
    }
  }
};

TEST_P(CatchUpAfter, AThousandPurgesAreAppliedBeforeItIsReady) {
  begin();
  fill();
  edge().process().signal(GetParam());
  ASSERT_TRUE(edge().process().wait());
  purge_often();
  version = 2;
  ASSERT_TRUE(edge().start()) << edge().output();
  // Until it is ready it may have applied any of them, and serves nothing that any of them names.
  std::size_t early = 0;
  while (edge().admin("/readyz").status != 200) {
    const unsigned object = static_cast<unsigned>(early++) % (kObjects - kUnpurged);
    expect_version(get(object, object + 1), object, 2);
    ASSERT_LT(early, 100'000U) << edge().output();
  }
  EXPECT_EQ(edge().metric("selvage_purge_applied"), kPurges);
  std::cout << early << " requests were answered before it was ready\n";

  const std::size_t before = scene.origin.requests();
  const auto kept = get(kObjects - kUnpurged, kObjects);
  EXPECT_EQ(hits(kept), kUnpurged);
  expect_version(kept, kObjects - kUnpurged, 1);
  EXPECT_EQ(scene.origin.requests(), before);
  expect_version(get(0, kObjects - kUnpurged), 0, 2);

  // It is ready before the last acknowledgement has arrived.
  EXPECT_TRUE(wait_until([&] { return api_json("/v1/nodes")["nodes"][0]["applied"] == kPurges; }));
  const auto node = api_json("/v1/nodes")["nodes"][0];
  EXPECT_EQ(node["node"], "edge-1");
  EXPECT_EQ(node["applied"], kPurges);
  EXPECT_EQ(node["behind"], 0);
  const auto progress = api_json("/v1/purges/" + std::to_string(kPurges));
  EXPECT_EQ(progress["nodes"][0]["node"], "edge-1");
  EXPECT_TRUE(progress["pending"].empty() && progress["away"].empty()) << progress;
}

INSTANTIATE_TEST_SUITE_P(Signals, CatchUpAfter, testing::Values(SIGTERM, SIGKILL), [](const auto& test) {
  return test.param == SIGTERM ? std::string("Sigterm") : std::string("Sigkill");
});

TEST_F(CatchUp, ALogThatWasCutOffDropsEverything) {
  scene.api.set_keep_entries(10);
  begin();
  fill();
  EXPECT_EQ(edge().process().stop(), 0);
  for (int i = 0; i < 12; ++i) scene.log(R"({"site":"www","tags":["of-nobody"]})");
  ASSERT_NO_FATAL_FAILURE(scene.start(0));
  EXPECT_EQ(edge().metric("selvage_purge_resets_total"), 1);
  EXPECT_EQ(edge().metric("selvage_purge_applied"), 12);
  expect_all_dropped();
  // Once, not at each start.
  EXPECT_EQ(edge().process().stop(), 0);
  ASSERT_NO_FATAL_FAILURE(scene.start(0));
  EXPECT_EQ(edge().metric("selvage_purge_resets_total"), 0);
  EXPECT_EQ(hits(get(0, kObjects)), kObjects);
}

TEST_F(CatchUp, ALogThatReachesBackFarEnoughDropsNothing) {
  scene.api.set_keep_entries(10);
  begin();
  fill();
  EXPECT_EQ(edge().process().stop(), 0);
  for (int i = 0; i < 10; ++i) scene.log(R"({"site":"www","tags":["of-nobody"]})");
  ASSERT_NO_FATAL_FAILURE(scene.start(0));
  EXPECT_EQ(edge().metric("selvage_purge_resets_total"), 0);
  EXPECT_EQ(hits(get(0, kObjects)), kObjects);
}

TEST_F(CatchUp, AnotherLogDropsEverything) {
  begin();
  scene.purge(R"({"site":"www","tags":["of-nobody"]})");
  fill();
  EXPECT_EQ(edge().process().stop(), 0);
  scene.api.process().kill();
  std::filesystem::remove_all(scene.api.log_folder());
  ASSERT_TRUE(scene.api.start()) << scene.api.output();
  // Its numbers alone would let the edge go on.
  for (int i = 0; i < 3; ++i) scene.log(R"({"site":"www","tags":["of-nobody"]})");
  ASSERT_NO_FATAL_FAILURE(scene.start(0));
  EXPECT_EQ(edge().metric("selvage_purge_resets_total"), 1);
  expect_all_dropped();
}

TEST_F(CatchUp, AnotherLogWhileItRunsDropsEverything) {
  begin();
  scene.purge(R"({"site":"www","tags":["of-nobody"]})");
  fill();
  scene.api.process().kill();
  std::filesystem::remove_all(scene.api.log_folder());
  ASSERT_TRUE(scene.api.start()) << scene.api.output();
  EXPECT_TRUE(wait_until([&] { return edge().metric("selvage_purge_resets_total") == 1; }));
  expect_all_dropped();
}

TEST_F(CatchUp, ALostStateFolderDropsEverythingOnDisk) {
  begin();
  fill();
  EXPECT_EQ(edge().process().stop(), 0);
  std::filesystem::remove_all(edge().state_folder());
  scene.log(R"({"site":"www","tags":["of/object-0"]})");
  ASSERT_NO_FATAL_FAILURE(scene.start(0));
  EXPECT_EQ(edge().metric("selvage_disk_objects"), 0);
  EXPECT_THAT(edge().output(), HasSubstr("the disk cache starts empty"));
  expect_all_dropped();
}

}  // namespace
}  // namespace harness
