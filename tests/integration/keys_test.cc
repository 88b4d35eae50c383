// SPDX-License-Identifier: Apache-2.0
// What is not in the key does not reach the origin, so that nobody can put into the cache what others did not
// ask for.
#include "tests/integration/edge_scene.h"

namespace harness {
namespace {

const std::pair<std::string, std::string> kCacheable{"Cache-Control", "max-age=600"};

class Keys : public EdgeScene {
 protected:
  void SetUp() override {
    // Answers with what a site would build its links from.
    origin_.answer_all([](const Seen& seen) {
      return Reply{.headers = {kCacheable, {"Location", seen.header("host") + seen.target}},
                   .body = seen.header("x-forwarded-host") + " " + seen.header("x-forwarded-proto") + " " +
                           seen.header("forwarded") + " " + seen.header("x-original-url")};
    });
  }
};

TEST_F(Keys, NoPortOfAClientsChoiceIsStored) {
  start();
  Request poison = request("/a", {{"Host", "www.test:6666"}});
  poison.protocol = Request::Protocol::Http11;
  EXPECT_EQ(perform(poison).header("location"), "www.test/a");
  EXPECT_TRUE(settled());
  const Response next = get("/a");
  EXPECT_EQ(next.header("location"), "www.test/a");
  EXPECT_EQ(next.body.find("6666"), std::string::npos);
  EXPECT_EQ(origin_.requests("/a"), 1U);
}

TEST_F(Keys, NoFieldThatOverridesTheTargetIsPassedOn) {
  start();
  EXPECT_EQ(get("/a", {{"X-Original-URL", "/evil"}}).body.find("/evil"), std::string::npos);
}

TEST_F(Keys, AParameterThatIsNotInTheKeyDoesNotReachTheOrigin) {
  options_.site = "query = \"allow\"\nquery_parameters = [\"v\"]";
  start();
  EXPECT_EQ(get("/a?evil=1&v=2").header("location"), "www.test/a?v=2");
  EXPECT_TRUE(settled());
  EXPECT_EQ(get("/a?v=2").header("location"), "www.test/a?v=2");
  EXPECT_EQ(origin_.requests(), 1U);
}

TEST_F(Keys, TheSchemeIsInTheKeyWhereTheOriginIsToldOfIt) {
  start();
  Request plain = request("/a");
  plain.url = "http://www.test/a";
  EXPECT_NE(perform(plain).body.find("proto=http "), std::string::npos);
  EXPECT_TRUE(settled());
  EXPECT_NE(get("/a").body.find("proto=https "), std::string::npos);
  const std::string inspected = edge_->admin("/inspect?url=http://www.test/a").body;
  EXPECT_NE(inspected.find("\"memory\":true"), std::string::npos) << inspected;
}

TEST_F(Keys, TheOriginIsNotToldOfASchemeThatTheSiteLeavesOut) {
  options_.site = "scheme_in_key = false";
  start();
  Request plain = request("/a");
  plain.url = "http://www.test/a";
  const Response first = perform(plain);
  EXPECT_EQ(first.body.find("http"), std::string::npos) << first.body;
  EXPECT_TRUE(settled());
  EXPECT_EQ(get("/a").body, first.body);
  EXPECT_EQ(origin_.requests("/a"), 1U);
}

TEST_F(Keys, ADotAfterTheHostIsNoOtherHost) {
  start();
  Request dotted = request("/a", {{"Host", "www.test."}});
  dotted.protocol = Request::Protocol::Http11;
  EXPECT_EQ(perform(dotted).header("location"), "www.test/a");
  EXPECT_TRUE(settled());
  EXPECT_EQ(get("/a").status, 200);
  EXPECT_EQ(origin_.requests("/a"), 1U);
}

TEST_F(Keys, ACodedBodyGoesToThoseWhoCanDecodeItOnly) {
  origin_.answer("/a", [](const Seen& seen) {
    const bool coded = seen.header("accept-encoding").find("gzip") != std::string::npos;
    Reply reply{.headers = {kCacheable}, .body = coded ? "coded" : "plain"};
    if (coded) reply.headers.emplace_back("Content-Encoding", "gzip");
    return reply;
  });
  start();
  EXPECT_EQ(get("/a", {{"Accept-Encoding", "gzip"}}).body, "coded");
  EXPECT_TRUE(settled());
  EXPECT_EQ(get("/a", {{"Accept-Encoding", "identity"}}).body, "plain");
}

}  // namespace
}  // namespace harness
