// SPDX-License-Identifier: Apache-2.0
// From accept to the choice of the protocol: addresses, TLS with ALPN and SNI, PROXY headers.
#include <curl/curl.h>
#include <gtest/gtest.h>
#include <linux/tcp.h>

#include <string>

#include "tests/support/h2_client.h"
#include "tests/support/test_certificates.h"
#include "tests/support/test_server.h"
#include "tests/support/wait_until.h"
#include "tests/unit/loop/tls_client.h"

namespace http {
namespace {

using namespace std::chrono_literals;
using support::pattern;
using support::RawClient;
using support::TestServer;
namespace h2 = support::h2;

std::shared_ptr<loop::TlsContext> tls_for(const support::CertificatePaths& paths) {
  auto made = loop::TlsContext::make({.certificates = {{paths.certificate, paths.key}}});
  EXPECT_TRUE(made);
  return made ? *made : nullptr;
}

struct Answer {
  CURLcode result = CURLE_OK;
  long status = 0;
  long version = 0;
  std::string body{};
};

/// One GET of https://site.test:PORT/TARGET by libcurl.
Answer fetch(std::uint16_t port, const std::string& ca_file, const std::string& target, long version) {
  Answer answer;
  CURL* curl = curl_easy_init();
  const std::string url = "https://site.test:" + std::to_string(port) + target;
  curl_slist* resolve =
      curl_slist_append(nullptr, ("site.test:" + std::to_string(port) + ":127.0.0.1").c_str());
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_RESOLVE, resolve);
  curl_easy_setopt(curl, CURLOPT_CAINFO, ca_file.c_str());
  curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, version);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT, 60L);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer.body);
  curl_easy_setopt(
      curl, CURLOPT_WRITEFUNCTION,
      +[](char* bytes, std::size_t size, std::size_t count, void* out) -> std::size_t {
        static_cast<std::string*>(out)->append(bytes, size * count);
        return size * count;
      });
  answer.result = curl_easy_perform(curl);
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer.status);
  curl_easy_getinfo(curl, CURLINFO_HTTP_VERSION, &answer.version);
  curl_slist_free_all(resolve);
  curl_easy_cleanup(curl);
  return answer;
}

TEST(ServerListen, TlsClientsChooseTheirProtocolByAlpn) {
  support::TestCertificates certificates;
  const auto paths = certificates.make("site", {"site.test"});
  TestServer server({}, {.tls = tls_for(paths)});
  const Answer second = fetch(server.port(), paths.certificate, "/fixed/3000000", CURL_HTTP_VERSION_2TLS);
  EXPECT_EQ(second.result, CURLE_OK);
  EXPECT_EQ(second.version, CURL_HTTP_VERSION_2_0);
  EXPECT_EQ(second.body, pattern(3'000'000));
  const Answer first = fetch(server.port(), paths.certificate, "/chunked/3000000", CURL_HTTP_VERSION_1_1);
  EXPECT_EQ(first.result, CURLE_OK);
  EXPECT_EQ(first.version, CURL_HTTP_VERSION_1_1);
  EXPECT_EQ(first.body, pattern(3'000'000));

  ASSERT_TRUE(server.maker().wait_finished(2));
  for (const auto& life : server.maker().lives()) {
    EXPECT_TRUE(life.connection.tls);
    EXPECT_EQ(life.connection.server_name, "site.test");
    EXPECT_EQ(life.connection.client_address, "127.0.0.1");
    EXPECT_EQ(life.connection.server_port, server.port());
    EXPECT_EQ(life.head.scheme, "https");
  }
  EXPECT_EQ(server.counters().tls_handshakes, 2U);
  EXPECT_EQ(server.counters().requests_h2, 1U);
  EXPECT_EQ(server.counters().requests_h1, 1U);
  EXPECT_TRUE(support::wait_until([&] { return server.counters().bytes_out > 6'000'000U; }));
}

TEST(ServerListen, BodiesCutOffUnderTlsAreErrorsForTheClient) {
  support::TestCertificates certificates;
  const auto paths = certificates.make("site", {"site.test"});
  TestServer server({}, {.tls = tls_for(paths)});
  for (const std::string target : {"/short/100000", "/surplus/100000", "/broken/100000"}) {
    for (const long version : {CURL_HTTP_VERSION_1_1, CURL_HTTP_VERSION_2TLS}) {
      EXPECT_NE(fetch(server.port(), paths.certificate, target, version).result, CURLE_OK)
          << target << " " << version;
    }
  }
}

/// How many segments with data have come.
unsigned segments_in(const RawClient& client) {
  tcp_info info{};
  socklen_t size = sizeof info;
  EXPECT_EQ(::getsockopt(client.fd(), IPPROTO_TCP, TCP_INFO, &info, &size), 0);
  return info.tcpi_data_segs_in;
}

TEST(ServerListen, TheSessionsFirstWordsLeaveTogetherWithTheTicket) {
  support::TestCertificates certificates;
  TestServer server({}, {.tls = tls_for(certificates.make("site", {"site.test"}))});
  const RawClient client(server.port());
  loop::TlsClient tls(client.fd(), {.alpn = {"h2"}});
  ASSERT_TRUE(tls.connect());
  char first = 0;
  ASSERT_EQ(SSL_peek(tls.native(), &first, 1), 1);  // of the SETTINGS
  EXPECT_NE(tls.session(), nullptr);
  EXPECT_EQ(segments_in(client), 2U);  // the handshake's only flight, and these
}

