// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "edge/loop/tls_context.h"
#include "edge/loop/transport.h"
#include "tests/support/test_certificates.h"
#include "tests/unit/loop/tls_client.h"

namespace loop {
namespace {

using Io = Transport::Io;

/// Certificates for a few names, and what a node would make of them.
class TlsTransportTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    files_ = std::make_unique<support::TestCertificates>();
    options_ = std::make_unique<TlsOptions>();
    add(files_->make("first", {"first.test"}));
    add(files_->make("wild", {"*.wild.test"}));
    add(files_->make("exact", {"exact.wild.test", "also.test"}));
    add(files_->make_without_alternatives("old", "old.test"));
    add(files_->make("edwards", {"also.test"}, support::TestCertificates::Key::Ed25519));
  }
  static void TearDownTestSuite() {
    options_.reset();
    files_.reset();
  }
  static void add(const support::CertificatePaths& paths) {
    options_->certificates.push_back({.certificate = paths.certificate, .key = paths.key});
  }
  static std::shared_ptr<TlsContext> make_context() { return TlsContext::make(*options_).value(); }

  static std::unique_ptr<support::TestCertificates> files_;
  static std::unique_ptr<TlsOptions> options_;
};
std::unique_ptr<support::TestCertificates> TlsTransportTest::files_;
std::unique_ptr<TlsOptions> TlsTransportTest::options_;

/// A server's transport and a client, joined by a socket pair, stepped by turns on one thread.
struct Session {
  Session(const TlsContext& context, const TlsClient::Options& options) {
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds.data()), 0);
    transport = make_tls_transport(loop(), fds[0], context, "");
    client = std::make_unique<TlsClient>(fds[1], options);
  }
  ~Session() {
    client.reset();
    transport.reset();
    close(fds[1]);
  }
  /// Whether both sides ended the handshake.
  bool handshake() {
    for (int i = 0; i < 20; ++i) {
      const bool connected = client->connect();
      read();
      if (transport->handshake_done()) transport->flush();
      if (connected && transport->handshake_done()) {
        client->read();  // takes the tickets
        return true;
      }
      if (last == Io::Failed) return false;
    }
    return false;
  }
  /// All that the transport has now; see `last` for how it ended.
  std::string read() {
    std::string all;
    std::array<char, 20000> buffer{};
    while (true) {
      const auto [io, bytes] = transport->read(buffer.data(), buffer.size());
      last = io;
      if (io != Io::Ok) return all;
      all.append(buffer.data(), bytes);
    }
  }

  static Loop& loop() {
    static Loop never_run;  // one for all: libuv closes descriptors past ThreadSanitizer's sight
    return never_run;
  }

  std::array<int, 2> fds{};
  std::unique_ptr<Transport> transport;
  std::unique_ptr<TlsClient> client;
  Io last = Io::Ok;
};

TEST_F(TlsTransportTest, ExchangesBytes) {
  const auto context = make_context();
  for (const int version : {TLS1_3_VERSION, TLS1_2_VERSION}) {
    Session session(*context, {.server_name = "first.test", .alpn = {"http/1.1"}, .version = version});
    EXPECT_FALSE(session.transport->handshake_done());
    ASSERT_TRUE(session.handshake());
    EXPECT_TRUE(session.transport->tls());
    EXPECT_EQ(session.transport->server_name(), "first.test");
    EXPECT_FALSE(session.transport->resumed());
    EXPECT_FALSE(session.transport->wants_write());
    ASSERT_TRUE(session.client->write("question"));
    EXPECT_EQ(session.read(), "question");
    EXPECT_EQ(session.last, Io::Again);
    EXPECT_EQ(session.transport->write("answer"), Io::Ok);
    EXPECT_EQ(session.client->read(), "");  // not before flush()
    EXPECT_EQ(session.transport->flush(), Io::Ok);
    EXPECT_EQ(session.client->read(), "answer");
    EXPECT_GT(session.transport->bytes_in(), 0U);
    EXPECT_GT(session.transport->bytes_out(), 0U);
  }
}

