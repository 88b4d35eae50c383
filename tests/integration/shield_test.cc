// SPDX-License-Identifier: Apache-2.0
// An edge behind another edge, the shield, whose purge log is held back: one purge is enough all the same.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cinttypes>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "tests/integration/download.h"
#include "tests/integration/purge_scene.h"

namespace harness {
namespace {

constexpr std::uint64_t kLargeBytes = 3 << 20;
constexpr const char* kPeers = "peers = [\"127.0.0.0/8\"]\n";
constexpr const char* kPurge = R"({"site":"www","tags":["page"]})";

class Shield : public testing::Test {
 protected:
  /// `clock`: whether the edge tells the shield how far it is.
  void begin(bool clock, const std::string& shield_keys = kPeers) {
    ASSERT_TRUE(api.start()) << api.output();
    relay = std::make_unique<Relay>(api.port());
    Edge::Options options{.node = "shield", .origin = origin.url(), .loops = 1};
    options.purge_url = "https://127.0.0.1:" + std::to_string(relay->port());
    options.purge_keys = shield_keys;
    options.extra =
        "[[listener]]\nname = \"proxies\"\naddress = \"127.0.0.1:0\"\ntls = false\ntrust_forwarded = true\n";
    shield = std::make_unique<Edge>(certificates, folder / "shield", options);
    ASSERT_TRUE(shield->start()) << shield->output();
    ASSERT_TRUE(shield->wait_ready());
    options = {.node = "edge", .origin = "http://" + shield->http_address()};
    options.origin_keys = clock ? "purge_clock = true" : "";
    options.purge_url = api.url();
    edge = std::make_unique<Edge>(certificates, folder / "edge", options);
    ASSERT_TRUE(edge->start()) << edge->output();
    ASSERT_TRUE(edge->wait_ready());
    origin.answer_all([this](const Seen& seen) { return reply(seen); });
  }
  Reply reply(const Seen& seen) const {
    const std::string version = std::to_string(version_.load());
    Reply out{
        .headers = {{"Cache-Control", "max-age=3600"}, {"Surrogate-Key", "page"}, {"X-Version", version}}};
    out.etag = '"' + version + '"';
    if (seen.target.starts_with("/large")) {
      const SeededBody whole(version_, kLargeBytes);
      std::uint64_t first = 0;
      std::uint64_t last = 0;
      if (std::sscanf(seen.header("range").c_str(), "bytes=%" SCNu64 "-%" SCNu64, &first, &last) == 2) {
        last = std::min(last, kLargeBytes - 1);
        out.status = 206;
        out.headers.emplace_back("Content-Range", "bytes " + std::to_string(first) + "-" +
                                                      std::to_string(last) + "/" +
                                                      std::to_string(kLargeBytes));
        out.body = whole.text(first, last - first + 1);
      } else {
        out.body = whole;
      }
    } else {
      out.body = "version " + version;
    }
    return out;
  }
  static Response get(Edge& from, const std::string& path = "/a", Headers headers = {}) {
    Request request{.url = "http://www.test" + path, .headers = std::move(headers)};
    return Client(from.client_options()).perform(std::move(request));
  }
  /// From the shield's listener of trusted proxies.
  Response get_by_proxy(Headers headers) {
    Client::Options options = shield->client_options();
    options.connect_to["www.test:80"] = shield->address_of("proxies");
    return Client(options).perform({.url = "http://www.test/a", .headers = std::move(headers)});
  }
  static std::string version_of(const Response& response) { return response.header("x-version"); }
  /// The origin has a new version, which is purged; the edge knows, the shield does not.
  void renew_behind_the_shield() {
    relay->hold();
    ++version_;
    const std::uint64_t number = purge_sequence(api.purge(kPurge));
    ASSERT_NE(number, 0U);
    ASSERT_TRUE(
        wait_until([&] { return edge->metric("selvage_purge_applied") >= static_cast<double>(number); }));
    ASSERT_LT(shield->metric("selvage_purge_applied"), static_cast<double>(number));
  }
  bool shield_catches_up() {
    relay->release();
    return wait_until(
        [&] { return shield->metric("selvage_purge_applied") == edge->metric("selvage_purge_applied"); });
  }
  std::string log_id() { return nlohmann::json::parse(api.get("/v1/nodes").body)["log_id"]; }

