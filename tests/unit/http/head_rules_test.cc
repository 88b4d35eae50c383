// SPDX-License-Identifier: Apache-2.0
#include "edge/http/head_rules.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "edge/http/authority.h"

namespace http {
namespace {

using List = std::vector<std::pair<std::string, std::string>>;

RawHead h1(const std::string& method, const std::string& target, const List& fields) {
  RawHead raw{.version = Version::Http11, .method = method, .target = target};
  for (const auto& [name, value] : fields) raw.fields.add(name, value);
  return raw;
}

RawHead h2(const List& fields) {
  RawHead raw{.version = Version::Http2, .method = "GET", .scheme = "https", .target = "/", .ends = true};
  for (const auto& [name, value] : fields) raw.fields.add(name, value);
  return raw;
}

int refused(RawHead raw) {
  const auto checked = check_head(std::move(raw), "http");
  if (checked) return 0;
  EXPECT_FALSE(checked.error().reason.empty());
  return checked.error().status;
}

TEST(HeadRules, GoodHeadLosesWhatBelongsToTheConnection) {
  const auto checked = check_head(h1("GET", "/a?b",
                                     {{"Host", "A.Test:80"},
                                      {"Connection", "keep-alive, X-Hop"},
                                      {"Keep-Alive", "timeout=5"},
                                      {"X-Hop", "1"},
                                      {"TE", "gzip"},
                                      {"Accept", "*/*"}}),
                                  "https");
  ASSERT_TRUE(checked);
  EXPECT_EQ(checked->head.scheme, "https");
  EXPECT_EQ(checked->head.authority, "a.test:80");
  EXPECT_EQ(checked->head.target, "/a?b");
  EXPECT_TRUE(checked->keep_alive);
  EXPECT_FALSE(checked->head.has_body);
  ASSERT_EQ(checked->head.fields.size(), 1U);
  EXPECT_EQ(checked->head.fields.get("accept"), "*/*");
}

TEST(HeadRules, ConnectionTakesNoEndToEndFieldAway) {
  const auto checked = check_head(h1("GET", "/",
                                     {{"host", "a.test"},
                                      {"connection", "Authorization, cookie, x-hop"},
                                      {"authorization", "1"},
                                      {"cookie", "2"},
                                      {"x-hop", "3"}}),
                                  "http");
  ASSERT_TRUE(checked);
  EXPECT_EQ(checked->head.fields.get("authorization"), "1");
  EXPECT_EQ(checked->head.fields.get("cookie"), "2");
  EXPECT_EQ(checked->head.fields.size(), 2U);
}

TEST(HeadRules, AbsoluteFormBringsItsOwnAuthority) {
  const auto checked = check_head(h1("GET", "HTTP://Other.Test:81?q", {{"host", "a.test"}}), "http");
  ASSERT_TRUE(checked);
  EXPECT_EQ(checked->head.authority, "other.test:81");
  EXPECT_EQ(checked->head.target, "/?q");
  EXPECT_EQ(check_head(h1("OPTIONS", "http://a.test", {{"host", "a.test"}}), "http")->head.target, "*");
}

TEST(HeadRules, BadTargetsAreRefused) {
  const List host{{"host", "a.test"}};
  for (const std::string target : {"", "a", "a.test:80", "ftp://a.test/", "http:///x", "http://u@a.test/",
                                   "/a b", "/a#b", "/a\x7f", "*"}) {
    EXPECT_EQ(refused(h1("GET", target, host)), 400) << target;
  }
  EXPECT_EQ(refused(h1("CONNECT", "a.test:443", host)), 405);
  EXPECT_EQ(refused(h1("OPTIONS", "*", host)), 0);
  EXPECT_EQ(refused(h1("GE T", "/", host)), 400);
}

TEST(HeadRules, Http11NeedsExactlyOneGoodHost) {
  EXPECT_EQ(refused(h1("GET", "/", {})), 400);
  EXPECT_EQ(refused(h1("GET", "/", {{"host", "a"}, {"host", "a"}})), 400);
  EXPECT_EQ(refused(h1("GET", "http://a.test/", {})), 400);
  for (const std::string host : {"", "a b", "a/b", "u@a", "a:b", "a:99999", "[::1", "[]", "[x]", "a,b@c"}) {
    EXPECT_EQ(refused(h1("GET", "/", {{"host", host}})), 400) << host;
  }
  for (const std::string host : {"a", "a.test:", "a_b.test:8443", "[::1]:80", "127.0.0.1"}) {
    EXPECT_EQ(refused(h1("GET", "/", {{"host", host}})), 0) << host;
  }
  RawHead old = h1("GET", "/", {});
  old.version = Version::Http10;
  EXPECT_EQ(refused(old), 0);
}

TEST(HeadRules, FramingMustBeUnambiguous) {
  const auto with = [](List fields) {
    fields.emplace_back("host", "a.test");
    return h1("POST", "/", fields);
  };
  EXPECT_EQ(refused(with({{"content-length", "3"}, {"transfer-encoding", "chunked"}})), 400);
  EXPECT_EQ(refused(with({{"content-length", "3"}, {"content-length", "3"}})), 400);
  for (const std::string length : {"", "-1", "+1", "0x1", "1,1", "1 1", "18446744073709551616"}) {
    EXPECT_EQ(refused(with({{"content-length", length}})), 400) << length;
  }
  for (const std::string coding :
       {"gzip", "gzip, chunked", "chunked, chunked", "identity", "xchunked", "chunked;q=1"}) {
    EXPECT_EQ(refused(with({{"transfer-encoding", coding}})), 501) << coding;
  }
  RawHead old = with({{"transfer-encoding", "chunked"}});
  old.version = Version::Http10;
  EXPECT_EQ(refused(old), 400);
  const auto chunked = check_head(with({{"Transfer-Encoding", "Chunked"}}), "http");
  ASSERT_TRUE(chunked);
  EXPECT_FALSE(chunked->head.body_bytes);
  EXPECT_TRUE(chunked->head.has_body);
  EXPECT_FALSE(chunked->head.fields.has("transfer-encoding"));
  const auto sized = check_head(with({{"Content-Length", "12"}}), "http");
  ASSERT_TRUE(sized);
  EXPECT_EQ(sized->head.body_bytes, 12U);
  EXPECT_FALSE(sized->head.fields.has("content-length"));
}

TEST(HeadRules, ControlCharactersAndBadNamesAreRefused) {
  using namespace std::string_literals;
  for (const std::string& value : {"a\rb"s, "a\nb"s, "a\0b"s, "a\x01"s, "\x7f"s}) {
    EXPECT_EQ(refused(h1("GET", "/", {{"host", "a"}, {"x", value}})), 400) << value;
  }
  for (const std::string& name : {""s, "a b"s, "a:"s, "a\0"s, "\xc3\xa4"s}) {
    EXPECT_EQ(refused(h1("GET", "/", {{"host", "a"}, {name, "v"}})), 400) << name;
  }
  EXPECT_EQ(refused(h1("GET", "/", {{"host", "a"}, {"x", "tab\tand \xc3\xa4"}})), 0);
}

TEST(HeadRules, ConnectionDecidesAboutReuse) {
  const auto keeps = [](Version version, const std::string& value) {
    RawHead raw = h1("GET", "/", {{"host", "a"}});
    raw.version = version;
    if (!value.empty()) raw.fields.add("connection", value);
    return check_head(raw, "http")->keep_alive;
  };
  EXPECT_TRUE(keeps(Version::Http11, ""));
  EXPECT_FALSE(keeps(Version::Http11, "Close"));
  EXPECT_FALSE(keeps(Version::Http11, "keep-alive, close"));
  EXPECT_FALSE(keeps(Version::Http10, ""));
  EXPECT_TRUE(keeps(Version::Http10, "Keep-Alive"));
}

TEST(HeadRules, ExpectationsAreMetOrRefused) {
  EXPECT_TRUE(
      check_head(h1("PUT", "/", {{"host", "a"}, {"content-length", "1"}, {"expect", "100-Continue"}}), "http")
          ->expects_continue);
  EXPECT_EQ(refused(h1("PUT", "/", {{"host", "a"}, {"expect", "something"}})), 417);
  EXPECT_FALSE(
      check_head(h1("GET", "/", {{"host", "a"}, {"expect", "100-continue"}}), "http")->expects_continue);
}

TEST(HeadRules, Http2HasRulesOfItsOwn) {
  EXPECT_EQ(refused(h2({{"host", "a.test"}})), 0);
  EXPECT_EQ(refused(h2({})), 400);
  for (const std::string name :
       {"connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"}) {
    EXPECT_EQ(refused(h2({{"host", "a"}, {name, "x"}})), 400) << name;
  }
  EXPECT_EQ(refused(h2({{"host", "a"}, {"te", "gzip"}})), 400);
  EXPECT_EQ(refused(h2({{"host", "a"}, {"te", "trailers"}})), 0);
  RawHead differs = h2({{"host", "a"}});
  differs.authority = "b";
  EXPECT_EQ(refused(differs), 400);
  differs.authority = "A";
  EXPECT_EQ(refused(differs), 0);
  EXPECT_EQ(refused(h2({{"host", "a"}, {"content-length", "5"}})), 400);
  RawHead odd = h2({{"host", "a"}});
  odd.scheme = "ftp";
  EXPECT_EQ(refused(odd), 400);
  RawHead absolute = h2({{"host", "a"}});
  absolute.target = "http://a/";
  EXPECT_EQ(refused(absolute), 400);
}

}  // namespace
}  // namespace http
