// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/harness.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "edge/base/file.h"

namespace harness {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

TEST(HarnessBody, AnyPieceIsThatPieceOfTheWhole) {
  const SeededBody body(7, 100'003);
  const std::string whole = body.text();
  ASSERT_EQ(whole.size(), 100'003U);
  EXPECT_EQ(body.text(12'345, 100), whole.substr(12'345, 100));
  EXPECT_EQ(body.text(100'000, 100), whole.substr(100'000));
  EXPECT_EQ(body.sha256(), sha256(whole));
  EXPECT_NE(SeededBody(8, 100'003).sha256(), body.sha256());
}

TEST(HarnessProcess, TellsHowAProgramEnded) {
  const TempFolder folder;
  Process good({"sh", "-c", "echo out; echo err >&2; exit 3"}, folder / "log");
  EXPECT_EQ(good.wait(), 3);
  EXPECT_EQ(good.output(), "out\nerr\n");
  Process stuck({"sleep", "1000"}, folder / "log2");
  EXPECT_GT(stuck.resident_bytes(), 0U);
  EXPECT_EQ(stuck.wait(10ms), std::nullopt);
  stuck.kill();
  EXPECT_EQ(stuck.wait(), 128 + SIGKILL);
  EXPECT_EQ(Process({"/nonexistent/program"}, folder / "log3").wait(), 127);
}

TEST(HarnessProcess, EndsWithItsObject) {
  const TempFolder folder;
  pid_t pid = 0;
  {
    const Process process({"sleep", "1000"}, folder / "log");
    pid = process.pid();
  }
  EXPECT_EQ(::kill(pid, 0), -1);
}

TEST(HarnessReady, ReadsWhereAProgramListens) {
  const TempFolder folder;
  const std::string ready = folder / "ready";
  const std::string json = R"({"listeners":[{"name":"tls","address":"127.0.0.1:1"}],"admin":"127.0.0.1:2"})";
  Process good({"sh", "-c", "echo '" + json + "' > " + ready + ".new; mv " + ready + ".new " + ready},
               folder / "log");
  const auto found = wait_ready(good, ready);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->listeners.at("tls"), "127.0.0.1:1");
  EXPECT_EQ(found->admin, "127.0.0.1:2");
  Process bad({"false"}, folder / "log");
  EXPECT_FALSE(wait_ready(bad, folder / "never"));
}

TEST(HarnessOrigin, ServesWholeBodiesAndCounts) {
  Origin origin;
  const SeededBody body(1, 3'000'000);
  origin.answer("/big", Reply{.headers = {{"Cache-Control", "max-age=60"}}, .body = body});
  origin.answer("/chunked", Reply{.body = body, .chunked = true});
  Client client;
  const Response big = client.get(origin.url() + "/big");
  EXPECT_TRUE(big.ok()) << big.error;
  EXPECT_EQ(big.version, 11);
  EXPECT_EQ(big.header("cache-control"), "max-age=60");
  EXPECT_EQ(big.sha256, body.sha256());
  EXPECT_EQ(client.get(origin.url() + "/chunked").sha256, body.sha256());
  EXPECT_EQ(client.get(origin.url() + "/other").status, 404);
  EXPECT_EQ(origin.requests("/big"), 1U);
  EXPECT_EQ(origin.requests(), 3U);
  EXPECT_EQ(origin.connections(), 1U);
  EXPECT_EQ(origin.body_bytes_sent(), 2 * body.size());
}

TEST(HarnessOrigin, SeesHeadersAndBodies) {
  Origin origin;
  origin.answer_all([](const Seen& seen) { return Reply{.body = seen.method + " " + seen.body}; });
  Client client;
  Request request{
      .url = origin.url() + "/x?y=1", .method = "PUT", .headers = {{"X-A", "b"}}, .body = "hello"};
  EXPECT_EQ(client.perform(request).body, "PUT hello");
  EXPECT_EQ(origin.seen().at(0).target, "/x?y=1");
  EXPECT_EQ(origin.seen().at(0).header("x-a"), "b");
  const Response head = client.perform({.url = origin.url() + "/", .method = "HEAD"});
  EXPECT_EQ(head.header("content-length"), "5");
  EXPECT_EQ(head.body_bytes, 0U);
}

TEST(HarnessOrigin, AnswersValidatorsWith304) {
  Origin origin;
  origin.answer("/a", Reply{.body = std::string("text"), .etag = "\"v1\""});
  Client client;
  EXPECT_EQ(client.get(origin.url() + "/a").header("etag"), "\"v1\"");
  EXPECT_EQ(client.get(origin.url() + "/a", {{"If-None-Match", "\"v1\""}}).status, 304);
  EXPECT_EQ(client.get(origin.url() + "/a", {{"If-None-Match", "\"v0\""}}).status, 200);
}

TEST(HarnessOrigin, GatesHoldBackHeadAndBody) {
  Origin origin;
  const auto gate = std::make_shared<Gate>();
  std::atomic<std::uint64_t> received{0};
  origin.answer("/held", Reply{.body = SeededBody(1, 200'000), .body_gate = gate, .gate_at = 50'000});
  auto transfer = std::async(std::launch::async, [&] {
    Request request{.url = origin.url() + "/held"};
    request.on_bytes = [&](std::string_view bytes) { received += bytes.size(); };
    return Client().perform(request);
  });
  EXPECT_TRUE(wait_until([&] { return received == 50'000; }));
  EXPECT_EQ(origin.body_bytes_sent(), 50'000U);
  gate->open();
  EXPECT_EQ(transfer.get().sha256, SeededBody(1, 200'000).sha256());
}

TEST(HarnessOrigin, BreaksOffWhereTold) {
  Origin origin;
  origin.answer("/broken", Reply{.body = SeededBody(1, 200'000), .break_at = 70'000});
  const Response response = Client().get(origin.url() + "/broken");
  EXPECT_FALSE(response.error.empty());
  EXPECT_EQ(response.body_bytes, 70'000U);
}

TEST(HarnessOrigin, SpreadsABodyOverTime) {
  Origin origin;
  origin.answer("/slow", Reply{.body = SeededBody(1, 1'000'000), .spread = 1s});
  const Response response = Client().get(origin.url() + "/slow");
  EXPECT_TRUE(response.ok());
  EXPECT_GE(response.end - response.first_byte, 200ms);
}

TEST(HarnessClient, ManyAtOnceEachOnItsConnection) {
  Origin origin;
  const SeededBody body(3, 100'000);
  origin.answer("/a", Reply{.body = body});
  std::vector<Request> requests(
      50, Request{.url = origin.url() + "/a", .own_connection = true, .keep_body = false});
  for (const Response& response : Client().perform_all(requests)) {
    EXPECT_TRUE(response.ok()) << response.error;
    EXPECT_EQ(response.sha256, body.sha256());
    EXPECT_TRUE(response.body.empty());
  }
  EXPECT_EQ(origin.connections(), 50U);
}

TEST(HarnessClient, LeavesWhenTold) {
  Origin origin;
  origin.answer("/a", Reply{.body = SeededBody(3, 50'000'000)});
  const Response response =
      Client().perform({.url = origin.url() + "/a", .keep_body = false, .leave_after = 100'000});
  EXPECT_FALSE(response.error.empty());
  EXPECT_LT(response.body_bytes, 1'000'000U);
}

TEST(HarnessCertificates, OpensslAcceptsTheChain) {
  const TempFolder folder;
  Certificates certificates(folder.path());
  const auto files = certificates.issue("www", {"www.a.test", "*.b.test", "127.0.0.1"});
  Process verify({"openssl", "verify", "-CAfile", certificates.ca_file(), "-verify_hostname", "x.b.test",
                  files.certificate},
                 folder / "log");
  EXPECT_EQ(verify.wait(), 0) << verify.output();
}

TEST(HarnessMetrics, SumsTheSamplesThatMatch) {
  const std::string text =
      "# HELP a_total x\na_total{t=\"m\",l=\"1\"} 3\na_total{t=\"m\",l=\"2\"} 4\na_total{t=\"d\"} "
      "9\na_total_more 100\nb 1.5\n";
  EXPECT_EQ(metric(text, "a_total"), 16);
  EXPECT_EQ(metric(text, "a_total", {"t=\"m\""}), 7);
  EXPECT_EQ(metric(text, "b"), 1.5);
  EXPECT_EQ(metric(text, "c"), 0);
}

}  // namespace
}  // namespace harness
