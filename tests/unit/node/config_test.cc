// SPDX-License-Identifier: Apache-2.0
#include "edge/node/config.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/temp_folder.h"

namespace node {
namespace {

/// The configuration of one site with `lines` in its table, or the faults.
std::expected<std::shared_ptr<const Config>, std::vector<base::Fault>> config_of(const std::string& lines) {
  const support::TempFolder folder;
  const std::string path = folder / "edge.toml";
  std::ofstream(path) << "[edge]\nnode = \"edge-1\"\n"
                         "[[listener]]\naddress = \"127.0.0.1:80\"\ntls = false\n"
                         "[disk]\nfolder = \""
                      << folder / "cache"
                      << "\"\n[origins.main]\nurl = \"http://127.0.0.1:9080\"\n"
                         "[[site]]\nname = \"www\"\nhosts = [\"www.test\"]\norigin = \"main\"\n"
                      << lines;
  return read_config(path, Reading::Check);
}

TEST(ConfigSiteRule, ReadsWhatARuleCanSay) {
  const auto config = config_of(
      "strip_response = [\"Server\"]\n[[site.rule]]\npath = \"/a/*\"\n"
      "status_ttl = { \"404\" = \"1m\", \"5xx\" = \"5s\", 410 = \"0\" }\n"
      "bypass_cookies = [\"session\", \"wp_*\"]\nbypass_headers = [\"X-Debug\"]\n"
      "strip_request = [\"Cookie\"]\nstrip_response = [\"Set-Cookie\", \"server\"]\n");
  ASSERT_TRUE(config) << config.error().front().str();
  const Site* site = (*config)->sites.find("www.test");
  const policy::TtlRule& rule = site->rule_for("/a/b");
  EXPECT_EQ(policy::status_lifetime(rule, 404), std::chrono::minutes(1));
  EXPECT_EQ(policy::status_lifetime(rule, 410), std::chrono::seconds(0));
  EXPECT_EQ(policy::status_lifetime(rule, 502), std::chrono::seconds(5));
  EXPECT_EQ(policy::status_lifetime(rule, 403), std::nullopt);
  EXPECT_EQ(rule.bypass_cookies, (std::vector<std::string>{"session", "wp_*"}));
  EXPECT_EQ(rule.bypass_headers, std::vector<std::string>{"x-debug"});
  EXPECT_EQ(rule.strip_request, std::vector<std::string>{"cookie"});
  EXPECT_EQ(rule.strip_response, (std::vector<std::string>{"set-cookie", "server"}));
  EXPECT_EQ(site->rule_for("/").strip_response, std::vector<std::string>{"server"});
}

TEST(ConfigSiteRule, SaysWhatIsWrongAndWhere) {
  struct Case {
    const char* line;
    int column;
    const char* text;
  };
  const Case cases[] = {
      {"status_ttl = { \"404\" = \"1m\", \"206\" = \"1m\" }", 38, "found \"206\", allowed: a status"},
      {"status_ttl = { \"6xx\" = \"1m\" }", 24, "found \"6xx\", allowed: a status"},
      {"status_ttl = { \"40\" = \"1m\" }", 23, "found \"40\", allowed: a status"},
      {"status_ttl = { \"404\" = \"1\" }", 24, "a time with its unit"},
      {"status_ttl = { \"404\" = 7 }", 24, "found 7"},
      {"status_ttl = \"1m\"", 14, "a table"},
      {"bypass_cookies = [\"a b\"]", 18, "found \"a b\", allowed: names of cookies"},
      {"bypass_headers = [\"x:y\"]", 18, "found \"x:y\", allowed: names of header fields"},
      {"strip_request = [\"CDN-Loop\"]", 17, "found \"CDN-Loop\", which no rule may remove"},
      {"strip_response = [\"Content-Encoding\"]", 18, "which no rule may remove"},
      {"strip_response = \"server\"", 18, "a list of texts"},
      {"strip = [\"server\"]", 1, "unknown key"},
  };
  for (const Case& c : cases) {
    const auto config = config_of(c.line);
    ASSERT_FALSE(config) << c.line;
    const base::Fault& fault = config.error().front();
    EXPECT_EQ(config.error().size(), 1U) << fault.str();
    EXPECT_EQ(fault.line, 14) << fault.str();
    EXPECT_EQ(fault.column, c.column) << fault.str();
    EXPECT_NE(fault.str().find(c.text), std::string::npos) << fault.str();
  }
}

TEST(Config, TheAdminListenerIsOnLoopbackUnlessTheFileSaysOtherwise) {
  const support::TempFolder folder;
  const auto admin_of = [&](const std::string& line) {
    const std::string path = folder / "edge.toml";
    std::ofstream(path) << "[edge]\nnode = \"edge-1\"\n"
                           "[[listener]]\naddress = \"127.0.0.1:80\"\ntls = false\n"
                           "[disk]\nfolder = \""
                        << folder / "cache"
                        << "\"\n[origins.main]\nurl = \"http://127.0.0.1:9080\"\n"
                           "[[site]]\nname = \"www\"\nhosts = [\"www.test\"]\norigin = \"main\"\n[admin]\n"
                        << line;
    const auto config = read_config(path, Reading::Check);
    for (const base::Fault& fault : config ? std::vector<base::Fault>{} : config.error())
      ADD_FAILURE() << fault.str();
    return config ? (*config)->admin_address : "";
  };
  EXPECT_EQ(admin_of(""), "127.0.0.1:9180");
  EXPECT_EQ(admin_of("address = \"127.0.0.1:9999\"\n"), "127.0.0.1:9999");
}

}  // namespace
}  // namespace node
