// SPDX-License-Identifier: Apache-2.0
#include "edge/policy/forwarding.h"

#include <gtest/gtest.h>

#include "tests/support/heads.h"

namespace {

using support::at;
using support::FieldList;

const policy::Towards kCaching{.node = "edge-1"};
const policy::Towards kPassing{.node = "edge-1", .caching = false};

http::Fields sent(FieldList list, const policy::Towards& towards = kCaching,
                  http::Version version = http::Version::Http2,
                  const std::string& authority = "www.example.com") {
  http::RequestHead request = support::get("/", list);
  request.version = version;
  request.authority = authority;
  http::ConnectionInfo connection;
  connection.client_address = "192.0.2.7";
  return policy::fields_to_origin(request, connection, towards);
}

TEST(ForwardingRfc9110_7_6_1, FieldsOfTheConnectionEndHere) {
  const http::Fields out = sent({{"connection", "x-hop, cookie"},
                                 {"x-hop", "1"},
                                 {"te", "trailers"},
                                 {"proxy-authorization", "1"},
                                 {"cookie", "kept"}});
  for (const char* name : {"connection", "x-hop", "te", "proxy-authorization"}) {
    EXPECT_FALSE(out.has(name)) << name;
  }
  EXPECT_EQ(out.get("cookie"), "kept");
}

TEST(ForwardingRfc9110_7_6_3, ViaHasOneMoreMember) {
  EXPECT_EQ(sent({}).combined("via"), "2 edge-1");
  EXPECT_EQ(sent({}, kCaching, http::Version::Http11).combined("via"), "1.1 edge-1");
  EXPECT_EQ(sent({}, kCaching, http::Version::Http10).combined("via"), "1.0 edge-1");
  EXPECT_EQ(sent({{"via", "1.1 a"}, {"via", "2 b"}}).combined("via"), "1.1 a, 2 b, 2 edge-1");
}

TEST(ForwardingRfc9110_7_6_3, ViaOfAResponseTellsHowItWasReceived) {
  http::ResponseHead response;
  response.version = http::Version::Http2;
  policy::add_via(response, "edge-1");
  EXPECT_EQ(response.fields.combined("via"), "2 edge-1");
  response.version = http::Version::Http10;
  policy::add_via(response, "edge-2");
  EXPECT_EQ(response.fields.combined("via"), "2 edge-1, 1.0 edge-2");
}

TEST(ForwardingRfc8586_2, CdnLoopHasOneMoreMember) {
  EXPECT_EQ(sent({}).combined("cdn-loop"), "selvage-edge-1");
  EXPECT_EQ(sent({}, kPassing).combined("cdn-loop"), "selvage-edge-1");
  const http::Fields out =
      sent({{"cdn-loop", "a.example:80; v=\"1, 2\""}, {"cdn-loop", "b"}, {"connection", "cdn-loop"}});
  EXPECT_EQ(out.combined("cdn-loop"), "a.example:80; v=\"1, 2\", b, selvage-edge-1");
  EXPECT_EQ(out.count("cdn-loop"), 1U);
}

TEST(ForwardingRfc8586_2, ALoopIsSeenByOurOwnId) {
  const std::pair<const char*, bool> cases[] = {
      {"selvage-edge-1", true},
      {"Selvage-Edge-1", true},
      {"a, selvage-edge-1;v=1, b", true},
      {"a,selvage-edge-1 ; v=\"x\"", true},
      {"a;v=\"open, selvage-edge-1", true},
      {"", false},
      {"selvage-edge-2", false},
      {"selvage-edge-10", false},
      {"edge-1", false},
      {"a;v=selvage-edge-1", false},
      {"a;v=\", selvage-edge-1, \"", false},
      {"selvage-edge-1:80", false},
  };
  for (const auto& [text, expected] : cases) {
    EXPECT_EQ(policy::has_looped(support::fields({{"cdn-loop", text}}), "edge-1"), expected) << text;
  }
  EXPECT_TRUE(
      policy::has_looped(support::fields({{"cdn-loop", "a"}, {"cdn-loop", "selvage-edge-1"}}), "edge-1"));
  EXPECT_FALSE(policy::has_looped({}, "edge-1"));
}

TEST(ForwardingRfc7239, WhatTheClientClaimsIsDropped) {
  const http::Fields out = sent({{"forwarded", "for=10.0.0.1"},
                                 {"x-forwarded-for", "10.0.0.1"},
                                 {"x-forwarded-proto", "http"},
                                 {"x-forwarded-host", "evil.example"},
                                 {"x-forwarded-port", "1"},
                                 {"x-forwarded-server", "e"},
                                 {"x-real-ip", "10.0.0.1"},
                                 {"proxy", "evil:80"},
                                 {"host", "evil.example"}});
  EXPECT_EQ(out.combined("x-forwarded-for"), "192.0.2.7");
  EXPECT_EQ(out.combined("x-forwarded-proto"), "https");
  EXPECT_EQ(out.combined("x-forwarded-host"), "www.example.com");
  EXPECT_EQ(out.combined("forwarded"), "for=192.0.2.7;host=www.example.com;proto=https");
  for (const char* name : {"x-forwarded-port", "x-forwarded-server", "x-real-ip", "proxy"}) {
    EXPECT_FALSE(out.has(name)) << name;
  }
  EXPECT_EQ(out.combined("host"), "www.example.com");
}

TEST(ForwardingRfc7239_5_2, ATrustedProxyIsContinued) {
  http::RequestHead request = support::get("/", {{"x-forwarded-for", "198.51.100.1, 203.0.113.9"},
                                                 {"forwarded", "for=198.51.100.1;proto=https"},
                                                 {"x-forwarded-host", "evil.example"}});
  request.authority = "www.example.com";
  http::ConnectionInfo connection;
  connection.client_address = "192.0.2.7";
  connection.trust_forwarded = true;
  const http::Fields out = policy::fields_to_origin(request, connection, kCaching);
  EXPECT_EQ(out.combined("x-forwarded-for"), "198.51.100.1, 203.0.113.9, 192.0.2.7");
  EXPECT_TRUE(out.combined("forwarded").starts_with("for=198.51.100.1;proto=https, for=192.0.2.7;"));
  EXPECT_EQ(out.combined("x-forwarded-host"), "www.example.com");
  EXPECT_EQ(policy::forwarded_address(request.fields), "203.0.113.9");
}

TEST(ForwardingRfc7239_5_2, WhatCannotBeReadSaysNothing) {
  EXPECT_EQ(policy::forwarded_address(support::fields({})), "");
  EXPECT_EQ(policy::forwarded_address(support::fields({{"x-forwarded-for", "2001:db8::1"}})), "2001:db8::1");
  for (const char* bad : {"unknown", "1.2.3.4\", \"x\":\"", "evil host", "_hidden"}) {
    EXPECT_EQ(policy::forwarded_address(support::fields({{"x-forwarded-for", bad}})), "") << bad;
  }
  EXPECT_EQ(policy::forwarded_scheme(support::fields({{"x-forwarded-proto", "HTTPS"}})), "https");
  for (const char* bad : {"", "ftp", "https, http", "httpsx"}) {
    EXPECT_EQ(policy::forwarded_scheme(support::fields({{"x-forwarded-proto", bad}})), "") << bad;
  }
}

TEST(TrailersRfc9110_6_5_1, HaveNothingThatBelongsIntoTheHead) {
  http::Fields trailers = support::fields({{"server-timing", "db;dur=5"}, {"etag", "\"a\""}, {"set-cookie", "a=b"},
                                           {"cache-control", "max-age=9"}, {"content-length", "5"}, {"vary", "*"},
                                           {"connection", "x"}, {"x-sum", "7"}});
  policy::clean_trailers(trailers);
  EXPECT_EQ(trailers.size(), 3U);
  for (const char* name : {"server-timing", "etag", "x-sum"}) EXPECT_TRUE(trailers.has(name)) << name;
}

TEST(ForwardingRfc9111_2, NothingThatIsNotInTheKeyReachesTheOrigin) {
  const auto overrides = {"x-original-url", "x-rewrite-url",          "x-host",           "x-original-host",
                          "x-http-method",  "x-http-method-override", "x-method-override"};
  http::RequestHead request = support::get("/");
  for (const char* name : overrides) request.fields.add(name, "v");
  const http::Fields caching = policy::fields_to_origin(request, {}, kCaching);
  const http::Fields passing = policy::fields_to_origin(request, {}, kPassing);
  for (const char* name : overrides) {
    EXPECT_FALSE(caching.has(name)) << name;
    EXPECT_TRUE(passing.has(name)) << name;
  }
  for (const char* authority : {"www.example.com:6666", "www.example.com.", "www.example.com.:1"}) {
    const http::Fields out = sent({}, kCaching, http::Version::Http2, authority);
    EXPECT_EQ(out.combined("host"), "www.example.com") << authority;
    EXPECT_EQ(out.combined("x-forwarded-host"), "www.example.com") << authority;
    EXPECT_EQ(out.combined("forwarded"), "for=192.0.2.7;host=www.example.com;proto=https") << authority;
  }
  const http::Fields untold = sent({}, {.node = "edge-1", .scheme = false});
  EXPECT_FALSE(untold.has("x-forwarded-proto"));
  EXPECT_EQ(untold.combined("forwarded"), "for=192.0.2.7;host=www.example.com");
}

TEST(Forwarding, WhatPassesGoesToTheHostAndPortThatTheClientNamed) {
  EXPECT_EQ(sent({}, kPassing, http::Version::Http2, "www.example.com:8443").combined("host"),
            "www.example.com:8443");
  EXPECT_EQ(sent({}, kPassing, http::Version::Http2, "www.example.com.:8443").combined("host"),
            "www.example.com:8443");
  const http::Fields out = sent({}, {.node = "edge-1", .caching = false, .scheme = false});
  EXPECT_EQ(out.combined("x-forwarded-proto"), "https");
}

TEST(Forwarding, ASitesOwnHostStandsBeforeTheClients) {
  const http::Fields out = sent({}, {.node = "edge-1", .host = "bucket.example"});
  EXPECT_EQ(out.combined("host"), "bucket.example");
  EXPECT_EQ(out.combined("x-forwarded-host"), "www.example.com");
}

TEST(ForwardingRfc7239_6, AddressesAreQuotedWhereNeeded) {
  http::RequestHead request = support::get("/");
  request.authority = "www.example.com:8443";
  http::ConnectionInfo connection;
  connection.client_address = "2001:db8::7";
  const http::Fields out = policy::fields_to_origin(request, connection, kPassing);
  EXPECT_EQ(out.combined("forwarded"), "for=\"[2001:db8::7]\";host=\"www.example.com:8443\";proto=https");
  EXPECT_EQ(out.combined("x-forwarded-for"), "2001:db8::7");
  connection.client_address.clear();
  EXPECT_TRUE(policy::fields_to_origin(request, connection, kPassing)
                  .combined("forwarded")
                  .starts_with("for=unknown;"));
}

TEST(Forwarding, AnswersForAllAreAskedForWithoutConditions) {
  const auto conditions = {"range",         "if-range",          "if-match",
                           "if-none-match", "if-modified-since", "if-unmodified-since"};
  http::RequestHead request = support::get("/", {{"authorization", "x"}, {"cookie", "y"}, {"req-num", "1"}});
  for (const char* name : conditions) request.fields.add(name, "v");
  const http::Fields caching = policy::fields_to_origin(request, {}, kCaching);
  const http::Fields passing = policy::fields_to_origin(request, {}, kPassing);
  for (const char* name : conditions) {
    EXPECT_FALSE(caching.has(name)) << name;
    EXPECT_EQ(passing.get(name), "v") << name;
    EXPECT_TRUE(policy::is_narrowed(support::fields({{name, "v"}}))) << name;
  }
  EXPECT_FALSE(policy::is_narrowed(support::fields({{"cookie", "y"}})));
  for (const char* name : {"authorization", "cookie", "req-num"}) {
    EXPECT_TRUE(caching.has(name)) << name;
    EXPECT_TRUE(passing.has(name)) << name;
  }
}

TEST(ForwardingRfc9110_12_5_3, AcceptEncodingIsReduced) {
  EXPECT_EQ(sent({{"accept-encoding", "gzip, deflate, br"}}).combined("accept-encoding"), "br, gzip");
  EXPECT_EQ(sent({{"accept-encoding", "deflate"}}).combined("accept-encoding"), "identity");
  EXPECT_EQ(sent({}).combined("accept-encoding"), "identity");
}

TEST(CleanResponse, LeavesWhatIsForClientsAndDatesIt) {
  http::Fields fields = support::fields({{"connection", "x"},
                                         {"x", "1"},
                                         {"surrogate-key", "a"},
                                         {"cache-tag", "b"},
                                         {"surrogate-control", "c"},
                                         {"age", "5"},
                                         {"etag", "\"e\""}});
  policy::clean_response(fields, at(0));
  EXPECT_TRUE(fields ==
              support::fields({{"age", "5"}, {"etag", "\"e\""}, {"date", "Sun, 06 Nov 1994 08:00:00 GMT"}}));
  http::Fields dated = support::fields({{"date", "Sun, 06 Nov 1994 07:00:00 GMT"}});
  policy::clean_response(dated, at(0));
  EXPECT_EQ(dated.combined("date"), "Sun, 06 Nov 1994 07:00:00 GMT");
}

}  // namespace
