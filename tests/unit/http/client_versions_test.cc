// SPDX-License-Identifier: Apache-2.0
#include "edge/http/client_versions.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "tests/support/recorder.h"
#include "tests/support/test_certificates.h"
#include "tests/support/test_server.h"

namespace http {
namespace {

using namespace std::chrono_literals;
using support::ClientRig;
using support::Recorder;
using support::TestServer;

TEST(ServerVersions, Http1IsTakenUntilHttp2IsSeen) {
  ServerVersions versions;
  const base::Steady now{1h};
  EXPECT_FALSE(versions.http1_only("a", now));
  EXPECT_TRUE(versions.may_go("a", false, now));
  EXPECT_TRUE(versions.http1_only("a", now));
  EXPECT_FALSE(versions.http1_only("b", now));
  EXPECT_FALSE(versions.http1_only("a", now + 1h)) << "it may have learnt HTTP/2";
  EXPECT_TRUE(versions.may_go("a", true, now + 1h));
  EXPECT_FALSE(versions.may_go("a", false, now + 1h));
  EXPECT_TRUE(versions.http1_only("a", now + 1h));
}

const std::vector<std::string> kBoth{"h2", "http/1.1"};
const std::vector<std::string> kHttp1{"http/1.1"};

/// A server whose new connections speak what it was last told to.
class ChangingServer : public testing::Test {
 protected:
  ChangingServer() : files_(certificates_.make("localhost", {"localhost"})), server({}, options(kBoth)) {}

  ListenOptions options(std::vector<std::string> alpn) const {
    ListenOptions out;
    out.tls = tls(std::move(alpn));
    return out;
  }
  std::shared_ptr<loop::TlsContext> tls(std::vector<std::string> alpn) const {
    loop::TlsOptions out;
    out.certificates.push_back({files_.certificate, files_.key});
    out.alpn = std::move(alpn);
    return *loop::TlsContext::make(out);
  }
  void speak(std::vector<std::string> protocols) {
    server.with_server([&](Server& s) { s.set_tls(0, tls(std::move(protocols))); });
  }
  ClientRequest request(const std::string& target, bool prefer_http2 = true) const {
    ClientRequest out = support::get("https://localhost:" + std::to_string(server.port()) + target);
    auto server_options = std::make_shared<ServerOptions>();
    server_options->ca_file = files_.certificate;
    server_options->prefer_http2 = prefer_http2;
    out.options = server_options;
    return out;
  }
  bool arrived(ClientRig& rig, std::size_t requests) {
    return rig.run_until([&] { return server.maker().lives().size() == requests; });
  }

 private:
  support::TestCertificates certificates_;
  support::CertificatePaths files_;

 protected:
  TestServer server;
};

TEST_F(ChangingServer, NoRequestJoinsAnHttp1ConnectionThatIsInUse) {
  ClientRig rig(ClientLimits{.streams_per_connection = 1});
  Recorder held[3];
  std::vector<std::unique_ptr<Exchange>> exchanges;
  // Connections in use: one of HTTP/2, one of HTTP/1.1, and again one of HTTP/2 if that is asked for.
  for (int i = 0; i < 3; ++i) {
    speak(i == 1 ? kHttp1 : kBoth);
    exchanges.push_back(rig.client().start(request("/never"), held[i]));
    ASSERT_TRUE(arrived(rig, static_cast<std::size_t>(i) + 1));
  }
  Recorder next;
  ASSERT_TRUE(rig.fetch(request("/fixed/1000"), next));
  EXPECT_FALSE(next.error);
  EXPECT_EQ(next.body, support::pattern(1000));
  for (const Recorder& recorder : held) EXPECT_FALSE(recorder.ended);
}

TEST_F(ChangingServer, RequestsForHttp1AndHttp2HaveConnectionsOfTheirOwn) {
  ClientRig rig(ClientLimits{.streams_per_connection = 1});
  Recorder held[2];
  std::vector<std::unique_ptr<Exchange>> exchanges;
  for (int i = 0; i < 2; ++i) {
    exchanges.push_back(rig.client().start(request("/never", i == 1), held[i]));
    ASSERT_TRUE(arrived(rig, static_cast<std::size_t>(i) + 1));
  }
  Recorder next;
  ASSERT_TRUE(rig.fetch(request("/fixed/1000"), next));
  EXPECT_EQ(next.body, support::pattern(1000));
  EXPECT_EQ(server.counters().requests_h1, 1U);
  EXPECT_EQ(server.counters().requests_h2, 2U);
}

TEST_F(ChangingServer, AServerWithoutHttp2IsAskedOverOneConnection) {
  speak(kHttp1);
  ClientRig rig;
  for (int i = 0; i < 3; ++i) {
    Recorder recorder;
    ASSERT_TRUE(rig.fetch(request("/fixed/1000"), recorder));
    EXPECT_FALSE(recorder.error);
  }
  EXPECT_EQ(server.counters().requests_h1, 3U);
  EXPECT_LE(server.counters().accepted, 2U);
}

}  // namespace
}  // namespace http