TEST_F(TlsTransportTest, TicketsLeaveTogetherWithTheAnswer) {
  const auto context = make_context();
  Session session(*context, {});
  while (!session.client->connect()) {
    session.read();
    ASSERT_NE(session.last, Io::Failed) << session.transport->error_text();
  }
  const std::uint64_t before = session.transport->bytes_out();
  ASSERT_TRUE(session.client->write("question"));
  EXPECT_EQ(session.read(), "question");
  EXPECT_EQ(session.transport->bytes_out(), before);
  EXPECT_TRUE(session.transport->wants_write());
  EXPECT_EQ(session.client->session(), nullptr);
  EXPECT_EQ(session.transport->write("answer"), Io::Ok);
  EXPECT_EQ(session.transport->flush(), Io::Ok);
  EXPECT_FALSE(session.transport->wants_write());
  EXPECT_EQ(session.client->read(), "answer");
  EXPECT_NE(session.client->session(), nullptr);
}

TEST_F(TlsTransportTest, ChoosesTheCertificateByName) {
  const auto context = make_context();
  struct Case {
    const char* server_name;
    const char* certificate;
  };
  for (const auto& [server_name, certificate] :
       {Case{"first.test", "first.test"}, Case{"exact.wild.test", "exact.wild.test"},
        Case{"EXACT.wild.TEST", "exact.wild.test"}, Case{"other.wild.test", "*.wild.test"},
        Case{"deep.other.wild.test", "first.test"}, Case{"wild.test", "first.test"},
        Case{"old.test", "old.test"}, Case{"unknown.test", "first.test"}, Case{"", "first.test"}}) {
    for (const int version : {TLS1_3_VERSION, TLS1_2_VERSION}) {
      Session session(*context, {.server_name = server_name, .version = version});
      ASSERT_TRUE(session.handshake()) << server_name;
      EXPECT_EQ(session.client->certificate_name(), certificate) << server_name;
    }
  }
}

TEST_F(TlsTransportTest, ChoosesTheKeyThatTheClientCanCheck) {
  const auto context = make_context();
  Session modern(*context, {.server_name = "also.test", .signatures = "ed25519"});
  ASSERT_TRUE(modern.handshake()) << modern.transport->error_text();
  EXPECT_EQ(modern.client->certificate_name(), "also.test");
  Session usual(*context, {.server_name = "also.test", .signatures = "ECDSA+SHA256"});
  ASSERT_TRUE(usual.handshake()) << usual.transport->error_text();
  EXPECT_EQ(usual.client->certificate_name(), "exact.wild.test");
}

TEST_F(TlsTransportTest, HasAllKeysOfTheFirstCertificatesNamesForWhoeverNamesNoOther) {
  support::TestCertificates files;
  TlsOptions options;
  for (const auto& paths : {files.make("usual", {"first.test"}),
                            files.make("modern", {"first.test"}, support::TestCertificates::Key::Ed25519)})
    options.certificates.push_back({.certificate = paths.certificate, .key = paths.key});
  const auto context = TlsContext::make(options).value();
  for (const char* name : {"first.test", "unknown.test", ""}) {
    for (const int version : {TLS1_3_VERSION, TLS1_2_VERSION}) {
      for (const char* signatures : {"ed25519", "ECDSA+SHA256"}) {
        Session session(*context, {.server_name = name, .version = version, .signatures = signatures});
        EXPECT_TRUE(session.handshake())
            << name << ' ' << signatures << ' ' << session.transport->error_text();
      }
    }
  }
}

TEST_F(TlsTransportTest, AgreesOnTheProtocolThatTheServerPrefers) {
  const auto context = make_context();
  Session both(*context, {.alpn = {"http/1.1", "h2"}});
  ASSERT_TRUE(both.handshake());
  EXPECT_EQ(both.transport->alpn(), "h2");
  EXPECT_EQ(both.client->alpn(), "h2");
  Session one(*context, {.alpn = {"http/1.1"}});
  ASSERT_TRUE(one.handshake());
  EXPECT_EQ(one.transport->alpn(), "http/1.1");
  Session none(*context, {});
  ASSERT_TRUE(none.handshake());
  EXPECT_EQ(none.transport->alpn(), "");
  Session foreign(*context, {.alpn = {"smtp"}});
  EXPECT_FALSE(foreign.handshake());
  EXPECT_EQ(foreign.last, Io::Failed);
}

