// SPDX-License-Identifier: Apache-2.0
#include "edge/node/config.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/temp_folder.h"

namespace node {
namespace {

class ConfigTest : public testing::Test {
 protected:
  /// A good configuration with `tail` at the end of its one site.
  auto read(const std::string& tail) {
    std::ofstream(path_) << "[edge]\nnode = \"edge-1\"\n"
                            "[[listener]]\naddress = \"127.0.0.1:80\"\ntls = false\n"
                            "[disk]\nfolder = \""
                         << folder_ / "cache"
                         << "\"\n[origins.main]\nurl = \"http://127.0.0.1:9080\"\n"
                            "[[site]]\nname = \"www\"\nhosts = [\"www.test\"]\norigin = \"main\"\n"
                         << tail;
    return read_config(path_, Reading::Check);
  }
  std::shared_ptr<const Config> good(const std::string& tail) {
    const auto config = read(tail);
    for (const base::Fault& fault : config ? std::vector<base::Fault>{} : config.error())
      ADD_FAILURE() << fault.str();
    return config ? *config : std::make_shared<const Config>();
  }
  /// All faults, without the file's name: "14:12: text".
  std::string faults(const std::string& tail) {
    const auto config = read(tail);
    std::string out;
    for (const base::Fault& fault : config ? std::vector<base::Fault>{} : config.error()) {
      out += fault.str().substr(path_.size() + 1) + "\n";
    }
    return out;
  }

