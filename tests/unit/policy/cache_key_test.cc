// SPDX-License-Identifier: Apache-2.0
#include "edge/policy/cache_key.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "edge/base/random.h"
#include "edge/base/text.h"
#include "tests/support/heads.h"

namespace {

using policy::CacheKey;
using policy::KeyRules;
using policy::QueryRule;

CacheKey key_of(std::string_view target, const KeyRules& rules = {},
                std::string_view authority = "www.example.com") {
  http::RequestHead request = support::get(target);
  request.authority = authority;
  return policy::cache_key("shop", rules, request);
}

std::string target_of(std::string_view target, const KeyRules& rules = {}) {
  return policy::origin_target(rules, target);
}

using Pairs = std::initializer_list<std::pair<const char*, const char*>>;

TEST(CacheKeyRfc3986_6_2_2, TargetIsNormalised) {
  const Pairs cases = {
      {"/", "/"},
      {"", "/"},
      {"/a/b", "/a/b"},
      {"/%7euser/%41%2d%5F", "/~user/A-_"},
      {"/a%2fb", "/a%2Fb"},
      {"/a%2Fb", "/a%2Fb"},
      {"/%c3%a9", "/%C3%A9"},
      {"/\xc3\xa9", "/%C3%A9"},
      {"/a?b=\xc3\xa9", "/a?b=%C3%A9"},
      {"/%25%32%35", "/%2525"},
      {"/%2541", "/%2541"},
      {"/a%3fb", "/a%3Fb"},
      {"/a%23b", "/a%23b"},
      {"/a;b=c", "/a;b=c"},
      {"/a+b", "/a+b"},
      {"/a%20b", "/a%20b"},
      {"/a//b", "/a//b"},
      {"/a/./b", "/a/b"},
      {"/a/../b", "/b"},
      {"/a/b/..", "/a/"},
      {"/a/b/.", "/a/b/"},
      {"/..", "/"},
      {"/../../a", "/a"},
      {"/a/../../../b", "/b"},
      {"/a/%2e%2E/b", "/b"},
      {"/a/.%2e/b", "/b"},
      {"/a/%2e/b", "/a/b"},
      {"/a/...", "/a/..."},
      {"/a/.b", "/a/.b"},
      {"/a//../b", "/a/b"},
      {"/a%2f..%2fb", "/a%2F..%2Fb"},
      {"/a#fragment", "/a"},
      {"/a?b#fragment", "/a?b"},
      {"/a?", "/a?"},
      {"/a?b=%7e&c=%2f", "/a?b=~&c=%2F"},
      {"/a?x/../y", "/a?x/../y"},
      {"/a?b?c", "/a?b?c"},
      // Malformed encoding: a bare "%" is encoded, so that no new triplet arises.
      {"/%zz", "/%25zz"},
      {"/%", "/%25"},
      {"/%4", "/%254"},
      {"/%%341", "/%2541"},
      {"/%%36%31", "/%2561"},
      {"/%7e%zz", "/~%25zz"},
      {"/x/%2e%2e/%zz", "/%25zz"},
      {"/%7e?%zz&%7e", "/~?%25zz&~"},
      {"*", "*"},
  };
  for (const auto& [target, expected] : cases) {
    EXPECT_EQ(target_of(target), expected) << target;
    EXPECT_EQ(key_of(target).url, std::string("www.example.com") + expected) << target;
  }
}

TEST(CacheKeyQuery, FollowsTheRule) {
  const KeyRules none{.query = QueryRule::None};
  const KeyRules sorted{.query = QueryRule::Sorted};
  const KeyRules allow{.query = QueryRule::Allow, .parameters = {"a", "b c"}};
  const KeyRules deny{.query = QueryRule::Deny, .parameters = {"utm_source"}};
  EXPECT_EQ(target_of("/p?b=1&a=2"), "/p?b=1&a=2");
  EXPECT_EQ(target_of("/p?b=1&a=2", none), "/p");
  EXPECT_EQ(target_of("/p?", none), "/p");
  EXPECT_EQ(target_of("/p?b=1&a=2&a=1&ab=0", sorted), "/p?a=2&a=1&ab=0&b=1");
  EXPECT_EQ(target_of("/p?", sorted), "/p?");
  EXPECT_EQ(target_of("/p?b=1&a=2&c=3&b%20c=4&%61=5&aa=6", allow), "/p?a=2&b%20c=4&a=5");
  EXPECT_EQ(target_of("/p?x=1", allow), "/p");
  EXPECT_EQ(target_of("/p?b=1&utm_source=x&utm%5fsource=y&a", deny), "/p?b=1&a");
  EXPECT_EQ(target_of("/p?utm_source", deny), "/p");
  EXPECT_EQ(target_of("/p?x=%&%61=1&b=2", allow), "/p?a=1");
  EXPECT_EQ(target_of("/p?utm_source2=1", deny), "/p?utm_source2=1");
}

TEST(CacheKeyHost, IsLowerCaseWithoutPort) {
  EXPECT_EQ(key_of("/", {}, "WWW.Example.COM").host, "www.example.com");
  EXPECT_EQ(key_of("/", {}, "www.example.com:8443").host, "www.example.com");
  EXPECT_EQ(key_of("/", {}, "[2001:DB8::1]:443").host, "[2001:db8::1]");
  EXPECT_EQ(key_of("/", {}, "[2001:db8::1]").host, "[2001:db8::1]");
  EXPECT_EQ(key_of("/", {}, "").host, "");
}

TEST(CacheKeyHost, ADotAtTheEndIsTheSameHostForRequestsAndPurges) {
  for (const char* host : {"www.example.com.", "WWW.example.com.:8443"}) {
    const auto key = key_of("/a", {}, host);
    EXPECT_EQ(key.text, key_of("/a").text) << host;
    EXPECT_EQ(key.url, "www.example.com/a") << host;
    EXPECT_EQ(policy::normal_url({}, "https://" + std::string(host) + "/a"), "www.example.com/a") << host;
  }
  EXPECT_EQ(policy::host_of("user@www.example.com.:80"), "www.example.com");
}

TEST(CacheKeyHost, ThePortIsWhatFollowsTheHost) {
  EXPECT_EQ(policy::port_of("www.example.com:8443"), ":8443");
  EXPECT_EQ(policy::port_of("[2001:db8::1]:443"), ":443");
  for (const char* none : {"www.example.com", "[2001:db8::1]", "user:word@host", ""}) {
    EXPECT_EQ(policy::port_of(none), "") << none;
  }
}

TEST(CacheKeyScheme, CountsOnlyIfTheSiteSaysSo) {
  http::RequestHead https = support::get("/");
  http::RequestHead plain = support::get("/");
  plain.scheme = "http";
  EXPECT_EQ(policy::cache_key("s", {}, https).text, policy::cache_key("s", {}, plain).text);
  EXPECT_NE(policy::cache_key("s", {.scheme = true}, https).text,
            policy::cache_key("s", {.scheme = true}, plain).text);
}

TEST(CacheKeyText, DiffersWhereverAPartDiffers) {
  std::set<std::string> texts;
  std::size_t count = 0;
  for (const char* site : {"s", "s1", "1", "1:s"}) {
    for (const char* host : {"h", "sh", "h1", ""}) {
      for (const char* target : {"/", "/a", "/a?", "/a?b", "/a/", "/A", "/%2F", "//", "/h"}) {
        http::RequestHead request = support::get(target);
        request.authority = host;
        texts.insert(policy::cache_key(site, {}, request).text);
        ++count;
      }
    }
  }
  EXPECT_EQ(texts.size(), count);

  // No part can pass for the rest of the part before it.
  http::RequestHead one = support::get("/p0:0:/q");
  one.authority = "h";
  http::RequestHead two = support::get("/q");
  two.authority = "";
  EXPECT_NE(policy::cache_key("a", {}, one).text, policy::cache_key("a0:1:h/p", {}, two).text);
}

TEST(NormalUrl, IsWhatKeysOfRequestsHold) {
  const Pairs cases = {
      {"https://WWW.Example.com:8443/a/../b?c#d", "www.example.com/b?c"},
      {"http://www.example.com/b?c", "www.example.com/b?c"},
      {"www.example.com/b?c", "www.example.com/b?c"},
      {"www.example.com", "www.example.com/"},
      {"https://www.example.com", "www.example.com/"},
      {"https://www.example.com?q", "www.example.com/?q"},
      {"https://www.example.com#f", "www.example.com/"},
      {"https://[::1]:80/a", "[::1]/a"},
      {"https://user:pass@www.example.com/a", "www.example.com/a"},
      {"www.example.com/go?to=https://other.example/", "www.example.com/go?to=https://other.example/"},
      {"", "/"},
  };
  for (const auto& [url, expected] : cases) EXPECT_EQ(policy::normal_url({}, url), expected) << url;
  EXPECT_EQ(policy::normal_url({.query = QueryRule::None}, "https://h/a?b"), "h/a");
}

TEST(NormalUrl, OfAPrefixBeginsEverySpellingOfWhatIsBelow) {
  const std::string prefix = policy::normal_url({}, "https://A.test/blog/caf\xc3\xa9/");
  EXPECT_EQ(policy::normal_url({}, "a.test/%62log/caf%c3%a9/"), prefix);
  for (const char* path :
       {"/blog/caf\xc3\xa9/x", "/blog/caf%C3%A9/x", "/%62log/caf%c3%a9/x", "/%62l%6Fg/c%61f%c3\xa9/x%",
        "/%62log/caf\xc3%A9/%zz", "/./%62log/%/../caf%c3%a9/%%36", "/blog/caf%c3%a9/?%&%zz"}) {
    EXPECT_TRUE(key_of(path, {}, "a.test").url.starts_with(prefix)) << path;
  }
}

TEST(NormalPath, IsDecodedOnceForMatching) {
  const Pairs cases = {
      {"/a%2fb?c", "/a/b"},
      {"/%61dmin/", "/admin/"},
      {"/x/%2e%2e/admin", "/admin"},
      {"/x%2f..%2fadmin", "/admin"},
      {"/%2561dmin", "/%61dmin"},
      {"/a%3fb", "/a?b"},
      {"/%zz", "/%zz"},
      {"", "/"},
  };
  for (const auto& [target, expected] : cases) EXPECT_EQ(policy::normal_path(target), expected) << target;
}

TEST(PathMatches, StarStandsForAnyRun) {
  struct Case {
    const char* pattern;
    const char* path;
    bool expected;
  };
  const Case cases[] = {
      {"/a", "/a", true},
      {"/a", "/ab", false},
      {"/a", "/", false},
      {"*", "", true},
      {"*", "/any/thing", true},
      {"/a/*", "/a/", true},
      {"/a/*", "/a/b/c", true},
      {"/a/*", "/a", false},
      {"*.js", "/x/y.js", true},
      {"*.js", "/x.js/y", false},
      {"/*/b/*", "/a/b/c", true},
      {"/*/b/*", "/b/c", false},
      {"/a*b*c", "/aXbYc", true},
      {"/a*b*c", "/abc", true},
      {"/a*b*c", "/acb", false},
      {"/a**", "/a", true},
      {"", "", true},
      {"", "/", false},
      {"/[a]", "/a", false},
      {"/a?", "/ab", false},
      {"*aab", "aaaab", true},
      {"*a*b*a*", "abba", true},
      {"*a*b*a*", "abb", false},
  };
  for (const Case& c : cases)
    EXPECT_EQ(policy::path_matches(c.pattern, c.path), c.expected) << c.pattern << " " << c.path;
}

TEST(PathMatches, ManyStarsTakeNoExponentialTime) {
  std::string pattern;
  for (int i = 0; i < 200; ++i) pattern += "*a";
  EXPECT_FALSE(policy::path_matches(pattern + "b", std::string(5000, 'a')));
}

// What a lenient origin makes of a path: decoded, dot segments removed. Two targets with one key must be one
// resource for it, and for a strict origin that decodes nothing but unreserved characters.
std::string random_target(base::Random& random) {
  static constexpr const char* kPieces[] = {"/",   "/",   "a", "b",   ".", "..",  "%2e",  "%2E", "%2f", "%2F",
                                            "%61", "%41", "A", "%25", "%", "%%",  "4",    "1",   "2",   "f",
                                            "?",   "#",   "&", "=",   ";", "%3f", "\xc3", "%c3"};
  std::string out = "/";
  for (std::uint64_t i = 0, n = random.below(8); i < n; ++i) out += kPieces[random.below(std::size(kPieces))];
  return out;
}

TEST(CacheKeyProperty, NormalisingIsStableAndSentAsKeyed) {
  base::Random random(2);
  for (int i = 0; i < 50'000; ++i) {
    const std::string target = random_target(random);
    const std::string once = target_of(target);
    EXPECT_EQ(target_of(once), once) << target;
    ASSERT_TRUE(once.starts_with('/')) << target;
    EXPECT_EQ(once.find('#'), std::string::npos) << target;
    // What is sent to the origin means what the client sent.
    EXPECT_EQ(policy::normal_path(once), policy::normal_path(target)) << target;
  }
}

TEST(CacheKeyProperty, TargetsOfOneKeyAreOneResource) {
  base::Random random(3);
  std::map<std::string, std::string> seen;
  for (int i = 0; i < 50'000; ++i) {
    const std::string target = random_target(random);
    const auto [at, fresh] = seen.emplace(key_of(target).text, target);
    if (fresh) continue;
    EXPECT_EQ(policy::normal_path(target), policy::normal_path(at->second))
        << target << " and " << at->second;
  }
}

// An encoded slash is no separator: decoding it would merge resources that an origin tells apart.
TEST(CacheKeyProperty, EncodedSlashesAreKept) {
  const auto slashes = [](std::string_view text) {
    const std::string path = base::lowered(text.substr(0, text.find_first_of("?#")));
    std::size_t count = 0;
    for (std::size_t at = 0; (at = path.find("%2f", at)) != std::string::npos; ++at) ++count;
    return count;
  };
  base::Random random(4);
  for (int i = 0; i < 50'000; ++i) {
    const std::string target = random_target(random);
    // Dot segments take the segment before them away, with the encoded slashes in it.
    if (base::lowered(target).find("%2e") != std::string::npos || target.find('.') != std::string::npos)
      continue;
    EXPECT_EQ(slashes(target_of(target)), slashes(target)) << target;
  }
}

}  // namespace
