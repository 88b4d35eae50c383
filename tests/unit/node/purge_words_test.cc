// SPDX-License-Identifier: Apache-2.0
#include "edge/node/purge_words.h"

#include <gtest/gtest.h>

#include "edge/policy/cache_key.h"

namespace node {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

class PurgeWords : public testing::Test {
 protected:
  PurgeWords() {
    auto www = std::make_shared<Site>();
    www->name = "www";
    www->hosts = {"www.test", "img.test"};
    auto open = std::make_shared<Site>();
    open->name = "open";
    open->hosts = {"*.open.test"};
    for (const auto& site : {www, open}) {
      for (const std::string& host : site->hosts) config_.sites.add(host, site);
    }
  }
  base::Result<purge::Purge> ask(const std::string& method, const std::string& target,
                                 const Fields& fields = {}, const std::string& host = "www.test") {
    http::RequestHead head{.method = method, .scheme = "https", .authority = host, .target = target};
    for (const auto& [name, value] : fields) head.fields.add(name, value);
    return purge_of(config_, *config_.sites.find(policy::host_of(host)), head);
  }
  /// As the purge API gets it; a fault with "!" before it.
  std::string json(const std::string& method, const std::string& target, const Fields& fields = {},
                   const std::string& host = "www.test") {
    const auto purge = ask(method, target, fields, host);
    return purge ? purge::to_json(*purge) : "!" + purge.error().text;
  }
  bool refused(const std::string& method, const std::string& target, const Fields& fields,
               const std::string& host = "www.test") {
    const std::string said = json(method, target, fields, host);
    if (!said.starts_with('!')) ADD_FAILURE() << said;
    return said.find("allowed") != std::string::npos;
  }
  Config config_{};
};

TEST_F(PurgeWords, PurgeIsOfTheUrl) {
  EXPECT_EQ(json("PURGE", "/a?b=1"), R"({"site":"www","urls":["https://www.test/a?b=1"]})");
  EXPECT_EQ(json("PURGE", "/a", {}, "www.test:8443"), json("PURGE", "/a"));
  EXPECT_EQ(json("PURGE", "/caf\xc3\xa9"), R"({"site":"www","urls":["https://www.test/caf%C3%A9"]})");
  EXPECT_EQ(json("BAN", "/a"), json("PURGE", "/a"));
  EXPECT_EQ(json("PURGE", "/a", {{"X-Purge-Method", "default"}}), json("PURGE", "/a"));
}

TEST_F(PurgeWords, AStarAtTheEndIsAllBelow) {
  EXPECT_EQ(json("PURGE", "/img/*"), R"({"prefixes":["www.test/img/"],"site":"www"})");
  EXPECT_EQ(json("PURGE", "/*"), R"({"hosts":["www.test"],"site":"www"})");
  EXPECT_EQ(json("PURGE", "/.*", {{"X-Purge-Method", "regex"}}), R"({"hosts":["www.test"],"site":"www"})");
  EXPECT_EQ(json("PURGE", "/img*"), R"({"site":"www","wildcards":["www.test/img*"]})");
  EXPECT_EQ(json("PURGE", "/a*b/*"), R"({"site":"www","wildcards":["www.test/a*b/*"]})");
  EXPECT_TRUE(refused("PURGE", "/img?a=*", {}));
  EXPECT_TRUE(refused("PURGE", "/a/.*", {{"X-Purge-Method", "regex"}}));
}

TEST_F(PurgeWords, TagsComeInSeveralFields) {
  const std::string both = R"({"site":"www","tags":["a","b"]})";
  for (const char* name : {"xkey", "Surrogate-Key", "Cache-Tag", "xkey-purge"}) {
    for (const char* method : {"PURGE", "BAN", "PURGEKEYS"}) {
      EXPECT_EQ(json(method, "/", {{name, "a b"}}), both);
      EXPECT_EQ(json(method, "/", {{name, "a,b"}}), both);
    }
    EXPECT_EQ(json("PURGE", "/", {{name, "a"}, {name, "b"}}), both);
    EXPECT_TRUE(refused("PURGE", "/", {{name, " , "}}));
  }
  EXPECT_TRUE(refused("PURGEKEYS", "/", {}));
}

TEST_F(PurgeWords, SoftIsAskedForByAField) {
  const std::string soft = R"({"site":"www","soft":true,"urls":["https://www.test/a"]})";
  EXPECT_EQ(json("PURGE", "/a", {{"Fastly-Soft-Purge", "1"}}), soft);
  EXPECT_EQ(json("PURGE", "/a", {{"Soft", "1"}}), soft);
  EXPECT_EQ(json("PURGE", "/a", {{"Soft", "0"}}), json("PURGE", "/a"));
  EXPECT_EQ(json("PURGEKEYS", "/", {{"xkey-softpurge", "a"}}), R"({"site":"www","soft":true,"tags":["a"]})");
}

TEST_F(PurgeWords, BansOfFosHttpCache) {
  const Fields any = {{"X-Host", ".*"}, {"X-Url", ".*"}, {"X-Content-Type", ".*"}};
  const auto with = [&](Fields fields, const std::string& name, const std::string& value) {
    for (auto& [own, old] : fields) {
      if (own == name) return old = value, fields;
    }
    fields.emplace_back(name, value);
    return fields;
  };
  EXPECT_EQ(json("BAN", "/", any), R"({"everything":true,"site":"www"})");
  EXPECT_EQ(json("BAN", "/", with(any, "X-Cache-Tags", "(^|,)(a|b)(,|$)")),
            R"({"site":"www","tags":["a","b"]})");
  EXPECT_EQ(json("BAN", "/", with(any, "X-Host", "^(www.test|img.test)$")),
            R"({"hosts":["www.test","img.test"],"site":"www"})");
  EXPECT_EQ(json("BAN", "/", with(any, "X-Host", "img")), R"({"hosts":["img.test"],"site":"www"})");
  EXPECT_EQ(json("BAN", "/", with(any, "X-Url", R"(^/a\.html$)")),
            R"({"site":"www","urls":["https://www.test/a.html","https://img.test/a.html"]})");
  EXPECT_EQ(json("BAN", "/", with(with(any, "X-Url", "^/blog/.*"), "X-Host", "^www.test$")),
            R"({"site":"www","wildcards":["www.test/blog/*"]})")
      << "/blog itself does not match";
  EXPECT_EQ(json("BAN", "/", with(with(any, "X-Url", R"(^/a\*b$)"), "X-Host", "^www.test$")),
            R"({"site":"www","urls":["https://www.test/a*b"]})");
  EXPECT_EQ(json("BAN", "/", with(with(any, "X-Url", "^(/a|/b/)"), "X-Host", "^www.test$")),
            R"({"site":"www","wildcards":["www.test/a*","www.test/b/*"]})");
  EXPECT_EQ(json("BAN", "/", with(any, "X-Content-Type", "^(image/|text/)")),
            R"({"site":"www","tags":["type=image/*","type=text/*"]})");
  for (const char* closed : {"^(image/png|text/css)$", "^(image/png|Text/CSS)(;|$)"}) {
    EXPECT_EQ(json("BAN", "/", with(any, "X-Content-Type", closed)),
              R"({"site":"www","tags":["type=image/png","type=text/css"]})");
  }
}

TEST_F(PurgeWords, ABanThatNoPurgeCanSayIsRefused) {
  for (const Fields& fields :
       std::vector<Fields>{{{"X-Url", "/a"}},
                           {{"X-Url", R"(^/a\?b=)"}},
                           {{"X-Url", R"(\.png$)"}},
                           {{"X-Url", R"(^a\.html$)"}, {"X-Host", "^www.test$"}},
                           {{"X-Url", "^(/a|b)"}, {"X-Host", "^www.test$"}},
                           {{"X-Url", "^/a/[0-9]+$"}},
                           {{"X-Host", "^other.test$"}},
                           {{"X-Host", "^open.test$"}},
                           {{"X-Cache-Tags", "a"}, {"X-Url", "^/a$"}},
                           {{"X-Url", R"(^/a\*b)"}},
                           {{"X-Content-Type", "image"}},
                           {{"X-Content-Type", "^image"}},
                           {{"X-Content-Type", "^image$"}},
                           {{"X-Content-Type", "^image/$"}},
                           {{"X-Content-Type", "^image/svg"}},
                           {{"X-Content-Type", "^image/svg.*"}},
                           {{"X-Content-Type", "^(image/|text/css)"}},
                           {{"X-Content-Type", R"(^image/\*$)"}},
                           {{"X-Content-Type", "^image/"}, {"X-Host", "^www.test$"}}}) {
    EXPECT_TRUE(refused("BAN", "/", fields)) << fields.front().first << fields.front().second;
  }
  EXPECT_TRUE(refused("BAN", "/", {{"X-Url", "^/a$"}}, "www.open.test"));
  EXPECT_EQ(json("BAN", "/", {{"X-Host", "^a.open.test$"}, {"X-Url", "^/a$"}}, "www.open.test"),
            R"({"site":"open","urls":["https://a.open.test/a"]})");
}

}  // namespace
}  // namespace node
