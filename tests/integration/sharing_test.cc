// SPDX-License-Identifier: Apache-2.0
// Whose response may be another client's too: what came for one goes to others only where it may be used
// without asking the origin again.
#include <array>
#include <atomic>

#include "tests/integration/edge_scene.h"

namespace harness {
namespace {

/// Who asks, as the origin sees it.
Headers as(const std::string& user) { return {{"Cookie", user}}; }

/// A page that differs for each user and is told apart by its entity-tag only.
Reply page_for(const Seen& seen, Headers headers) {
  const std::string user = seen.header("cookie");
  return {.headers = std::move(headers), .body = "page of " + user, .etag = "\"" + user + "\""};
}

const std::vector<Headers> kNeverReusable{
    {}, {{"Cache-Control", "no-cache"}}, {{"Cache-Control", "max-age=0"}}};

class Sharing : public EdgeScene {};

TEST_F(Sharing, WhoWaitedForAPageThatMustBeValidatedGetsOneOfTheirOwn) {
  start();
  for (std::size_t i = 0; i < kNeverReusable.size(); ++i) {
    const std::string path = "/page" + std::to_string(i);
    const auto gate = std::make_shared<Gate>();
    origin_.answer(path, [&, gate](const Seen& seen) {
      Reply reply = page_for(seen, kNeverReusable[i]);
      reply.head_gate = gate;
      return reply;
    });
    const auto alice = ask(path, as("alice"));
    EXPECT_TRUE(wait_for_origin(path, 1));
    const auto bob = ask(path, as("bob"));
    gate->open();
    EXPECT_EQ(alice->result().body, "page of alice") << path;
    EXPECT_EQ(bob->result().body, "page of bob") << path;
  }
}

TEST_F(Sharing, WhoComesDuringTheBodyOfSuchAPageGetsOneOfTheirOwn) {
  start();
  for (std::size_t i = 0; i < kNeverReusable.size(); ++i) {
    const std::string path = "/page" + std::to_string(i);
    const auto gate = std::make_shared<Gate>();
    origin_.answer(path, [&, gate](const Seen& seen) {
      Reply reply = page_for(seen, kNeverReusable[i]);
      if (seen.header("cookie") == "alice") reply.body_gate = gate;
      reply.gate_at = 3;
      return reply;
    });
    const auto alice = ask(path, as("alice"));
    EXPECT_TRUE(wait_until([&] { return alice->received() == 3; }));
    EXPECT_EQ(get(path, as("bob")).body, "page of bob") << path;
    gate->open();
    EXPECT_EQ(alice->result().body, "page of alice") << path;
  }
}

TEST_F(Sharing, ARequestsOwnDirectivesDecideWhetherItWaitsForAnother) {
  const auto gate = std::make_shared<Gate>();
  const Reply first{
      .headers = {{"Cache-Control", "max-age=600"}}, .body = "1", .etag = "\"1\"", .head_gate = gate};
  std::atomic<int> asked{0};
  origin_.answer("/a", [&](const Seen&) {
    if (asked++ == 0) return first;
    return Reply{.headers = {{"Cache-Control", "max-age=600"}}, .body = "2", .etag = "\"2\""};
  });
  start();
  const auto leader = ask("/a");
  EXPECT_TRUE(wait_for_origin("/a", 1));
  const auto any = ask("/a");
  const auto young = ask("/a", {{"Cache-Control", "max-age=0"}});
  const auto long_lived = ask("/a", {{"Cache-Control", "min-fresh=900"}});
  const auto reload = ask("/a", {{"Cache-Control", "no-cache"}});
  EXPECT_EQ(reload->result().body, "2");
  gate->open();
  EXPECT_EQ(leader->result().body, "1");
  EXPECT_EQ(any->result().body, "1");
  EXPECT_EQ(young->result().body, "1");
  EXPECT_EQ(long_lived->result().body, "2");
  EXPECT_EQ(origin_.requests("/a"), 3U);
}

TEST_F(Sharing, AHerdOnAPageThatMustBeValidatedIsNotQueued) {
  constexpr std::size_t kClients = 12;
  std::vector<std::shared_ptr<Gate>> gates;
  for (int i = 0; i < 4; ++i) gates.push_back(std::make_shared<Gate>());
  std::atomic<std::size_t> asked{0};
  // Each gate opens only when all that should be at the origin by then are.
  origin_.answer("/a", [&](const Seen&) {
    const std::size_t number = asked++;
    Reply reply{.headers = {{"Cache-Control", "no-cache"}}, .body = "page", .etag = "\"1\""};
    reply.head_gate = gates[number == 0 ? 0 : 1 + (number >= kClients) + (number >= 2 * kClients)];
    return reply;
  });
  start();
  for (std::size_t wave = 0; wave < 3; ++wave) {
    std::vector<std::unique_ptr<Download>> clients;
    for (std::size_t i = 0; i < kClients; ++i) clients.push_back(ask("/a"));
    if (wave == 0) {
      EXPECT_EQ(asked, 1U);
      gates[0]->open();
    }
    EXPECT_TRUE(wait_until([&] { return asked == (wave + 1) * kClients; }));
    gates[wave + 1]->open();
    for (const auto& client : clients) EXPECT_EQ(client->result().body, "page");
    EXPECT_TRUE(settled());
  }
  const auto seen = origin_.seen();
  for (std::size_t i = kClients; i < seen.size(); ++i) EXPECT_EQ(seen[i].header("if-none-match"), "\"1\"");
}

TEST_F(Sharing, AnErrorOfTheOriginIsNotMultiplied) {
  constexpr std::size_t kClients = 12;
  const std::vector<std::shared_ptr<Gate>> gates{std::make_shared<Gate>(), std::make_shared<Gate>()};
  std::atomic<std::size_t> asked{0};
  origin_.answer("/a", [&](const Seen&) {
    const std::size_t number = asked++;
    return Reply{
        .status = 503, .body = "overloaded", .head_gate = gates.at(std::min<std::size_t>(number, 1))};
  });
  start();
  for (std::size_t wave = 0; wave < gates.size(); ++wave) {
    std::vector<std::unique_ptr<Download>> clients;
    for (std::size_t i = 0; i < kClients; ++i) clients.push_back(ask("/a"));
    gates[wave]->open();
    for (const auto& client : clients) {
      const Response response = client->result();
      EXPECT_EQ(response.status, 503);
      EXPECT_EQ(response.body, "overloaded");
    }
    EXPECT_EQ(asked, wave + 1);
  }
}

TEST_F(Sharing, AnErrorThatIsForOneClientStaysWithIt) {
  start();
  const std::vector<Headers> personal{
      {{"Cache-Control", "private"}}, {{"Cache-Control", "no-store"}}, {{"Set-Cookie", "a=b"}}};
  for (std::size_t i = 0; i < personal.size(); ++i) {
    const std::string path = "/a" + std::to_string(i);
    const auto gate = std::make_shared<Gate>();
    origin_.answer(path, [&, gate](const Seen& seen) {
      return Reply{.status = 503, .headers = personal[i], .body = seen.header("cookie"), .head_gate = gate};
    });
    const auto alice = ask(path, as("alice"));
    EXPECT_TRUE(wait_for_origin(path, 1));
    const auto bob = ask(path, as("bob"));
    gate->open();
    EXPECT_EQ(alice->result().body, "alice") << path;
    EXPECT_EQ(bob->result().body, "bob") << path;
  }
}

TEST_F(Sharing, ACookieGoesToTheClientThatItWasSetFor) {
  start();
  std::size_t path_number = 0;
  std::array<std::atomic<int>, 2> counts{};  // of each path
  for (const Headers& headers : {Headers{}, Headers{{"Cache-Control", "no-cache"}}}) {
    std::atomic<int>& asked = counts[path_number];
    const std::string path = "/login" + std::to_string(path_number++);
    origin_.answer(path, [&](const Seen&) {
      Reply reply{.headers = headers, .body = "hello", .etag = "\"1\""};
      reply.headers.emplace_back("Set-Cookie", "session=" + std::to_string(++asked));
      return reply;
    });
    EXPECT_EQ(get(path).header("set-cookie"), "session=1");
    EXPECT_TRUE(settled());
    EXPECT_EQ(get(path).header("set-cookie"), "session=2") << path;
  }
}

TEST_F(Sharing, AVariantInTheLanguagePreferredToAllOthersIsFound) {
  const auto asked = std::make_shared<std::atomic<int>>(0);
  origin_.answer("/a", [asked](const Seen& seen) {
    ++*asked;
    const std::string language = seen.header("accept-language").starts_with("fr") ? "fr" : "de";
    return Reply{.headers = {{"Cache-Control", "max-age=600"}, {"Vary", "Accept-Language"}, {"Content-Language", language}},
                 .body = language};
  });
  start();
  const auto ask_in = [&](const std::string& languages) { return get("/a", {{"Accept-Language", languages}}).body; };
  EXPECT_EQ(ask_in("en, de"), "de");
  EXPECT_TRUE(settled());
  EXPECT_EQ(ask_in("fr;q=0.5, de;q=1.0"), "de");
  EXPECT_EQ(ask_in("de"), "de");
  EXPECT_EQ(*asked, 1);
  EXPECT_EQ(ask_in("fr, en;q=0.8, de;q=0.5"), "fr");  // nothing in that language is there
  EXPECT_TRUE(settled());
  EXPECT_EQ(ask_in("fr"), "fr");
  EXPECT_EQ(*asked, 2);
  EXPECT_EQ(ask_in("it, de"), "de");  // prefers none: the origin decides
  EXPECT_EQ(*asked, 3);
}

TEST_F(Sharing, AUrlHasSoManyVariantsAndNoMore) {
  options_.extra += "[fetch]\nvariants = 2\n";
  origin_.answer("/a", [](const Seen& seen) {
    return Reply{.headers = {{"Cache-Control", "max-age=600"}, {"Vary", "X-Kind"}}, .body = seen.header("x-kind")};
  });
  start();
  for (const std::string kind : {"a", "b", "c", "b", "c"}) {
    EXPECT_EQ(get("/a", {{"X-Kind", kind}}).body, kind);
    EXPECT_TRUE(settled());
  }
  EXPECT_EQ(origin_.requests("/a"), 3U);
  EXPECT_EQ(get("/a", {{"X-Kind", "a"}}).body, "a");
  EXPECT_EQ(origin_.requests("/a"), 4U);
}

}  // namespace
}  // namespace harness
