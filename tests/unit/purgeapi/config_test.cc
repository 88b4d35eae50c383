// SPDX-License-Identifier: Apache-2.0
#include "purge/server/config.h"

#include <gtest/gtest.h>

#include <fstream>

#include "edge/loop/listener.h"
#include "tests/support/temp_folder.h"

namespace purgeapi {
namespace {

using namespace std::chrono_literals;

constexpr const char* kHash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

class ConfigTest : public testing::Test {
 protected:
  auto read(const std::string& text) {
    std::ofstream(folder / "purge.toml") << text;
    return read_config(folder / "purge.toml", Reading::Check);
  }
  std::string good() const {
    return "[[listener]]\naddress = \"127.0.0.1:0\"\ntls = false\n[log_store]\nfolder = \"" +
           (folder / "log") + "\"\n[[token]]\nname = \"t\"\nsha256 = \"" + kHash +
           "\"\nroles = [\"purge\", \"node\"]\nsites = [\"*\"]\n";
  }
  support::TempFolder folder;
};

TEST_F(ConfigTest, AShortFileIsEnough) {
  const auto config = read(good());
  ASSERT_TRUE(config) << config.error().front().str();
  EXPECT_EQ((*config)->journal.keep_entries, 1'000'000u);
  EXPECT_EQ((*config)->admin_address, "");
  ASSERT_EQ((*config)->tokens.size(), 1u);
  EXPECT_TRUE((*config)->tokens[0].has(Role::Purge));
  EXPECT_TRUE((*config)->tokens[0].has(Role::Node));
  EXPECT_FALSE((*config)->tokens[0].has(Role::Read));
}

TEST_F(ConfigTest, ReadsAllLimits) {
  const auto config = read(
      good() +
      "[admin]\naddress = \"127.0.0.1:1\"\n[limits]\nbody = \"2MiB\"\nwait = \"7s\"\nheartbeat = \"1s\"\n"
      "nodes = 5\ndrain = \"3s\"\nwrite_stall = \"9s\"\n[log]\nlevel = \"debug\"\n");
  ASSERT_TRUE(config) << config.error().front().str();
  EXPECT_EQ((*config)->api.body_bytes, 2U << 20);
  EXPECT_EQ((*config)->api.wait, 7s);
  EXPECT_EQ((*config)->api.heartbeat, 1s);
  EXPECT_EQ((*config)->api.nodes.nodes, 5u);
  EXPECT_EQ((*config)->drain, 3s);
  EXPECT_EQ((*config)->limits.write_stall, 9s);
  EXPECT_EQ((*config)->admin_address, "127.0.0.1:1");
}

TEST_F(ConfigTest, AnEmptyFileNamesAllThatIsMissing) {
  const auto config = read("");
  ASSERT_FALSE(config);
  std::string all;
  for (const base::Fault& fault : config.error()) all += fault.str() + "\n";
  for (const char* part : {"[[listener]]", "[log_store]", "[[token]]"})
    EXPECT_NE(all.find(part), std::string::npos) << all;
}

struct Bad {
  const char* name;
  std::string from, to;
  std::string says;
};
class BadConfigTest : public ConfigTest, public testing::WithParamInterface<Bad> {};

TEST_P(BadConfigTest, IsOneFaultWithItsPlace) {
  std::string text = good();
  const auto at = text.find(GetParam().from);
  ASSERT_NE(at, std::string::npos);
  text.replace(at, GetParam().from.size(), GetParam().to);
  const auto config = read(text);
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().size(), 1u) << config.error().back().str();
  EXPECT_NE(config.error()[0].str().find(GetParam().says), std::string::npos) << config.error()[0].str();
  EXPECT_GT(config.error()[0].line, 0);
}

INSTANTIATE_TEST_SUITE_P(
    Table, BadConfigTest,
    testing::Values(
        Bad{"UnknownKey", "tls = false", "tls = false\ntlss = 1", "tlss"},
        Bad{"NoCertificate", "tls = false", "tls = true", "certificate"},
        Bad{"ShortHash", kHash, "ba78", "64 hexadecimal digits"},
        Bad{"UnknownRole", "\"purge\", \"node\"", "\"purge\", \"god\"", "found \"god\""},
        Bad{"NoRoles", "roles = [\"purge\", \"node\"]\n", "", "roles"},
        Bad{"NoSites", "sites = [\"*\"]\n", "", "sites"},
        Bad{"WrongType", "name = \"t\"", "name = 7", "name"},
        Bad{"SameListener", "[log_store]",
            "[[listener]]\naddress = \"127.0.0.1:9443\"\ntls = false\n[[listener]]\naddress = "
            "\"127.0.0.1:9443\"\ntls = false\n[log_store]",
            "has already"},
        Bad{"ZoneWithoutSite", "[log_store]", "[[cloudflare_zone]]\nid = \"z\"\n[log_store]", "site"},
        Bad{"ZoneWithASlash", "[log_store]", "[[cloudflare_zone]]\nid = \"a/b\"\nsite = \"w\"\n[log_store]",
            "found \"a/b\""},
        Bad{"ZoneTwice", "[log_store]",
            "[[cloudflare_zone]]\nid = \"z\"\nsite = \"w\"\n[[cloudflare_zone]]\nid = \"z\"\nsite = "
            "\"w\"\n[log_store]",
            "another one has"},
        Bad{"EnvironmentWithoutSite", "[log_store]",
            "[[cloudflare_zone]]\nid = \"z\"\nsite = \"w\"\nenvironments = { e = \"\" "
            "}\n[log_store]",
            "environments"},
        Bad{"NoRate", "[log_store]", "[cloudflare]\npurge_rate = 0\n[log_store]", "purge_rate"},
        Bad{"ServiceHostWithPort", "[log_store]",
            "[[fastly_service]]\nid = \"s\"\nsite = \"w\"\nhosts = [\"a:80\"]\n[log_store]",
            "found \"a:80\""},
        Bad{"ServiceHostTwice", "[log_store]",
            "[[fastly_service]]\nid = \"s\"\nsite = \"w\"\nhosts = [\"a\", \"A\"]\n[log_store]",
            "has already"},
        Bad{"AuditFile", "[log_store]", "[audit]\nfile = \"/nowhere/audit.log\"\n[log_store]", "file"},
        Bad{"LongHeartbeat", "[log_store]", "[limits]\nheartbeat = \"1m\"\n[log_store]", "heartbeat"}),
    [](const auto& tested) { return tested.param.name; });

TEST_F(ConfigTest, ATokenMayNotBeGivenTwice) {
  const auto config =
      read(good() + "[[token]]\nname = \"t\"\nsha256 = \"" + kHash + "\"\nroles = [\"node\"]\n");
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().size(), 2u);
}

TEST_F(ConfigTest, APortInUseIsAFaultAtStart) {
  loop::Loop loop;
  const auto taken = loop::Listener::open(loop, "127.0.0.1:0", 16, [](loop::Accepted) {});
  ASSERT_TRUE(taken);
  std::string text = good();
  text.replace(text.find("127.0.0.1:0"), 11, (*taken)->address());
  EXPECT_TRUE(read(text));  // Reading::Check
  const auto config = read_config(folder / "purge.toml", Reading::Start);
  ASSERT_FALSE(config);
  EXPECT_NE(config.error()[0].str().find("purge.toml:2:"), std::string::npos) << config.error()[0].str();
  EXPECT_NE(config.error()[0].str().find("address"), std::string::npos);
}

TEST_F(ConfigTest, SomeThingsNeedARestart) {
  const auto running = *read(good());
  const auto same = *read(good() + "[log]\nlevel = \"warn\"\n");
  EXPECT_EQ(unchangeable(*running, *same), "");
  const auto moved = *read(good() + "[limits]\nwait = \"1s\"\n");
  EXPECT_NE(unchangeable(*running, *moved), "");
}

}  // namespace
}  // namespace purgeapi
