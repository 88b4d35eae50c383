// SPDX-License-Identifier: Apache-2.0
// Bodies that the edge codes itself: one request to the origin for all codings, one coding for all clients.
#include <map>
#include <string>

#include "tests/integration/crowd.h"
#include "tests/integration/edge_scene.h"
#include "tests/integration/purge_scene.h"
#include "tests/support/decoding.h"

namespace harness {
namespace {

constexpr const char* kRules =
    "compress = [\"text/*\", \"application/json\"]\ncompress_min = 100\ncompress_max = \"4MiB\"\n";
/// Whatever the machine is busy with, clients wait for what is coded.
constexpr const char* kPatient = "[compress]\nwait = \"10m\"\n";
const std::vector<std::string> kCodings{"br", "gzip", "zstd"};

/// A text that becomes much smaller; another for each `seed`.
std::string prose(std::size_t bytes, unsigned seed = 0) {
  std::string out;
  for (std::uint64_t i = seed; out.size() < bytes; ++i)
    out += "word" + std::to_string(i * i % 7919) + (i % 12 == 0 ? "\n" : " ");
  out.resize(bytes);
  return out;
}

Reply page(std::string body, const std::string& type = "text/html",
           const std::string& cache_control = "max-age=600") {
  return {.headers = {{"Content-Type", type}, {"Cache-Control", cache_control}},
          .body = std::move(body),
          .etag = "\"1\""};
}

Headers accepting(const std::string& codings) { return {{"Accept-Encoding", codings}}; }

/// What the client understands of the response; empty if it is damaged.
std::string content(const Response& response) {
  return support::decoded(response.header("content-encoding"), response.body).value_or("");
}

class Compression : public EdgeScene {
 protected:
  Compression() {
    options_.site = kRules;
    options_.extra = kPatient;
  }