  TempFolder folder;
  Certificates certificates{folder.path()};
  std::atomic<unsigned> version_{1};
  Origin origin;
  PurgeApi api{certificates, folder / "purge"};
  std::unique_ptr<Relay> relay;
  std::unique_ptr<Edge> shield;
  std::unique_ptr<Edge> edge;
};

TEST_F(Shield, OnePurgeIsEnoughThoughItIsBehind) {
  begin(true);
  for (int i = 0; i < 2; ++i) EXPECT_EQ(version_of(get(*edge)), "1");
  EXPECT_EQ(origin.requests(), 1U);
  renew_behind_the_shield();
  EXPECT_EQ(version_of(get(*edge)), "2");
  EXPECT_TRUE(edge->settled());
  EXPECT_TRUE(is_hit(get(*edge)));
  // Nobody has asked the shield for the new version by itself: it obeys what it knows.
  EXPECT_EQ(shield->metric("selvage_peer_passes_total"), 1);
  EXPECT_EQ(edge->metric("selvage_parents_behind_total"), 1);
  ASSERT_TRUE(shield_catches_up());
  EXPECT_EQ(version_of(get(*shield)), "2");
  EXPECT_EQ(version_of(get(*edge)), "2");
  EXPECT_TRUE(is_hit(get(*edge)));
}

// What the clock is for.
TEST_F(Shield, WithoutTheClockAStaleCopyComesBack) {
  begin(false);
  EXPECT_EQ(version_of(get(*edge)), "1");
  relay->hold();
  ++version_;
  // Without the clock the shield does not tell tags either.
  const std::uint64_t number = purge_sequence(api.purge(R"({"site":"www","everything":true})"));
  ASSERT_TRUE(
      wait_until([&] { return edge->metric("selvage_purge_applied") >= static_cast<double>(number); }));
  EXPECT_EQ(version_of(get(*edge)), "1");
  ASSERT_TRUE(shield_catches_up());
  EXPECT_EQ(version_of(get(*edge)), "1");
}

TEST_F(Shield, WaitsForTheLogWhereThatIsAllowedToTakeLong) {
  begin(true, std::string(kPeers) + "peer_wait = \"10s\"\n");
  EXPECT_EQ(version_of(get(*edge)), "1");
  renew_behind_the_shield();
  Download waiting(edge->client_options(), Request{.url = "http://www.test/a"});
  ASSERT_TRUE(wait_until([&] { return shield->metric("selvage_peer_waits_total") == 1; }));
  EXPECT_FALSE(waiting.done());
  ASSERT_TRUE(shield_catches_up());
  EXPECT_EQ(version_of(waiting.result()), "2");
  EXPECT_EQ(shield->metric("selvage_peer_passes_total"), 0);
  // Having caught up, it kept what it fetched.
  EXPECT_TRUE(is_hit(get(*shield)));
}

TEST_F(Shield, GivesPartsOfTheNewVersionToo) {
  begin(true);
  const Headers range = {{"Range", "bytes=1500000-1500099"}};
  const auto part = [&] {
    const Response response = get(*edge, "/large", range);
    EXPECT_EQ(response.status, 206) << response.error;
    return response.body;
  };
  EXPECT_EQ(part(), SeededBody(1, kLargeBytes).text(1'500'000, 100));
  renew_behind_the_shield();
  EXPECT_EQ(part(), SeededBody(2, kLargeBytes).text(1'500'000, 100));
  ASSERT_TRUE(shield_catches_up());
  EXPECT_EQ(part(), SeededBody(2, kLargeBytes).text(1'500'000, 100));
}

TEST_F(Shield, ThoseWhoAreAsFarShareAFetchAndNoOlderOne) {
  begin(true, std::string(kPeers) + "peer_wait = \"0\"\n");
  const auto gate = std::make_shared<Gate>();
  const auto held = [&](const Seen& seen) {
    Reply out = reply(seen);
    out.head_gate = gate;
    return out;
  };
  origin.answer("/slow", held);
  const Request plain{.url = "http://www.test/slow"};
  Download early(shield->client_options(), plain);
  ASSERT_TRUE(wait_until([&] { return origin.requests("/slow") == 1; }));
  renew_behind_the_shield();
  Request ahead = plain;
  ahead.headers = {{"Selvage-Purge-Clock", log_id() + "/1"}};
  ahead.own_connection = true;
  std::vector<std::unique_ptr<Download>> late;
  for (int i = 0; i < 8; ++i) late.push_back(std::make_unique<Download>(shield->client_options(), ahead));
  ASSERT_TRUE(wait_until([&] { return shield->metric("selvage_peer_passes_total") == 8; }));
  gate->open();
  for (const auto& download : late) EXPECT_EQ(version_of(download->result()), "2");
  EXPECT_EQ(version_of(early.result()), "1");
  EXPECT_EQ(origin.requests("/slow"), 2U);
}

TEST_F(Shield, AThirdTierIsToldWhoeverIsAhead) {
  begin(true);
  Edge::Options options{.node = "middle", .origin = "http://" + shield->http_address()};
  options.origin_keys = "purge_clock = true";
  options.purge_url = shield->options().purge_url;
  options.purge_keys = "peers = [\"127.0.0.0/8\"]\n";
  Edge middle(certificates, folder / "middle", options);
  ASSERT_TRUE(middle.start()) << middle.output();
  ASSERT_TRUE(middle.wait_ready());
  edge->options().origin = "http://" + middle.http_address();
  ASSERT_TRUE(edge->start()) << edge->output();
  ASSERT_TRUE(edge->wait_ready());
  EXPECT_EQ(version_of(get(*edge)), "1");
  renew_behind_the_shield();
  EXPECT_EQ(version_of(get(*edge)), "2");
  EXPECT_EQ(middle.metric("selvage_peer_passes_total"), 1);
  EXPECT_EQ(shield->metric("selvage_peer_passes_total"), 1);
}

TEST_F(Shield, AnotherLogIsNeverReached) {
  begin(true, std::string(kPeers) + "peer_wait = \"0\"\n");
  EXPECT_EQ(version_of(get(*shield)), "1");
  ++version_;
  EXPECT_EQ(version_of(get(*shield, "/a", {{"Selvage-Purge-Clock", "another-log/0"}})), "2");
  EXPECT_EQ(version_of(get(*shield, "/a", {{"Selvage-Purge-Clock", "what?"}})), "2");
}

TEST_F(Shield, TellsItsPlaceAndTagsToPeersOnly) {
  begin(true);
  const Response peer = get(*shield, "/a", {{"Selvage-Purge-Clock", "-/0"}});
  EXPECT_EQ(peer.header("selvage-purge-clock"), log_id() + "/0");
  EXPECT_EQ(peer.header("surrogate-key"), "page");
  for (Edge* one : {shield.get(), edge.get()}) {
    const Response client = get(*one);
    EXPECT_EQ(client.header("selvage-purge-clock"), "");
    EXPECT_EQ(client.header("surrogate-key"), "");
  }
  for (const Seen& seen : origin.seen()) EXPECT_EQ(seen.header("selvage-purge-clock"), "");
}

// There the edge is one of the proxies that are believed: it names its client, and is a peer all the same.
TEST_F(Shield, KnowsAPeerByItsOwnAddressWhereItTrustsProxies) {
  begin(true);
  const Response peer = get_by_proxy({{"Selvage-Purge-Clock", "-/0"}, {"X-Forwarded-For", "192.0.2.7"}});
  EXPECT_EQ(peer.header("selvage-purge-clock"), log_id() + "/0");
  EXPECT_EQ(shield->metric("selvage_peer_strangers_total"), 0);
  edge->options().origin = "http://" + shield->address_of("proxies");
  ASSERT_TRUE(edge->start()) << edge->output();
  ASSERT_TRUE(edge->wait_ready());
  EXPECT_EQ(version_of(get(*edge)), "1");
  renew_behind_the_shield();
  EXPECT_EQ(version_of(get(*edge)), "2");
  EXPECT_EQ(shield->metric("selvage_peer_passes_total"), 1);
}

TEST_F(Shield, KnowsNoPeerByWhatItForwards) {
  begin(true, "peers = [\"192.0.2.0/24\"]\n");
  const Response other = get_by_proxy({{"Selvage-Purge-Clock", "what?"}, {"X-Forwarded-For", "192.0.2.7"}});
  EXPECT_EQ(version_of(other), "1");
  EXPECT_EQ(other.header("selvage-purge-clock"), "");
  EXPECT_EQ(shield->metric("selvage_peer_passes_total"), 0);
  EXPECT_EQ(shield->metric("selvage_peer_strangers_total"), 1);
}

TEST_F(Shield, AStrangersClockCountsForNothing) {
  begin(true);
  EXPECT_EQ(version_of(get(*edge)), "1");
  EXPECT_TRUE(edge->settled());
  ++version_;
  // The edge trusts nobody: its clients cannot make it pass its cache by.
  const Response stranger = get(*edge, "/a", {{"Selvage-Purge-Clock", "another-log/7"}});
  EXPECT_TRUE(is_hit(stranger));
  EXPECT_EQ(version_of(stranger), "1");
  // Nor the shield behind it.
  get(*edge, "/b", {{"Selvage-Purge-Clock", "another-log/7"}});
  EXPECT_EQ(shield->metric("selvage_peer_passes_total"), 0);
  for (const Seen& seen : origin.seen()) EXPECT_EQ(seen.header("selvage-purge-clock"), "");
}

}  // namespace
}  // namespace harness