  const support::TempFolder folder_{};
  const std::string path_ = folder_ / "edge.toml";
};

TEST_F(ConfigTest, TheAdminListenerIsOnLoopbackUnlessTheFileSaysOtherwise) {
  EXPECT_EQ(good("[admin]\n")->admin_address, "127.0.0.1:9180");
  EXPECT_EQ(good("[admin]\naddress = \"127.0.0.1:9999\"\n")->admin_address, "127.0.0.1:9999");
}

TEST_F(ConfigTest, NothingIsCodedUnlessTheFileSaysSo) {
  const auto config = good("");
  EXPECT_TRUE(config->sites.named("www")->coding_for("/").types.empty());
  EXPECT_EQ(config->compress.threads, 1U);
  EXPECT_EQ(config->compress.queue, 64U);
  EXPECT_EQ(config->compress.level_of(policy::Coding::Gzip), 6);
  EXPECT_EQ(config->compress.level_of(policy::Coding::Br), 5);
  EXPECT_EQ(config->compress.level_of(policy::Coding::Zstd), 6);
}

TEST_F(ConfigTest, ASiteAndItsRulesSayWhatIsCoded) {
  const auto config = good(
      "compress = [\"Text/*\"]\n"
      "[[site.rule]]\npath = \"/a/*\"\ncompress = [\"application/*+json\", \"*\"]\n"
      "compress_min = \"2KiB\"\ncompress_max = \"1MiB\"\n"
      "[compress]\nthreads = 3\nqueue = 5\ngzip = 1\nbr = 11\nzstd = 19\n");
  const Site& site = *config->sites.named("www");
  EXPECT_EQ(site.coding_for("/").types, std::vector<std::string>{"text/*"});
  EXPECT_EQ(site.coding_for("/").min_bytes, 1024U);
  EXPECT_EQ(site.coding_for("/").max_bytes, 8U << 20);
  EXPECT_EQ(site.coding_for("/a/b").types.size(), 2U);
  EXPECT_EQ(site.coding_for("/a/b").min_bytes, 2048U);
  EXPECT_EQ(site.coding_for("/a/b").max_bytes, 1U << 20);
  EXPECT_EQ(config->compress.threads, 3U);
  EXPECT_EQ(config->compress.queue, 5U);
  EXPECT_EQ(config->compress.level_of(policy::Coding::Br), 11);
}

TEST_F(ConfigTest, FaultsOfCompressionAreSaidWithTheirPlace) {
  const struct {
    std::string tail, said;
  } rows[] = {
      {"compress = [\"html\"]\n",
       "14:12: site[0].compress: found \"html\", allowed: media types such as \"text/html\""},
      {"compress = [\"text/html; q=1\"]\n", "14:12: site[0].compress: found \"text/html; q=1\""},
      {"compress_min = \"1KiB\"\n", "14:16: site[0].compress_min: is of use with a list of media types only"},
      {"compress = [\"*\"]\ncompress_max = 100\n",
       "15:16: site[0].compress_max: found compress_min = \"1KiB\""},
      {"compress = [\"*\"]\ncompress_max = \"2GiB\"\n", "15:16: site[0].compress_max: found \"2GiB\""},
      {"[compress]\nbr = 12\n", "15:6: compress.br: found 12, allowed: a whole number from 0 to 11"},
      {"[compress]\nzstd = 20\n", "15:8: compress.zstd: found 20"},
      {"[compress]\ngzip = 0\n", "15:8: compress.gzip: found 0"},
      {"[compress]\nthreads = 0\n", "15:11: compress.threads: found 0"},
      {"[compress]\nlevel = 3\n", "15:1: compress.level: unknown key"},
  };
  for (const auto& row : rows) {
    EXPECT_TRUE(faults(row.tail).starts_with(row.said)) << row.tail << faults(row.tail);
  }
}

TEST_F(ConfigTest, AReloadChangesLevelsButNotThreads) {
  const auto running = good("[compress]\n");
  EXPECT_EQ(unchangeable(*running, *good("[compress]\nbr = 9\n")), "");
  EXPECT_EQ(unchangeable(*running, *good("[compress]\nthreads = 2\n")), "[compress] threads and queue");
  EXPECT_EQ(unchangeable(*running, *good("[compress]\nqueue = 2\n")), "[compress] threads and queue");
}

TEST_F(ConfigTest, ReadsWhatASitesRuleCanSay) {
  const auto config = read(
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

TEST_F(ConfigTest, FaultsOfASitesRuleAreSaidWithTheirPlace) {
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
    const auto config = read(c.line);
    ASSERT_FALSE(config) << c.line;
    const base::Fault& fault = config.error().front();
    EXPECT_EQ(config.error().size(), 1U) << fault.str();
    EXPECT_EQ(fault.line, 14) << fault.str();
    EXPECT_EQ(fault.column, c.column) << fault.str();
    EXPECT_NE(fault.str().find(c.text), std::string::npos) << fault.str();
  }
}

class ConfigPurgeTest : public ConfigTest {
 protected:
  /// [purge] behind what belongs to the site.
  std::string with_purge(const std::string& site, const std::string& keys = {}) {
    return site + "[purge]\nurl = \"http://127.0.0.1:9443/\"\ntoken = \"t\"\nstate_folder = \"" +
           (folder_ / "state") + "\"\n" + keys;
  }
};

TEST_F(ConfigPurgeTest, ClientsPurgeNothingUnlessTheSiteSaysWhoMay) {
  EXPECT_EQ(good(with_purge(""))->sites.named("www")->purge, nullptr);
  const std::string digest(64, 'a');
  const auto config =
      good(with_purge("[site.purge]\ntokens_sha256 = [\"" + digest + "\"]\nclients = [\"10.0.0.0/8\"]\n"));
  const PurgeMethods& rules = *config->sites.named("www")->purge;
  EXPECT_EQ(rules.tokens, std::vector<std::string>{std::string(32, '\xaa')});
  EXPECT_TRUE(rules.clients.contains("10.1.2.3"));
  EXPECT_EQ(rules.require, PurgeMethods::Require::Either);
  EXPECT_EQ(rules.wait_for, PurgeMethods::WaitFor::Here);
  EXPECT_EQ(config->purge.url, "http://127.0.0.1:9443");
}

TEST_F(ConfigPurgeTest, RulesThatLetNobodyPurgeAreFaults) {
  const std::string digest(64, 'a');
  EXPECT_NE(faults(with_purge("[site.purge]\n")).find("nobody may purge"), std::string::npos);
  EXPECT_NE(faults(with_purge("[site.purge]\ntokens_sha256 = [\"abc\"]\n")).find("64 hexadecimal digits"),
            std::string::npos);
  EXPECT_NE(faults(with_purge("[site.purge]\nclients = [\"10.0.0.1/8\"]\n")).find("allowed"),
            std::string::npos);
  EXPECT_NE(faults(with_purge("[site.purge]\nrequire = \"both\"\ntokens_sha256 = [\"" + digest + "\"]\n"))
                .find("needs"),
            std::string::npos);
  EXPECT_NE(faults("[site.purge]\ntokens_sha256 = [\"" + digest + "\"]\n").find("[purge]"),
            std::string::npos);
}

TEST_F(ConfigPurgeTest, ASitesSilenceIsItsOwnOrThatOfAll) {
  const SilenceRule all = good(with_purge("", "distrust_after = \"7s\"\n"))->sites.named("www")->silence;
  EXPECT_EQ(all.what, SilenceRule::What::Revalidate);
  EXPECT_EQ(all.after, std::chrono::seconds(7));
  const SilenceRule own = good(with_purge("purge_silence = \"refuse\"\npurge_silence_after = \"1m\"\n"))
                              ->sites.named("www")
                              ->silence;
  EXPECT_EQ(own.what, SilenceRule::What::Refuse);
  EXPECT_EQ(own.after, std::chrono::minutes(1));
  EXPECT_NE(faults(with_purge("purge_silence = \"wait\"\n")).find("allowed"), std::string::npos);
}

TEST_F(ConfigPurgeTest, NobodysClockCountsUnlessItIsNamed) {
  EXPECT_FALSE(good(with_purge(""))->purge.peers.contains("127.0.0.1"));
  EXPECT_TRUE(good(with_purge("", "peers = [\"127.0.0.1\"]\n"))->purge.peers.contains("127.0.0.1"));
  EXPECT_NE(faults(with_purge("", "peers = [\"edge-1\"]\n")).find("allowed"), std::string::npos);
}

}  // namespace
}  // namespace node
