// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/recorder.h"
#include "tests/support/test_certificates.h"
#include "tests/support/test_server.h"

namespace http {
namespace {

using support::ClientRig;
using support::get;
using support::Recorder;
using support::TestServer;

/// A server with TLS on a loopback port, and requests to it.
class SecureServer {
 public:
  SecureServer() : files_(certificates_.make("localhost", {"localhost"})), server_({}, options(files_)) {}

  ClientRequest request(const std::string& target) const {
    ClientRequest out = get("https://localhost:" + std::to_string(server_.port()) + target);
    auto server_options = std::make_shared<ServerOptions>();
    server_options->ca_file = files_.certificate;
    out.options = server_options;
    return out;
  }
  TestServer& server() { return server_; }

 private:
  static ListenOptions options(const support::CertificatePaths& files) {
    loop::TlsOptions tls;
    tls.certificates.push_back({files.certificate, files.key});
    ListenOptions out;
    out.tls = *loop::TlsContext::make(tls);
    return out;
  }

  support::TestCertificates certificates_;
  support::CertificatePaths files_;
  TestServer server_;
};

TEST(ClientHttp2, ColdParallelRequestsShareOneConnection) {
  SecureServer secure;
  ClientRig rig;
  std::vector<std::unique_ptr<Recorder>> recorders;
  std::vector<std::unique_ptr<Exchange>> exchanges;
  for (int i = 0; i < 20; ++i) {
    recorders.push_back(std::make_unique<Recorder>());
    exchanges.push_back(rig.client().start(secure.request("/fixed/100000"), *recorders.back()));
  }
  ASSERT_TRUE(rig.run_until(
      [&] { return std::ranges::all_of(recorders, [](const auto& recorder) { return recorder->ended; }); }));
  for (const auto& recorder : recorders) {
    EXPECT_FALSE(recorder->error);
    EXPECT_TRUE(recorder->body == support::pattern(100'000));
  }
  EXPECT_EQ(secure.server().counters().accepted, 1u);
  EXPECT_EQ(secure.server().counters().requests_h2, 20u);
}

TEST(ClientHttp2, RequestsGoBeyondTheConnectionsOnceOneIsKnownToTakeMany) {
  SecureServer secure;
  ClientRig rig(ClientLimits{.connections_per_host = 1, .streams_per_connection = 5});
  Recorder first;
  ASSERT_TRUE(rig.fetch(secure.request("/fixed/1"), first));
  std::vector<std::unique_ptr<Recorder>> recorders;
  std::vector<std::unique_ptr<Exchange>> exchanges;
  for (int i = 0; i < 7; ++i) {
    recorders.push_back(std::make_unique<Recorder>());
    exchanges.push_back(rig.client().start(secure.request("/never"), *recorders.back()));
  }
  ASSERT_TRUE(rig.run_until([&] { return secure.server().maker().lives().size() == 6; }));
  EXPECT_EQ(secure.server().counters().accepted, 1u);
  exchanges.clear();
  Recorder last;
  ASSERT_TRUE(rig.fetch(secure.request("/fixed/1"), last));
  EXPECT_FALSE(last.error);
}

/// Bodies larger than a stream's buffer in curl: each fills up while curl reads for the others.
TEST(ClientHttp2, NoBodyStallsBehindAnother) {
  SecureServer secure;
  ClientRig rig;
  for (int round = 0; round < 40; ++round) {
    std::vector<std::unique_ptr<Recorder>> recorders;
    std::vector<std::unique_ptr<Exchange>> exchanges;
    for (int i = 0; i < 20; ++i) {
      recorders.push_back(std::make_unique<Recorder>());
      exchanges.push_back(rig.client().start(secure.request("/fixed/100000"), *recorders.back()));
    }
    ASSERT_TRUE(rig.run_until([&] {
      return std::ranges::all_of(recorders, [](const auto& recorder) { return recorder->ended; });
    }));
    for (const auto& recorder : recorders) EXPECT_EQ(recorder->body.size(), 100'000u);
  }
}

TEST(ClientHttp2, PausedStreamHoldsBackNoOther) {
  SecureServer secure;
  ClientRig rig;
  Recorder slow;
  slow.when_data = [](std::string_view) { return Flow::Pause; };
  const auto exchange = rig.client().start(secure.request("/fixed/8000000"), slow);
  ASSERT_TRUE(rig.run_until([&] { return !slow.body.empty(); }));
  const std::size_t taken = slow.body.size();
  for (int i = 0; i < 5; ++i) {
    Recorder other;
    ASSERT_TRUE(rig.fetch(secure.request("/fixed/1000000"), other));
    EXPECT_FALSE(other.error);
    EXPECT_TRUE(other.body == support::pattern(1'000'000));
  }
  EXPECT_EQ(slow.body.size(), taken);
  int pieces = 0;
  slow.when_data = [&](std::string_view) { return ++pieces % 20 == 0 ? Flow::Pause : Flow::Continue; };
  ASSERT_TRUE(rig.run_until([&] {
    exchange->resume();
    return slow.ended;
  }));
  EXPECT_FALSE(slow.error);
  EXPECT_TRUE(slow.body == support::pattern(8'000'000));
  EXPECT_EQ(secure.server().counters().accepted, 1u);
}

TEST(ClientHttp2, BodiesTrailersAndInterimHeadsPass) {
  SecureServer secure;
  ClientRig rig;
  Recorder echo;
  ClientRequest request = secure.request("/echo");
  request.method = "POST";
  request.body = support::text_body(support::pattern(500'000), 7000);
  ASSERT_TRUE(rig.fetch(std::move(request), echo));
  EXPECT_FALSE(echo.error);
  EXPECT_TRUE(echo.body == support::pattern(500'000));
  Recorder trailers;
  ASSERT_TRUE(rig.fetch(secure.request("/trailers"), trailers));
  EXPECT_FALSE(trailers.error);
  EXPECT_TRUE(trailers.trailers);
  Recorder hints;
  ASSERT_TRUE(rig.fetch(secure.request("/hints"), hints));
  ASSERT_EQ(hints.informational.size(), 1u);
  EXPECT_EQ(hints.informational[0].status, 103);
  EXPECT_EQ(hints.head->status, 204);
}

TEST(ClientHttp2, BrokenStreamIsAnErrorOfItsOwn) {
  SecureServer secure;
  ClientRig rig;
  Recorder whole;
  const auto other = rig.client().start(secure.request("/slow/300000"), whole);
  // Larger than what socket buffers take: libcurl drops a head that it reads together with the stream's
  // reset.
  for (const char* target : {"/broken/16000000", "/short/16000000"}) {
    Recorder broken;
    ASSERT_TRUE(rig.fetch(secure.request(target), broken));
    ASSERT_TRUE(broken.error) << target;
  }
  Recorder aborted;
  ASSERT_TRUE(rig.fetch(secure.request("/abort"), aborted));
  ASSERT_TRUE(aborted.error);
  ASSERT_TRUE(rig.run_until([&] { return whole.ended; }));
  EXPECT_FALSE(whole.error);
  EXPECT_TRUE(whole.body == support::pattern(300'000));
}

TEST(ClientHttp2, UnknownCertificateIsRefusedBeforeAnythingIsSent) {
  SecureServer secure;
  ClientRig rig;
  Recorder recorder;
  ClientRequest request = secure.request("/fixed/10");
  request.options = std::make_shared<const ServerOptions>();
  ASSERT_TRUE(rig.fetch(std::move(request), recorder));
  ASSERT_TRUE(recorder.error);
  EXPECT_EQ(recorder.error->error.code, base::Errc::Denied) << recorder.error->error.text;
  EXPECT_TRUE(secure.server().maker().lives().empty());
}

TEST(ClientHttp2, FallsBackToHttp1WhenToldTo) {
  SecureServer secure;
  ClientRig rig;
  Recorder recorder;
  ClientRequest request = secure.request("/fixed/10");
  auto options = std::make_shared<ServerOptions>(*request.options);
  options->prefer_http2 = false;
  request.options = options;
  ASSERT_TRUE(rig.fetch(std::move(request), recorder));
  EXPECT_FALSE(recorder.error);
  EXPECT_EQ(secure.server().counters().requests_h1, 1u);
}

TEST(ClientHttp2, PriorKnowledgeWorksRepeatedly) {
  TestServer server;
  ClientRig rig;
  auto options = std::make_shared<ServerOptions>();
  options->http2_prior_knowledge = true;
  for (int i = 0; i < 3; ++i) {
    Recorder recorder;
    ClientRequest request = get("http://127.0.0.1:" + std::to_string(server.port()) + "/fixed/100000");
    request.options = options;
    ASSERT_TRUE(rig.fetch(std::move(request), recorder));
    EXPECT_FALSE(recorder.error);
    EXPECT_TRUE(recorder.body == support::pattern(100'000));
  }
  EXPECT_EQ(server.counters().requests_h2, 3u);
}

}  // namespace
}  // namespace http
