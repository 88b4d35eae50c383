// SPDX-License-Identifier: Apache-2.0
// What is not for the cache goes to the origin and back as it is.
#include <algorithm>
#include <atomic>
#include <fstream>
#include <iterator>

#include "tests/integration/edge_scene.h"

namespace harness {
namespace {

class Pass : public EdgeScene {
 protected:
  void SetUp() override { options_.site = "[[site.rule]]\npath = \"/bypass/*\"\nbypass = true\n"; }
};

TEST_F(Pass, NoLengthIsMadeUpForAResponseWithoutABody) {
  origin_.answer("/bypass/chunked", Reply{.body = "hello", .etag = "\"1\"", .chunked = true});
  origin_.answer("/bypass/known", Reply{.body = "hello"});
  start();
  const Response head = perform(request("/bypass/chunked", {}, "HEAD"));
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.header("content-length"), "");
  const Response unmodified = get("/bypass/chunked", {{"If-None-Match", "\"1\""}});
  EXPECT_EQ(unmodified.status, 304);
  EXPECT_EQ(unmodified.header("content-length"), "");
  EXPECT_EQ(perform(request("/bypass/known", {}, "HEAD")).header("content-length"), "5");
}

TEST_F(Pass, WhatIsRememberedAsUncacheableIsAskedForAsTheClientDoes) {
  std::atomic<bool> cacheable{false};
  origin_.answer("/a", [&](const Seen& seen) {
    Reply reply{.headers = {{"Cache-Control", cacheable ? "max-age=600" : "no-store"}}, .body = "hello"};
    reply.etag = "\"1\"";
    if (seen.header("range") == "bytes=1-2") {
      reply.status = 206;
      reply.headers.emplace_back("Content-Range", "bytes 1-2/5");
      reply.body = "el";
    }
    return reply;
  });
  start();
  EXPECT_EQ(get("/a").body, "hello");
  const Response part = get("/a", {{"Range", "bytes=1-2"}});
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(part.body, "el");
  EXPECT_EQ(get("/a", {{"If-None-Match", "\"1\""}}).status, 304);
  EXPECT_EQ(perform(request("/a", {}, "HEAD")).status, 200);
  EXPECT_EQ(origin_.seen().back().method, "HEAD");
  // The answer to a plain GET says when that is over.
  cacheable = true;
  EXPECT_EQ(get("/a").body, "hello");
  EXPECT_TRUE(settled());
  const std::size_t before = origin_.requests("/a");
  EXPECT_EQ(get("/a", {{"Range", "bytes=1-2"}}).body, "el");
  EXPECT_EQ(origin_.requests("/a"), before);
}

TEST_F(Pass, AnUnsafeRequestAlsoOutdatesWhatWasAskedForAlone) {
  origin_.answer("/a", Reply{.headers = {{"Cache-Control", "no-store"}}, .body = "nobody's"});
  start();
  EXPECT_EQ(get("/a").body, "nobody's");
  const auto gate = std::make_shared<Gate>();
  Reply reply{.headers = {{"Cache-Control", "max-age=600"}}, .body = "old", .head_gate = gate};
  origin_.answer("/a", reply);
  const auto before = ask("/a");
  EXPECT_TRUE(wait_for_origin("/a", 2));
  reply.body = "new";
  reply.head_gate = nullptr;
  origin_.answer("/a", reply);
  EXPECT_EQ(perform(request("/a", {}, "POST")).status, 200);
  gate->open();
  EXPECT_EQ(before->result().body, "old");
  EXPECT_TRUE(settled());
  EXPECT_EQ(get("/a").body, "new");
}

TEST_F(Pass, TrailersFollowTheBodyThatTheyCameWith) {
  origin_.answer_all([](const Seen&) {
    return Reply{.headers = {{"Cache-Control", "max-age=600"}, {"Trailer", "X-Sum"}},
                 .body = "counted",
                 .chunked = true,
                 .trailers = {{"X-Sum", "7"}, {"Connection", "x"}}};
  });
  start();
  for (const auto protocol : {Request::Protocol::Http2, Request::Protocol::Http11}) {
    for (const std::string path : {"/bypass/a", "/a"}) {
      Request asked = request(path + std::to_string(static_cast<int>(protocol)));
      asked.protocol = protocol;
      const Response response = perform(asked);
      EXPECT_EQ(response.body, "counted");
      EXPECT_EQ(response.header("x-sum"), "7") << path;
    }
  }
  EXPECT_TRUE(settled());
  EXPECT_EQ(get("/a0").header("x-sum"), "");  // they are not stored
}

TEST_F(Pass, AProxyThatIsTrustedSpeaksForItsClients) {
  origin_.answer_all([](const Seen& seen) { return Reply{.body = seen.header("x-forwarded-for")}; });
  const std::string log = folder_ / "access.log";
  options_.extra = "[[listener]]\nname = \"inner\"\naddress = \"127.0.0.1:0\"\ntls = false\ntrust_forwarded = true\n"
                   "[log]\naccess_file = \"" + log + "\"\n";
  start();
  EXPECT_EQ(get("/bypass/a", {{"X-Forwarded-For", "203.0.113.9"}}).body, "127.0.0.1");
  Request asked = request("/bypass/a", {{"X-Forwarded-For", "203.0.113.9"}});
  asked.url = "http://" + edge_->address_of("inner") + "/bypass/a";
  asked.headers.emplace_back("Host", "www.test");
  EXPECT_EQ(perform(asked).body, "203.0.113.9, 127.0.0.1");
  const auto read = [&] {
    std::ifstream file(log);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  EXPECT_TRUE(wait_until([&] { return read().find("\"client\":\"203.0.113.9\"") != std::string::npos; })) << read();
}

TEST_F(Pass, APostThatSaysSoIsStoredForLaterGets) {
  const Reply reply{.headers = {{"Cache-Control", "max-age=600"}, {"Content-Location", "/form"}}, .body = "result"};
  origin_.answer("/form", reply);
  origin_.answer("/other", Reply{.headers = {{"Cache-Control", "max-age=600"}}, .body = "result"});
  start();
  for (const std::string path : {"/form", "/other"}) {
    EXPECT_EQ(perform(request(path, {}, "POST")).body, "result");
    EXPECT_TRUE(settled());
    EXPECT_EQ(get(path).body, "result");
  }
  EXPECT_EQ(origin_.requests("/form"), 1u);
  EXPECT_EQ(origin_.requests("/other"), 2u);
  // The next one outdates what the first has left, and what it brings itself is the newest.
  origin_.answer("/form", Reply{.headers = reply.headers, .body = "second"});
  EXPECT_EQ(perform(request("/form", {}, "POST")).body, "second");
  EXPECT_TRUE(settled());
  EXPECT_EQ(get("/form").body, "second");
  EXPECT_EQ(origin_.requests("/form"), 2u);
}

TEST_F(Pass, EarlyHintsReachTheClientThatAskedTheOrigin) {
  const Reply reply{.headers = {{"Cache-Control", "max-age=600"}},
                    .body = "page",
                    .early = {{"Link", "</a.css>; rel=preload"}}};
  origin_.answer_all([reply](const Seen&) { return reply; });
  start();
  for (const auto protocol : {Request::Protocol::Http2, Request::Protocol::Http11}) {
    for (const std::string path : {"/bypass/a", "/a"}) {
      Request asked = request(path + std::to_string(static_cast<int>(protocol)));
      asked.protocol = protocol;
      const Response response = perform(asked);
      EXPECT_EQ(response.body, "page");
      const std::pair<std::string, std::string> hint{"link", "</a.css>; rel=preload"};
      EXPECT_EQ(std::ranges::count(response.interim, hint), 1) << path;
    }
  }
}

TEST_F(Pass, WhoCameAfterTheHeadHasNotWaitedForTheOrigin) {
  const auto gate = std::make_shared<Gate>();
  origin_.answer(
      "/a",
      Reply{.headers = {{"Cache-Control", "max-age=600"}}, .body = "hello", .body_gate = gate, .gate_at = 2});
  const std::string log = folder_ / "access.log";
  options_.extra = "[log]\naccess_file = \"" + log + "\"\n";
  start();
  const auto early = ask("/a");
  EXPECT_TRUE(wait_until([&] { return early->received() == 2; }));
  const auto late = ask("/a");
  EXPECT_TRUE(wait_until([&] { return late->received() == 2; }));
  gate->open();
  EXPECT_EQ(early->result().body + late->result().body, "hellohello");
  std::string text;
  EXPECT_TRUE(wait_until([&] {
    std::ifstream file(log);
    text.assign(std::istreambuf_iterator<char>(file), {});
    return std::ranges::count(text, '\n') == 2;
  }));
  EXPECT_EQ(text.find("\"origin_ms\":-"), std::string::npos) << text;
  EXPECT_NE(text.find("\"origin_ms\":"), std::string::npos) << text;
}

}  // namespace
}  // namespace harness