TEST_F(TlsTransportTest, PrefersAes128) {
  const auto context = make_context();
  Session modern(*context, {});
  ASSERT_TRUE(modern.handshake());
  EXPECT_EQ(modern.client->cipher(), "TLS_AES_128_GCM_SHA256");
  Session old(*context, {.version = TLS1_2_VERSION});
  ASSERT_TRUE(old.handshake());
  EXPECT_EQ(old.client->cipher(), "ECDHE-ECDSA-AES128-GCM-SHA256");
}

TEST_F(TlsTransportTest, ResumesSessionsAlsoUnderAnotherContext) {
  const auto before = make_context();
  const auto after = make_context();  // as a reload makes it
  for (const int version : {TLS1_3_VERSION, TLS1_2_VERSION}) {
    Session first(*before, {.server_name = "first.test", .version = version});
    ASSERT_TRUE(first.handshake());
    ASSERT_NE(first.client->session(), nullptr);
    Session second(*after,
                   {.server_name = "first.test", .version = version, .resume = first.client->session()});
    ASSERT_TRUE(second.handshake());
    EXPECT_TRUE(second.transport->resumed());
    EXPECT_EQ(second.transport->server_name(), "first.test");
  }
}

TEST_F(TlsTransportTest, RefusesTls12WhereItIsOff) {
  TlsOptions options = *options_;
  options.tls12 = false;
  const auto context = TlsContext::make(options).value();
  Session session(*context, {.version = TLS1_2_VERSION});
  EXPECT_FALSE(session.handshake());
  EXPECT_NE(session.transport->error_text().find("unsupported protocol"), std::string::npos)
      << session.transport->error_text();
  Session modern(*context, {});
  EXPECT_TRUE(modern.handshake());
}

TEST_F(TlsTransportTest, HandshakesOnWhenTheContextIsGone) {
  auto context = make_context();
  Session session(*context, {.server_name = "old.test"});
  context.reset();
  ASSERT_TRUE(session.handshake());
  EXPECT_EQ(session.client->certificate_name(), "old.test");
}

TEST_F(TlsTransportTest, TakesBytesThatWereReadBefore) {
  const auto context = make_context();
  Session session(*context, {});
  session.client->connect();  // writes its hello into the socket
  std::string hello(4096, '\0');
  const ssize_t count = recv(session.fds[0], hello.data(), hello.size(), MSG_DONTWAIT);
  ASSERT_GT(count, 0);
  hello.resize(static_cast<std::size_t>(count));
  const int fd = dup(session.fds[0]);
  session.transport = make_tls_transport(Session::loop(), fd, *context, hello);
  EXPECT_TRUE(session.handshake());
  EXPECT_GE(session.transport->bytes_in(), hello.size());
}

TEST_F(TlsTransportTest, DeliversAllToASlowReader) {
  const auto context = make_context();
  Session session(*context, {});
  ASSERT_TRUE(session.handshake());
  std::string sent;
  for (int i = 0; i < 128; ++i) {
    const std::string record(16384, static_cast<char>('a' + i % 26));
    ASSERT_EQ(session.transport->write(record), Io::Ok);
    sent += record;
  }
  EXPECT_EQ(session.transport->flush(), Io::Again);
  EXPECT_GT(session.transport->pending(), 0U);
  session.transport->finish();
  std::string seen = session.client->read();
  while (session.transport->flush() == Io::Again) seen += session.client->read();
  seen += session.client->read();
  EXPECT_EQ(seen == sent, true) << seen.size() << " of " << sent.size();
  EXPECT_TRUE(session.client->ended());
  EXPECT_EQ(session.transport->pending(), 0U);
}