TEST(ServerListen, Tls12EndsItsHandshakeBeforeAnythingIsRequested) {
  support::TestCertificates certificates;
  TestServer server({}, {.tls = tls_for(certificates.make("site", {"site.test"}))});
  const RawClient client(server.port());
  loop::TlsClient tls(client.fd(), {.alpn = {"http/1.1"}, .version = TLS1_2_VERSION});
  ASSERT_TRUE(tls.connect());
  EXPECT_NE(tls.session(), nullptr);
  ASSERT_TRUE(tls.write("GET /fixed/2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
  EXPECT_TRUE(tls.read().ends_with(pattern(2)));
}

TEST(ServerListen, NewTlsSettingsAreForNewConnections) {
  support::TestCertificates certificates;
  const auto old = certificates.make("old", {"site.test"});
  const auto fresh = certificates.make("fresh", {"site.test"});
  TestServer server({}, {.tls = tls_for(old)});
  EXPECT_EQ(fetch(server.port(), old.certificate, "/fixed/1", CURL_HTTP_VERSION_2TLS).result, CURLE_OK);
  server.with_server([&](Server& s) { s.set_tls(0, tls_for(fresh)); });
  EXPECT_NE(fetch(server.port(), old.certificate, "/fixed/1", CURL_HTTP_VERSION_2TLS).result, CURLE_OK);
  EXPECT_EQ(fetch(server.port(), fresh.certificate, "/fixed/1", CURL_HTTP_VERSION_2TLS).result, CURLE_OK);
}

TEST(ServerListen, HandshakesAreBoundedAndCounted) {
  support::TestCertificates certificates;
  TestServer server({.handshake = 50ms}, {.tls = tls_for(certificates.make("site", {"site.test"}))});
  RawClient silent(server.port());
  EXPECT_EQ(silent.read_all(), "");
  EXPECT_TRUE(silent.at_end());
  EXPECT_EQ(server.counters().tls_failed, 1U);
  RawClient plain(server.port());
  plain.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  plain.read_all();
  EXPECT_TRUE(plain.at_end());
  EXPECT_EQ(server.counters().tls_failed, 2U);
}

TEST(ServerListen, SilentPlainConnectionsAreBounded) {
  TestServer server({.header = 50ms});
  RawClient client(server.port());
  client.send("PRI * HT");
  EXPECT_EQ(client.read_all(), "");
  EXPECT_TRUE(client.at_end());
}

TEST(ServerListen, PrefaceMayComeInPieces) {
  TestServer server;
  RawClient client(server.port());
  for (const char c : h2::greeting() + h2::headers(1, h2::get("/fixed/3"), true)) client.send({&c, 1});
  const auto data = h2::read_frame(client, NGHTTP2_DATA);
  ASSERT_TRUE(data);
  EXPECT_EQ(data->payload, pattern(3));
}

TEST(ServerListen, ProxyHeaderTellsTheAddresses) {
  TestServer server({}, {.proxy_protocol = true});
  RawClient client(server.port());
  const std::string all =
      "PROXY TCP4 192.0.2.7 198.51.100.1 4321 443\r\nGET /fixed/2 HTTP/1.1\r\nHost: a\r\nConnection: "
      "close\r\n\r\n";
  client.send(all.substr(0, 10));
  client.send(all.substr(10));
  EXPECT_TRUE(client.read_all().ends_with(pattern(2)));
  ASSERT_TRUE(server.maker().wait_finished(1));
  const ConnectionInfo info = server.maker().lives()[0].connection;
  EXPECT_EQ(info.client_address, "192.0.2.7");
  EXPECT_EQ(info.client_port, 4321);
  EXPECT_EQ(info.server_address, "198.51.100.1");
  EXPECT_EQ(info.server_port, 443);
}

TEST(ServerListen, ProxyHeaderIsDemandedWhereConfigured) {
  TestServer server({}, {.proxy_protocol = true});
  RawClient without(server.port());
  without.send("GET /fixed/2 HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(without.read_all(), "");
  EXPECT_TRUE(without.at_end());
  EXPECT_EQ(server.counters().protocol_errors, 1U);
  EXPECT_TRUE(server.maker().lives().empty());
}

TEST(ServerListen, ProxyHeaderIsNotWaitedForWithoutEnd) {
  TestServer server({.handshake = 50ms}, {.proxy_protocol = true});
  RawClient silent(server.port());
  EXPECT_EQ(silent.read_all(), "");
  EXPECT_TRUE(silent.at_end());
  EXPECT_TRUE(server.maker().lives().empty());
}

TEST(ServerListen, ErrorsNameTheAddress) {
  TestServer server;
  server.with_server([](Server& s) {
    const base::Status status = s.listen({.address = "nonsense"});
    ASSERT_FALSE(status);
    EXPECT_NE(status.error().text.find("nonsense"), std::string::npos) << status.error().text;
  });
}

}  // namespace
}  // namespace http
