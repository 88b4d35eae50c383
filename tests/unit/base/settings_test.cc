// SPDX-License-Identifier: Apache-2.0
#include "edge/base/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

namespace base {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

constexpr std::uint64_t kAnyBytes = std::numeric_limits<std::uint64_t>::max();

std::vector<std::string> texts_of(const Settings& settings) {
  std::vector<std::string> texts;
  for (const Fault& fault : settings.faults()) texts.push_back(fault.str());
  return texts;
}

TEST(Settings, GettersReadWhatTheFileSays) {
  Settings settings = Settings::parse_text(R"(
name = "edge-1"
on = true
loops = 4
ratio = 0.5
whole_ratio = 1
budget = "1.5GiB"
plain_budget = 4096
idle = "90s"
none = 0
hosts = ["a.test", "*.b.test"]
mode = "redirect"
)",
                                           "edge.toml");
  const Table root = settings.root();
  EXPECT_EQ(root.text("name", "x"), "edge-1");
  EXPECT_EQ(root.required_text("name"), "edge-1");
  EXPECT_TRUE(root.flag("on", false));
  EXPECT_EQ(root.number("loops", 1, 1, 64), 4);
  EXPECT_EQ(root.real("ratio", 0, 0, 1), 0.5);
  EXPECT_EQ(root.real("whole_ratio", 0, 0, 1), 1.0);
  EXPECT_EQ(root.bytes("budget", 0, 0, kAnyBytes), 1'610'612'736U);
  EXPECT_EQ(root.bytes("plain_budget", 0, 0, kAnyBytes), 4096U);
  EXPECT_EQ(root.duration("idle", milliseconds(1), milliseconds(0), milliseconds(100'000)),
            milliseconds(90'000));
  EXPECT_EQ(root.duration("none", milliseconds(1), milliseconds(0), milliseconds(100'000)), milliseconds(0));
  EXPECT_THAT(root.texts("hosts"), ElementsAre("a.test", "*.b.test"));
  EXPECT_EQ(root.choice<int>("mode", {{"serve", 1}, {"redirect", 2}}, 0), 2);
  settings.finish();
  EXPECT_THAT(texts_of(settings), IsEmpty());
}

TEST(Settings, AbsentKeysYieldTheFallback) {
  Settings settings = Settings::parse_text("", "edge.toml");
  const Table root = settings.root();
  EXPECT_EQ(root.text("name", "x"), "x");
  EXPECT_EQ(root.number("loops", 3, 1, 64), 3);
  EXPECT_EQ(root.duration("idle", milliseconds(7), milliseconds(0), milliseconds(9)), milliseconds(7));
  EXPECT_FALSE(root.table("disk"));
  EXPECT_THAT(root.tables("site"), IsEmpty());
  EXPECT_FALSE(root.has("name"));
  settings.finish();
  EXPECT_THAT(texts_of(settings), IsEmpty());
}

TEST(Settings, FaultsNamePlaceKeyFoundAndAllowed) {
  Settings settings = Settings::parse_text(R"([disk]
budget = "lots"
shards = 0
  idle = 5
verify = "yes"
folder = 7
hosts = "a.test"
mode = "of"
ratio = 2.5
)",
                                           "edge.toml");
  const Table disk = *settings.root().table("disk");
  EXPECT_EQ(disk.bytes("budget", 11, 1024, kAnyBytes), 11U);
  disk.number("shards", 1, 1, 64);
  disk.duration("idle", milliseconds(1), milliseconds(10), milliseconds(60'000));
  disk.flag("verify", true);
  disk.text("folder", "");
  disk.texts("hosts");
  disk.choice<int>("mode", {{"serve", 1}, {"redirect", 2}, {"off", 3}}, 1);
  disk.real("ratio", 1, 0, 1);
  settings.finish();
  EXPECT_THAT(
      texts_of(settings),
      ElementsAre(
          "edge.toml:2:10: disk.budget: found \"lots\", allowed: a size such as \"64MiB\" of at least 1KiB",
          "edge.toml:3:10: disk.shards: found 0, allowed: a whole number from 1 to 64",
          "edge.toml:4:10: disk.idle: found 5, allowed: a time with its unit (ms, s, m, h, d) such as \"5s\" "
          "from 10ms to 1m",
          "edge.toml:5:10: disk.verify: found \"yes\", allowed: true or false",
          "edge.toml:6:10: disk.folder: found 7, allowed: a text in quotes",
          "edge.toml:7:9: disk.hosts: found \"a.test\", allowed: a list of texts such as [\"a\", \"b\"]",
          "edge.toml:8:8: disk.mode: found \"of\", allowed: \"serve\", \"redirect\" or \"off\"",
          "edge.toml:9:9: disk.ratio: found 2.5, allowed: a number from 0 to 1"));
}

TEST(Settings, UnknownKeysAreFaultsWithTheNearestKnownOne) {
  Settings settings = Settings::parse_text(R"(nodes = "a"
colour = "red"
[dsik]
budget = 1
[memory]
bugdet = 1
[[site]]
nmae = "x"
)",
                                           "edge.toml");
  const Table root = settings.root();
  root.text("node", "");
  root.table("disk");
  root.table("memory")->bytes("budget", 0, 0, kAnyBytes);
  root.tables("site").at(0).text("name", "");
  settings.finish();
  EXPECT_THAT(texts_of(settings),
              ElementsAre("edge.toml:1:1: nodes: unknown key, did you mean \"node\"?",
                          "edge.toml:2:1: colour: unknown key, allowed: disk, memory, node, site",
                          "edge.toml:3:2: dsik: unknown key, did you mean \"disk\"?",
                          "edge.toml:6:1: memory.bugdet: unknown key, did you mean \"budget\"?",
                          "edge.toml:8:1: site[0].nmae: unknown key, did you mean \"name\"?"));
}

TEST(Settings, RequiredTextsMustBeThereAndNotEmpty) {
  Settings settings =
      Settings::parse_text("[[site]]\nname = \"\"\nhosts = []\n[[site]]\nhosts = []\n", "edge.toml");
  for (const Table& site : settings.root().tables("site")) {
    site.required_text("name");
    site.texts("hosts");
  }
  settings.finish();
  EXPECT_THAT(texts_of(settings),
              ElementsAre("edge.toml:2:8: site[0].name: found \"\", allowed: a text that is not empty",
                          "edge.toml:4:1: site[1].name: missing, required: a text in quotes"));
}

TEST(Settings, TablesOfTheWrongKindAreFaults) {
  Settings settings = Settings::parse_text("disk = 1\n[site]\nname = \"x\"\n", "edge.toml");
  EXPECT_FALSE(settings.root().table("disk"));
  EXPECT_THAT(settings.root().tables("site"), IsEmpty());
  settings.finish();
  EXPECT_THAT(texts_of(settings),
              ElementsAre("edge.toml:1:8: disk: found 1, allowed: a table [disk]",
                          "edge.toml:2:1: site: found a table, allowed: an array of tables [[site]]"));
}

TEST(Settings, NamedTablesAndTextsKeepTheOrderOfTheFile) {
  Settings settings = Settings::parse_text(R"([origins.zeta]
url = "http://z"
[origins.alpha]
url = "http://a"
[types]
".b" = "text/b"
".a" = "text/a"
)",
                                           "edge.toml");
  std::vector<std::string> seen;
  for (const auto& [name, table] : settings.root().named_tables("origins")) {
    seen.push_back(name + "=" + table.required_text("url") + " at " + table.path());
  }
  EXPECT_THAT(seen, ElementsAre("zeta=http://z at origins.zeta", "alpha=http://a at origins.alpha"));
  EXPECT_THAT(settings.root().named_texts("types"), ElementsAre(Pair(".b", "text/b"), Pair(".a", "text/a")));
  settings.finish();
  EXPECT_THAT(texts_of(settings), IsEmpty());
}

TEST(Settings, FaultsOfTheCallerStandWhereTheValueIs) {
  Settings settings = Settings::parse_text("[disk]\nfolder = \"/nowhere\"\n", "edge.toml");
  const Table disk = *settings.root().table("disk");
  disk.fault("folder", "\"/nowhere\" is not a directory");
  disk.fault("", "no budget");
  settings.finish();
  EXPECT_THAT(texts_of(settings),
              ElementsAre("edge.toml:1:1: disk: no budget",
                          "edge.toml:2:10: disk.folder: \"/nowhere\" is not a directory"));
}

TEST(Settings, WarningsArePlacedLikeFaultsButAreNone) {
  Settings settings = Settings::parse_text("[disk]\nfolder = \"/nowhere\"\n", "edge.toml");
  settings.root().table("disk")->warn("folder", "is slow");
  settings.finish();
  EXPECT_THAT(settings.faults(), IsEmpty());
  ASSERT_EQ(settings.warnings().size(), 1U);
  EXPECT_EQ(settings.warnings()[0].str(), "edge.toml:2:10: warning: disk.folder: is slow");
}

TEST(Settings, SyntaxErrorsAreOneFaultWithAnEmptyRoot) {
  Settings settings = Settings::parse_text("node = \"a\"\nloops == 3\n", "edge.toml");
  EXPECT_EQ(settings.root().text("node", "fallback"), "fallback");
  settings.finish();
  ASSERT_EQ(settings.faults().size(), 1U);
  EXPECT_EQ(settings.faults()[0].line, 2);
  EXPECT_THAT(settings.faults()[0].str(), HasSubstr("edge.toml:2:"));
}

TEST(Settings, UnreadableFilesAreOneFault) {
  for (const std::string path : {"/nonexistent/edge.toml", "/"}) {
    Settings settings = Settings::parse_file(path);
    ASSERT_EQ(settings.faults().size(), 1U) << path;
    EXPECT_THAT(settings.faults()[0].str(), HasSubstr(path + ":1:1: cannot "));
  }
}

TEST(Settings, AFaultIsToldOnce) {
  Settings settings = Settings::parse_text("loops = \"x\"\n", "edge.toml");
  settings.root().number("loops", 1, 1, 64);
  settings.root().number("loops", 1, 1, 64);
  EXPECT_EQ(settings.faults().size(), 1U);
}

}  // namespace
}  // namespace base
