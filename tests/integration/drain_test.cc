// SPDX-License-Identifier: Apache-2.0
// The signals that an operator sends: SIGTERM lets what runs end, SIGHUP takes a new configuration as a whole
// or not at all.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <fstream>

#include "tests/integration/download.h"
#include "tests/integration/harness.h"
#include "tests/support/h2_client.h"

namespace harness {
namespace {

using testing::HasSubstr;
using Protocol = Request::Protocol;
using namespace std::chrono_literals;

constexpr std::uint64_t kSize = 300'000;
constexpr std::uint64_t kGateAt = 100'000;

/// One edge in front of an origin whose /slow stops at a gate.
class Signals : public testing::Test {
 protected:
  void begin(const std::string& drain) {
    origin.answer("/slow", Reply{.body = body, .body_gate = gate, .gate_at = kGateAt});
    origin.answer("/a", Reply{.headers = {{"Cache-Control", "max-age=60"}}, .body = std::string("text")});
    Edge::Options options{.origin = origin.url(), .drain = drain};
    // The other host is that of the hand-made HTTP/2 client.
    options.extra = "[[site]]\nname = \"a\"\nhosts = [\"a.test\"]\norigin = \"main\"\nplain = \"serve\"\n";
    edge = std::make_unique<Edge>(certificates, folder / "edge", options);
    ASSERT_TRUE(edge->start()) << edge->output();
  }
  std::uint16_t http_port() const {
    const std::string address = edge->http_address();
    return static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
  }
  Request slow(Protocol protocol) const { return {.url = "https://www.test/slow", .protocol = protocol}; }
  std::string get(const std::string& host, const std::string& path) {
    const Client::Options options{.connect_to = {{host + ":80", edge->http_address()}}};
    const Response response = Client(options).get("http://" + host + path);
    return response.error.empty() ? std::to_string(response.status) + " " + response.body : response.error;
  }
  std::string config() const {
    std::ifstream in(edge->config_file());
    return {std::istreambuf_iterator<char>(in), {}};
  }
  /// Writes another configuration and sends SIGHUP; whether the log says `word` then.
  bool reload(const std::string& text, const std::string& word) {
    std::ofstream(edge->config_file(), std::ios::trunc) << text;
    edge->process().signal(SIGHUP);
    return wait_until([&] { return edge->output().find(word) != std::string::npos; });
  }