TEST_F(TlsTransportTest, ReadsLargeRequests) {
  const auto context = make_context();
  Session session(*context, {});
  ASSERT_TRUE(session.handshake());
  const std::string piece(10'000, 'x');
  std::size_t seen = 0;
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(session.client->write(piece));
    seen += session.read().size();
  }
  EXPECT_EQ(seen + session.read().size(), 500'000U);
}

TEST_F(TlsTransportTest, KeepsTheBytesOfTransportsApart) {
  const auto context = make_context();
  Session first(*context, {});
  Session second(*context, {});
  ASSERT_TRUE(first.handshake());
  ASSERT_TRUE(second.handshake());
  first.transport->write("a1");
  second.transport->write("b1");
  first.transport->write("a2");
  EXPECT_EQ(second.transport->flush(), Io::Ok);
  EXPECT_EQ(first.transport->flush(), Io::Ok);
  EXPECT_EQ(first.client->read(), "a1a2");
  EXPECT_EQ(second.client->read(), "b1");
}

TEST_F(TlsTransportTest, CallsAnEndAnEnd) {
  const auto context = make_context();
  Session polite(*context, {});
  ASSERT_TRUE(polite.handshake());
  SSL_shutdown(polite.client->native());
  EXPECT_EQ(polite.read(), "");
  EXPECT_EQ(polite.last, Io::Closed);
  EXPECT_EQ(polite.transport->write("still"), Io::Ok);  // the other way is open
  EXPECT_EQ(polite.transport->flush(), Io::Ok);

  Session short_cut(*context, {});
  ASSERT_TRUE(short_cut.handshake());
  shutdown(short_cut.fds[1], SHUT_WR);
  EXPECT_EQ(short_cut.read(), "");
  EXPECT_EQ(short_cut.last, Io::Closed);
}

TEST_F(TlsTransportTest, TellsALookFromABrokenHandshake) {
  const auto context = make_context();
  Session look(*context, {});
  shutdown(look.fds[1], SHUT_WR);
  look.read();
  EXPECT_EQ(look.last, Io::Closed);

  Session broken(*context, {});
  broken.client->connect();
  shutdown(broken.fds[1], SHUT_WR);
  broken.read();  // the hello
  broken.read();
  EXPECT_EQ(broken.last, Io::Failed);
  EXPECT_NE(broken.transport->error_text().find("in the handshake"), std::string::npos)
      << broken.transport->error_text();
}

TEST_F(TlsTransportTest, RefusesWhatIsNotTls) {
  const auto context = make_context();
  Session session(*context, {});
  const std::string_view request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  ASSERT_EQ(write(session.fds[1], request.data(), request.size()), static_cast<ssize_t>(request.size()));
  EXPECT_EQ(session.read(), "");
  EXPECT_EQ(session.last, Io::Failed);
  EXPECT_NE(session.transport->error_text().find("TLS: http request"), std::string::npos)
      << session.transport->error_text();
  EXPECT_EQ(session.transport->write("x"), Io::Failed);
  EXPECT_EQ(session.transport->flush(), Io::Failed);
}

TEST_F(TlsTransportTest, RefusesRenegotiation) {
  const auto context = make_context();
  Session session(*context, {.version = TLS1_2_VERSION});
  ASSERT_TRUE(session.handshake());
  ASSERT_EQ(SSL_renegotiate(session.client->native()), 1);
  for (int i = 0; i < 5; ++i) {
    SSL_do_handshake(session.client->native());
    session.read();
  }
  EXPECT_EQ(SSL_renegotiate_pending(session.client->native()), 1);  // never done
}

TEST_F(TlsTransportTest, ServesManyThreadsWithOneContext) {
  const auto context = make_context();
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&context] {
      SessionPtr known;
      for (int n = 0; n < 5; ++n) {
        Session session(*context, {.server_name = "old.test", .resume = known.get()});
        ASSERT_TRUE(session.handshake());
        EXPECT_EQ(session.transport->resumed(), known != nullptr);
        session.transport->write("bytes");
        EXPECT_EQ(session.transport->flush(), Io::Ok);
        EXPECT_EQ(session.client->read(), "bytes");
        ASSERT_NE(session.client->session(), nullptr);
        SSL_SESSION_up_ref(session.client->session());
        known.reset(session.client->session());
      }
    });
  }
}

TEST_F(TlsTransportTest, FollowsKeyUpdates) {
  const auto context = make_context();
  Session session(*context, {});
  ASSERT_TRUE(session.handshake());
  ASSERT_EQ(SSL_key_update(session.client->native(), SSL_KEY_UPDATE_REQUESTED), 1);
  ASSERT_TRUE(session.client->write("one"));
  EXPECT_EQ(session.read(), "one");
  session.transport->write("two");
  EXPECT_EQ(session.transport->flush(), Io::Ok);
  EXPECT_EQ(session.client->read(), "two");
}

}  // namespace
}  // namespace loop
