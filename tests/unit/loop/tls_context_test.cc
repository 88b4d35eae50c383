// SPDX-License-Identifier: Apache-2.0
#include "edge/loop/tls_context.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>

#include "edge/loop/ticket_keys.h"
#include "tests/support/test_certificates.h"

namespace loop {
namespace {

using namespace std::chrono_literals;

std::string content_of(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

std::string error_of(const std::string& certificate, const std::string& key) {
  const auto context = TlsContext::make({.certificates = {{.certificate = certificate, .key = key}}});
  return context ? "no error" : context.error().text;
}

void expect_words(const std::string& text, std::initializer_list<std::string> words) {
  for (const std::string& word : words)
    EXPECT_NE(text.find(word), std::string::npos) << word << " in: " << text;
}

TEST(TlsContext, NeedsACertificate) {
  const auto context = TlsContext::make({});
  ASSERT_FALSE(context);
  expect_words(context.error().text, {"without a certificate"});
}

TEST(TlsContext, NamesTheFileThatIsWrong) {
  support::TestCertificates files;
  const auto good = files.make("good", {"good.test"});
  const auto other = files.make("other", {"other.test"});
  const std::string missing = files.folder() + "/missing.pem";
  const std::string garbage = files.write("garbage.pem", "not PEM at all\n");
  EXPECT_EQ(error_of(good.certificate, good.key), "no error");
  expect_words(error_of(missing, good.key), {missing, "No such file"});
  expect_words(error_of(good.certificate, missing), {missing, "No such file"});
  expect_words(error_of(garbage, good.key), {garbage, "no certificate"});
  expect_words(error_of(good.certificate, garbage), {garbage, "no private key"});
  expect_words(error_of(good.certificate, good.certificate), {good.certificate, "no private key"});
  expect_words(error_of(good.certificate, other.key), {other.key, good.certificate, "does not belong"});
}

TEST(TlsContext, FindsDamageInsideAFile) {
  support::TestCertificates files;
  const auto good = files.make("good", {"good.test"});
  const std::string pem = content_of(good.certificate);
  const std::string second_bad =
      files.write("chain.pem", pem + "-----BEGIN CERTIFICATE-----\nMIIBAAAA\n-----END CERTIFICATE-----\n");
  expect_words(error_of(second_bad, good.key), {second_bad, "certificate 2", "damaged"});
  const std::string cut = files.write("cut.pem", pem.substr(0, pem.size() / 2));
  expect_words(error_of(cut, good.key), {cut});
  const std::string chain = files.write("good-chain.pem", pem + pem);
  EXPECT_EQ(error_of(chain, good.key), "no error");
}

TEST(TlsContext, RefusesAKeyWithAPassPhrase) {
  support::TestCertificates files;
  const auto good = files.make("good", {"good.test"});
  const std::string key = files.write("locked.key",
                                      "-----BEGIN RSA PRIVATE KEY-----\n"
                                      "Proc-Type: 4,ENCRYPTED\n"
                                      "DEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF\n\n"
                                      "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
                                      "-----END RSA PRIVATE KEY-----\n");
  expect_words(error_of(good.certificate, key), {key, "pass phrase"});
}

TEST(TlsContext, RefusesAProtocolNameThatAlpnCannotCarry) {
  support::TestCertificates files;
  const auto good = files.make("good", {"good.test"});
  const auto context = TlsContext::make(
      {.certificates = {{.certificate = good.certificate, .key = good.key}}, .alpn = {"h2", ""}});
  ASSERT_FALSE(context);
  expect_words(context.error().text, {"ALPN"});
}

std::string_view name_of(const TicketKey& key) {
  return {reinterpret_cast<const char*>(key.name.data()), key.name.size()};
}

TEST(TicketKeys, RotateAndKeepThePrevious) {
  TicketKeys keys;
  const base::Steady start{100h};
  const auto first = keys.current(start);
  EXPECT_EQ(keys.current(start + 11h), first);
  const auto second = keys.current(start + 12h);
  EXPECT_NE(name_of(*second), name_of(*first));
  EXPECT_EQ(keys.find(name_of(*first), start + 23h), first);
  EXPECT_EQ(keys.find(name_of(*second), start + 23h), second);
  EXPECT_EQ(keys.find(name_of(*first), start + 24h), nullptr);
  EXPECT_EQ(keys.find(name_of(*second), start + 24h), second);
}

TEST(TicketKeys, ForgetOldKeysAfterALongIdleTime) {
  TicketKeys keys;
  const base::Steady start{100h};
  const auto first = keys.current(start);
  EXPECT_EQ(keys.find(name_of(*first), start + 24h), nullptr);
}

}  // namespace
}  // namespace loop