  double codings(const std::string& coding = {}) {
    if (coding.empty()) return edge_->metric("selvage_codings_total");
    return edge_->metric("selvage_codings_total", {"coding=\"" + coding + "\""});
  }
  void expect_coded(const Response& response, const std::string& coding, const std::string& body) {
    EXPECT_EQ(response.status, 200) << response.error;
    EXPECT_EQ(response.header("content-encoding"), coding);
    EXPECT_TRUE(content(response) == body) << coding << ", " << response.body.size() << " bytes";
    EXPECT_LT(response.body.size(), body.size());
    EXPECT_EQ(response.header("vary"), "Accept-Encoding");
    EXPECT_EQ(response.header("etag"), "W/\"1\"");
    EXPECT_EQ(response.header("accept-ranges"), "");
  }
  void expect_identity(const Response& response, const std::string& body) {
    EXPECT_EQ(response.status, 200) << response.error;
    EXPECT_EQ(response.header("content-encoding"), "");
    EXPECT_TRUE(response.body == body) << response.body.size() << " bytes";
  }
};

TEST_F(Compression, OneRequestToTheOriginServesEveryCoding) {
  start();
  for (const std::size_t bytes : {5'000, 2'000'000}) {
    const std::string path = "/" + std::to_string(bytes);
    const std::string body = prose(bytes);
    origin_.answer(path, page(body));
    for (const std::string& coding : kCodings) {
      expect_coded(get(path, accepting(coding)), coding, body);
      expect_coded(get(path, accepting(coding)), coding, body);
    }
    const Response plain = get(path);
    expect_identity(plain, body);
    EXPECT_EQ(plain.header("vary"), "Accept-Encoding");
    EXPECT_EQ(plain.header("etag"), "\"1\"");
    expect_identity(get(path, accepting("identity, gzip;q=0.5")), body);
    EXPECT_EQ(origin_.requests(path), 1U);
  }
  for (const Seen& seen : origin_.seen()) EXPECT_EQ(seen.header("accept-encoding"), "identity");
  EXPECT_EQ(codings(), 6);
}

TEST_F(Compression, TheFirstClientsWaitAndTheirOutcomeStays) {
  const std::string body = prose(300'000);
  const auto gate = std::make_shared<Gate>();
  Reply reply = page(body);
  reply.body_gate = gate;
  reply.gate_at = 100'000;
  origin_.answer("/a", reply);
  start();
  const auto first = ask("/a", accepting("br"));
  EXPECT_TRUE(wait_for_origin("/a", 1));
  std::vector<std::unique_ptr<Download>> others;
  for (const std::string& coding : kCodings) others.push_back(ask("/a", accepting(coding)));
  const auto plain = ask("/a");
  EXPECT_TRUE(wait_until([&] { return plain->received() >= 90'000; }));  // who wants no coding does not wait
  EXPECT_EQ(first->received(), 0U);
  gate->open();
  const Response led = first->result();
  expect_coded(led, "br", body);
  EXPECT_TRUE(led.header("cache-status").starts_with("selvage; fwd=")) << led.header("cache-status");
  EXPECT_EQ(led.header("cache-status").find("collapsed"), std::string::npos);
  for (std::size_t i = 0; i < kCodings.size(); ++i) {
    const Response joined = others[i]->result();
    expect_coded(joined, kCodings[i], body);
    EXPECT_NE(joined.header("cache-status").find("collapsed"), std::string::npos)
        << joined.header("cache-status");
  }
  expect_identity(plain->result(), body);
  EXPECT_TRUE(is_hit(get("/a", accepting("br"))));
  EXPECT_EQ(origin_.requests("/a"), 1U);
  EXPECT_EQ(codings(), 3);
}

TEST_F(Compression, AThousandRequestsAreCodedOnceForEachCoding) {
  const std::string small = prose(20'000);
  const std::string large = prose(400'000);
  origin_.answer("/small", page(small));
  origin_.answer("/large", page(large));
  start();
  std::vector<Request> requests;
  for (std::size_t i = 0; i < 1'000; ++i) {
    Request one = request(i % 2 == 0 ? "/small" : "/large", accepting(kCodings[i / 2 % kCodings.size()]));
    // A thousand handshakes at once would be another test.
    one.own_connection = false;
    one.shared_connection = true;
    requests.push_back(one);
  }
  const auto responses = perform_in_crowd(edge_->client_options(), requests);
  for (std::size_t i = 0; i < responses.size(); ++i) {
    EXPECT_TRUE(content(responses[i]) == (i % 2 == 0 ? small : large)) << i << responses[i].error;
  }
  EXPECT_EQ(origin_.requests(), 2U);
  for (const std::string& coding : kCodings) EXPECT_EQ(codings(coding), 2) << coding;
  EXPECT_EQ(edge_->metric("selvage_coding_in_bytes_total"), 3 * (small.size() + large.size()));
  EXPECT_LT(edge_->metric("selvage_coding_out_bytes_total"), small.size() + large.size());
  EXPECT_EQ(edge_->metric("selvage_codings_refused_total"), 0);
}

TEST_F(Compression, WhatDoesNotBecomeSmallerIsTriedOnce) {
  const std::string small = SeededBody(1, 10'000).text();
  const std::string large = SeededBody(2, 300'000).text();
  origin_.answer("/small", page(small));
  origin_.answer("/large", page(large));
  start();
  for (int i = 0; i < 20; ++i) {
    expect_identity(get("/small", accepting("gzip")), small);
    expect_identity(get("/large", accepting("gzip")), large);
  }
  EXPECT_EQ(codings(), 2);
  EXPECT_EQ(edge_->metric("selvage_codings_useless_total"), 2);
}

TEST_F(Compression, CodedBodiesAreFoundOnDiskAfterARestart) {
  const std::map<std::string, std::string> bodies{{"/small", prose(5'000)}, {"/large", prose(1'500'000)}};
  for (const auto& [path, body] : bodies) origin_.answer(path, page(body));
  start();
  for (const auto& [path, body] : bodies) {
    for (const std::string& coding : kCodings) expect_coded(get(path, accepting(coding)), coding, body);
  }
  EXPECT_EQ(edge_->process().stop(), 0);
  ASSERT_TRUE(edge_->start()) << edge_->output();
  for (const auto& [path, body] : bodies) {
    for (const std::string& coding : kCodings) expect_coded(get(path, accepting(coding)), coding, body);
  }
  EXPECT_EQ(origin_.requests(), 2U);
  EXPECT_EQ(codings(), 0);
}

TEST_F(Compression, ARangeIsOfTheIdentity) {
  const std::string body = prose(200'000);
  origin_.answer("/a", page(body));
  start();
  for (int i = 0; i < 2; ++i) {
    Headers headers = accepting("br");
    headers.emplace_back("Range", "bytes=1000-1999");
    const Response part = get("/a", headers);
    EXPECT_EQ(part.status, 206);
    EXPECT_EQ(part.header("content-encoding"), "");
    EXPECT_EQ(part.header("etag"), "\"1\"");
    EXPECT_EQ(part.header("vary"), "Accept-Encoding");
    EXPECT_EQ(part.body, body.substr(1'000, 1'000));
    expect_coded(get("/a", accepting("br")), "br", body);
  }
}

TEST_F(Compression, WhatIsNotEligibleGoesOutAsItCame) {
  const std::string body = prose(5'000);
  const std::string large = prose(5'000'000);
  origin_.answer("/image", page(body, "image/png"));
  origin_.answer("/no-transform", page(body, "text/html", "max-age=600, no-transform"));
  origin_.answer("/short", page(body.substr(0, 99)));
  origin_.answer("/large", page(large));
  Reply error = page(body);
  error.status = 404;
  origin_.answer("/error", error);
  Reply coded = page(body);
  coded.headers.emplace_back("Content-Encoding", "x-own");
  origin_.answer("/coded", coded);
  Reply unknown = page(body);
  unknown.chunked = true;
  origin_.answer("/unknown", unknown);
  start();
  for (int i = 0; i < 2; ++i) {
    for (const char* path : {"/image", "/no-transform", "/error", "/coded"}) {
      const Response response = get(path, accepting("br, gzip, zstd"));
      EXPECT_EQ(response.body, body) << path;
      EXPECT_EQ(response.header("content-encoding"), std::string(path) == "/coded" ? "x-own" : "") << path;
      EXPECT_EQ(response.header("vary"), "") << path;
      EXPECT_EQ(response.header("etag"), "\"1\"") << path;
    }
    EXPECT_EQ(get("/short", accepting("br")).body, body.substr(0, 99));
    expect_identity(get("/large", accepting("br")), large);
    Headers own = accepting("br");
    own.emplace_back("Cache-Control", "no-transform");
    expect_identity(get("/unknown", own), body);
  }
  EXPECT_EQ(codings(), 0);
  expect_coded(get("/unknown", accepting("br")), "br", body);  // its length is known by now
}

TEST_F(Compression, AHeadSaysWhatAGetWould) {
  const std::string body = prose(100'000);
  origin_.answer("/a", page(body));
  start();
  for (int i = 0; i < 2; ++i) {
    const Response head = perform(request("/a", accepting("zstd"), "HEAD"));
    EXPECT_EQ(head.status, 200);
    EXPECT_EQ(head.header("content-encoding"), "zstd");
    EXPECT_EQ(head.header("etag"), "W/\"1\"");
    EXPECT_EQ(head.header("vary"), "Accept-Encoding");
  }
  expect_coded(get("/a", accepting("zstd")), "zstd", body);
  EXPECT_EQ(codings(), 1);
}

TEST_F(Compression, EitherEntityTagIsAnsweredBy304) {
  origin_.answer("/a", page(prose(5'000)));
  start();
  for (const char* etag : {"W/\"1\"", "\"1\""}) {
    Headers headers = accepting("br");
    headers.emplace_back("If-None-Match", etag);
    const Response response = get("/a", headers);
    EXPECT_EQ(response.status, 304);
    EXPECT_EQ(response.header("etag"), "W/\"1\"");
    EXPECT_EQ(response.header("vary"), "Accept-Encoding");
  }
}

TEST_F(Compression, A304KeepsTheCodedBodyButItsFieldsAreNew) {
  const std::string body = prose(200'000);
  // Of its own: the origin's threads may outlast this test's locals.
  const auto asked = std::make_shared<std::atomic<int>>(0);
  origin_.answer("/a", [body, asked](const Seen&) {
    Reply reply = page(body, "text/html", "no-cache");
    reply.headers.emplace_back("X-Count", std::to_string(++*asked));
    return reply;
  });
  start();
  for (int i = 1; i <= 3; ++i) {
    const Response response = get("/a", accepting("br"));
    expect_coded(response, "br", body);
    EXPECT_EQ(response.header("x-count"), std::to_string(i));
    EXPECT_TRUE(settled());
  }
  EXPECT_EQ(codings(), 1);
  EXPECT_EQ(edge_->metric("selvage_origin_not_modified_total"), 2);
}

TEST_F(Compression, ANewVersionIsCodedAnew) {
  std::atomic<unsigned> version{1};
  origin_.answer("/a", [&](const Seen&) {
    Reply reply = page(prose(100'000, version), "text/html", "no-cache");
    reply.etag = "\"" + std::to_string(version) + "\"";
    return reply;
  });
  start();
  for (version = 1; version <= 3; ++version) {
    for (int i = 0; i < 2; ++i) {
      const Response response = get("/a", accepting("br"));
      EXPECT_EQ(response.header("content-encoding"), "br");
      EXPECT_EQ(response.header("etag"), "W/\"" + std::to_string(version) + "\"");
      EXPECT_TRUE(content(response) == prose(100'000, version)) << version;
      EXPECT_TRUE(settled());
    }
  }
  EXPECT_EQ(codings(), 3);
}

TEST_F(Compression, WhatMayNotBeCachedIsCodedByTheOriginOnceThatIsKnown) {
  origin_.answer("/a", page(prose(5'000), "text/html", "private"));
  start();
  for (int i = 0; i < 2; ++i) EXPECT_EQ(get("/a", accepting("gzip")).status, 200);
  const auto seen = origin_.seen();
  EXPECT_EQ(seen.at(0).header("accept-encoding"), "identity");
  EXPECT_EQ(seen.at(1).header("accept-encoding"), "gzip");
}

TEST_F(Compression, AnOriginThatVariesByCodingHasOneVariant) {
  const std::string body = prose(5'000);
  Reply reply = page(body);
  reply.headers.emplace_back("Vary", "accept-encoding, X-Kind");
  origin_.answer("/a", reply);
  start();
  for (const std::string& coding : kCodings) {
    const Response response = get("/a", accepting(coding));
    EXPECT_EQ(response.header("content-encoding"), coding);
    EXPECT_EQ(response.header("vary"), "accept-encoding, X-Kind");
    EXPECT_TRUE(content(response) == body);
  }
  EXPECT_EQ(origin_.requests("/a"), 1U);
}

TEST_F(Compression, WithAFullQueueBodiesGoOutAsTheyAre) {
  options_.extra = "[compress]\nthreads = 1\nqueue = 1\nbr = 11\nwait = \"10m\"\n";
  constexpr std::size_t kPaths = 12;
  std::vector<Request> requests;
  for (std::size_t i = 0; i < kPaths; ++i) {
    const std::string path = "/" + std::to_string(i);
    origin_.answer(path, page(prose(400'000, static_cast<unsigned>(i))));
    requests.push_back(request(path, accepting("br")));
  }
  start();
  const auto responses = perform_in_crowd(edge_->client_options(), requests, kPaths);
  for (std::size_t i = 0; i < kPaths; ++i) {
    EXPECT_TRUE(content(responses[i]) == prose(400'000, static_cast<unsigned>(i))) << i << responses[i].error;
  }
  EXPECT_GT(edge_->metric("selvage_codings_refused_total"), 0);
  EXPECT_EQ(edge_->metric("selvage_codings_refused_total") + codings(), kPaths);
}

TEST_F(Compression, AnEdgeThatIsStoppedWhileItCodesEnds) {
  options_.extra = "[compress]\nbr = 11\n";
  options_.drain = "100ms";
  start();
  std::vector<std::unique_ptr<Download>> clients;
  for (unsigned i = 0; i < 8; ++i) {
    const std::string path = "/" + std::to_string(i);
    origin_.answer(path, page(prose(3'000'000, i)));
    clients.push_back(ask(path, accepting("br")));
  }
  EXPECT_TRUE(wait_until([&] { return edge_->metric("selvage_codings_waiting") > 0; }));
  edge_->process().signal(SIGTERM);
  EXPECT_EQ(edge_->process().wait(std::chrono::seconds(30)), 0) << edge_->output();
}

TEST_F(Compression, WhoWouldWaitTooLongGetsTheBodyAsItIs) {
  options_.extra = "[compress]\nbr = 11\nwait = \"5ms\"\n";
  start();
  const std::string text = prose(700'000, 1);
  origin_.answer("/a", page(text));
  const Response first = get("/a", accepting("br"));
  EXPECT_EQ(first.header("content-encoding"), "");
  EXPECT_EQ(first.body, text);
  // The coding goes on for those who come later.
  EXPECT_TRUE(wait_until([&] { return get("/a", accepting("br")).header("content-encoding") == "br"; }));
}

TEST(CompressionPurge, RemovesTheCodedBodiesToo) {
  PurgeScene scene;
  Edge::Options options;
  options.site = kRules;
  options.extra = kPatient;
  std::atomic<unsigned> version{1};
  scene.origin.answer("/a", [&](const Seen&) {
    Reply reply = page(prose(100'000, version));
    reply.headers.emplace_back("Surrogate-Key", "t");
    return reply;
  });
  scene.begin(1, options);
  const auto get = [&](const std::string& coding) {
    Request request = scene.request("/a");
    request.headers = accepting(coding);
    return Client(scene.edge().client_options()).perform(request);
  };
  const std::vector<std::string> purges{R"({"site":"www","tags":["t"]})",
                                        R"({"site":"www","urls":["https://www.test/a"]})"};
  for (const std::string& json : purges) {
    for (const std::string& coding : kCodings) {
      EXPECT_TRUE(content(get(coding)) == prose(100'000, version)) << coding;
      const Response hit = get(coding);
      EXPECT_TRUE(is_hit(hit));
      EXPECT_EQ(hit.header("content-encoding"), coding);
    }
    ++version;
    scene.purge(json);
  }
  for (const std::string& coding : kCodings)
    EXPECT_TRUE(content(get(coding)) == prose(100'000, version)) << coding;
  EXPECT_EQ(scene.origin.requests("/a"), 3U);
}

}  // namespace
}  // namespace harness