  const SeededBody body{1, kSize};
  const std::shared_ptr<Gate> gate = std::make_shared<Gate>();
  TempFolder folder;
  Certificates certificates{folder.path()};
  Origin origin;
  std::unique_ptr<Edge> edge{};
};

TEST_F(Signals, SigtermFinishesWhatRunsAndTakesNothingNew) {
  begin("60s");
  Download h1(edge->client_options(), slow(Protocol::Http11));
  Download h2(edge->client_options(), slow(Protocol::Http2));
  support::H2Client raw(http_port());
  const std::int32_t stream = raw.request("GET", "/slow");
  EXPECT_TRUE(raw.read_until([&] { return raw.stream(stream).body.size() == kGateAt; }));
  ASSERT_TRUE(wait_until([&] { return h1.received() == kGateAt && h2.received() == kGateAt; }));

  edge->process().signal(SIGTERM);
  ASSERT_TRUE(raw.read_until([&] { return raw.goaways().size() == 2; }));
  EXPECT_EQ(raw.goaways().back(), (std::pair<std::uint32_t, std::int32_t>{NGHTTP2_NO_ERROR, stream}));
  EXPECT_EQ(edge->admin("/readyz").body, "draining\n");
  EXPECT_EQ(edge->admin("/healthz").status, 200);
  // The other loop may still be about to close its listener.
  EXPECT_TRUE(wait_until([&] { return get("www.test", "/a").find("connect") != std::string::npos; }));
  EXPECT_TRUE(edge->running());

  gate->open();
  EXPECT_EQ(raw.wait(stream).body, body.text());
  for (Download* download : {&h1, &h2}) {
    const Response response = download->result();
    EXPECT_EQ(response.error, "");
    EXPECT_EQ(response.sha256, body.sha256());
  }
  raw.wait_closed();
  EXPECT_EQ(edge->process().wait(), 0) << edge->output();
}

TEST_F(Signals, SigtermWaitsNoLongerThanTold) {
  begin("500ms");
  Download download(edge->client_options(), slow(Protocol::Http2));
  ASSERT_TRUE(wait_until([&] { return download.received() == kGateAt; }));
  edge->process().signal(SIGTERM);
  EXPECT_EQ(edge->process().wait(), 0) << edge->output();
  const Response response = download.result();
  EXPECT_NE(response.error, "") << "a body that was cut off looks whole";
  EXPECT_LT(response.body_bytes, kSize);
}

TEST_F(Signals, ASecondSigtermEndsItAtOnce) {
  begin("10m");
  Download download(edge->client_options(), slow(Protocol::Http11));
  ASSERT_TRUE(wait_until([&] { return download.received() == kGateAt; }));
  edge->process().signal(SIGTERM);
  ASSERT_TRUE(wait_until([&] { return edge->admin("/readyz").body == "draining\n"; }));
  EXPECT_TRUE(edge->running());
  edge->process().signal(SIGTERM);
  EXPECT_EQ(edge->process().wait(), 0) << edge->output();
  EXPECT_NE(download.result().error, "");
}

TEST_F(Signals, SighupBeginsToServeANewSiteAndDisturbsNobody) {
  begin("5s");
  EXPECT_THAT(get("new.test", "/a"), HasSubstr("421"));
  EXPECT_EQ(get("www.test", "/a"), "200 text");
  Download running(edge->client_options(), slow(Protocol::Http2));
  ASSERT_TRUE(wait_until([&] { return running.received() == kGateAt; }));
  const std::string site =
      "[[site]]\nname = \"new\"\nhosts = [\"new.test\"]\norigin = \"main\"\nplain = \"serve\"\n";
  ASSERT_TRUE(reload(config() + site, "configuration reloaded"));
  EXPECT_TRUE(wait_until([&] { return get("new.test", "/a") == "200 text"; }));
  const std::size_t before = origin.requests("/a");
  EXPECT_EQ(get("www.test", "/a"), "200 text");
  EXPECT_EQ(origin.requests("/a"), before) << "what was cached is forgotten";
  gate->open();
  EXPECT_EQ(running.result().sha256, body.sha256());
  EXPECT_EQ(edge->process().stop(), 0);
}

TEST_F(Signals, SighupWithAWrongFileKeepsTheOldConfigurationAndSaysWhy) {
  begin("5s");
  const std::string good = config();
  const auto line = std::to_string(std::ranges::count(good, '\n') + 1);
  // All of it or nothing: the site before the fault does not come either.
  const std::string site =
      "[[site]]\nname = \"new\"\nhosts = [\"new.test\"]\norigin = \"main\"\nplain = \"serve\"\n";
  ASSERT_TRUE(reload(good + "surplus = 1\n" + site, "configuration not reloaded"));
  EXPECT_THAT(edge->output(), HasSubstr("edge.toml:" + line + ":1: "));
  EXPECT_THAT(edge->output(), HasSubstr("surplus"));
  ASSERT_TRUE(reload(good + site + "[origins.unused]\nurl = 7\n", "origins.unused"));
  EXPECT_THAT(get("new.test", "/a"), HasSubstr("421"));
  EXPECT_EQ(get("www.test", "/a"), "200 text");
  // And what only a restart can change is named.
  std::string other = good;
  other.replace(other.find("loops = 2"), 9, "loops = 3");
  ASSERT_TRUE(reload(other, "[edge] loops cannot change while running"));
  ASSERT_TRUE(reload(good + site, "configuration reloaded"));
  EXPECT_TRUE(wait_until([&] { return get("new.test", "/a") == "200 text"; }));
}

}  // namespace
}  // namespace harness
