// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "tests/integration/configuration_rig.h"

namespace harness {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;
using testing::UnorderedElementsAreArray;

constexpr int kWrongConfiguration = 2;

ConfigurationRig& rig() {
  static ConfigurationRig one;
  return one;
}

int line_number(const std::string& fault) {
  return std::atoi(fault.c_str() + rig().config_file().size() + 1);
}

std::string name_of(const testing::TestParamInfo<Spoilt>& tested) { return tested.param.name; }

class SpoiltConfiguration : public testing::TestWithParam<Spoilt> {};

TEST_P(SpoiltConfiguration, EndsCheckAndStartWithOneLineForTheFault) {
  const Spoilt& spoilt = GetParam();
  const std::string text = changed(ConfigurationRig::good(spoilt.program), spoilt.from, spoilt.to);
  for (const auto& ended : rig().both(spoilt.program, text)) {
    EXPECT_EQ(ended.code, kWrongConfiguration);
    ASSERT_EQ(ended.lines.size(), 1U) << testing::PrintToString(ended.lines);
    EXPECT_THAT(ended.lines[0], StartsWith(rig().place(text, spoilt.at)));
    for (const std::string& word : spoilt.says) EXPECT_THAT(ended.lines[0], HasSubstr(rig().expanded(word)));
  }
}

INSTANTIATE_TEST_SUITE_P(Edge, SpoiltConfiguration, testing::ValuesIn(spoilt_edges()), name_of);
INSTANTIATE_TEST_SUITE_P(Origin, SpoiltConfiguration, testing::ValuesIn(spoilt_origins()), name_of);
INSTANTIATE_TEST_SUITE_P(PurgeApi, SpoiltConfiguration, testing::ValuesIn(spoilt_purge_apis()), name_of);

class Configuration : public testing::TestWithParam<const char*> {
 protected:
  std::string good() const { return ConfigurationRig::good(GetParam()); }
};

TEST_P(Configuration, ThatIsGoodStartsAndChecks) {
  const auto checked = rig().check(GetParam(), good());
  EXPECT_EQ(checked.code, 0);
  EXPECT_THAT(checked.lines, ElementsAre(rig().config_file() + ": good"));
  EXPECT_EQ(rig().start(GetParam(), good()).code, std::nullopt);
}

TEST_P(Configuration, IsReadToTheEndSoThatAllFaultsAreToldAtOnce) {
  std::string text = changed(good(), "tls = true", "tls = 1");
  text = changed(text, "@/www.pem", "@/no.pem");
  text = changed(text, "@/www.key", "@/no.key");
  text = changed(text, "[admin]\naddress = \"127.0.0.1:0\"", "[admin]\naddress = \"here\"");
  text = changed(text, "idle = \"10s\"", "idle = \"10\"\nstreams = 0\nfoo = 1");
  std::vector<testing::Matcher<std::string>> wanted;
  for (const char* mark :
       {"tls = |1", "\"@/no.pem\"", "\"@/no.key\"", "\"here\"", "\"10\"", "streams = |0", "foo"}) {
    wanted.push_back(StartsWith(rig().place(text, mark)));
  }
  for (const auto& ended : rig().both(GetParam(), text)) {
    EXPECT_EQ(ended.code, kWrongConfiguration);
    EXPECT_THAT(ended.lines, UnorderedElementsAreArray(wanted));
    EXPECT_TRUE(std::ranges::is_sorted(ended.lines, {}, &line_number)) << testing::PrintToString(ended.lines);
  }
}

TEST_P(Configuration, WithPortsInUseIsRefusedAtStartOnly) {
  const Origin others;
  const Origin admin;
  std::string text = changed(good(), "127.0.0.1:0", "127.0.0.1:" + std::to_string(others.port()));
  text = changed(text, "[admin]\naddress = \"127.0.0.1:0\"",
                 "[admin]\naddress = \"127.0.0.1:" + std::to_string(admin.port()) + "\"");
  text = changed(text, "idle = \"10s\"", "idle = \"10\"");
  const auto started = rig().start(GetParam(), text);
  EXPECT_EQ(started.code, kWrongConfiguration);
  ASSERT_EQ(started.lines.size(), 3U) << testing::PrintToString(started.lines);
  std::size_t found = 0;
  for (const auto port : {others.port(), admin.port()}) {
    const std::string address = "127.0.0.1:" + std::to_string(port);
    for (const std::string& line : started.lines) {
      if (line.starts_with(rig().place(text, "\"" + address))) {
        EXPECT_THAT(line, HasSubstr("cannot listen on " + address + ": another program listens there"));
        ++found;
      }
    }
  }
  EXPECT_EQ(found, 2U);
  // A check is for the next start of a program that may be running now.
  EXPECT_EQ(rig().check(GetParam(), changed(text, "idle = \"10\"", "idle = \"10s\"")).code, 0);
}

TEST_P(Configuration, WithAnExpiredCertificateServesAndWarns) {
  const std::string text = changed(good(), "@/www.pem", "@/old.pem");
  const std::string place = rig().place(text, "\"@/old.pem\"");
  const auto checked = rig().check(GetParam(), text);
  EXPECT_EQ(checked.code, 0);
  const auto started = rig().start(GetParam(), text);
  EXPECT_EQ(started.code, std::nullopt);
  for (const auto& ended : {checked, started}) {
    ASSERT_FALSE(ended.lines.empty());
    EXPECT_THAT(ended.lines[0], StartsWith(place + "warning: "));
    EXPECT_THAT(ended.lines[0], HasSubstr(rig().path("old.pem") + " expired on 2001-09-09 01:46:40 UTC"));
  }
}

TEST_P(Configuration, CheckedLeavesNothingBehind) {
  const TempFolder fresh;
  std::string text = good();
  for (const char* name : {"@/cache", "@/state", "@/log\"", "@/access.log"}) {
    if (text.find(name) == std::string::npos) continue;
    text = changed(text, name, (fresh / "deep") + "/" + std::string(name + 2));
  }
  std::filesystem::create_directory(fresh / "deep");
  EXPECT_EQ(rig().check(GetParam(), text).code, 0);
  EXPECT_TRUE(std::filesystem::is_empty(fresh / "deep"));
}

TEST_P(Configuration, ThatCannotBeReadIsNamed) {
  Process process({program(GetParam()), "--config", rig().path("nowhere.toml"), "--check"},
                  rig().path("unread"));
  EXPECT_EQ(process.wait(), kWrongConfiguration);
  EXPECT_THAT(process.output(), HasSubstr(rig().path("nowhere.toml") + ":1:1: "));
  std::filesystem::remove(rig().path("unread"));
}

TEST_P(Configuration, IsNeededAsAnArgument) {
  Process process({program(GetParam())}, rig().path("unread"));
  EXPECT_EQ(process.wait(), kWrongConfiguration);
  EXPECT_THAT(process.output(), HasSubstr("--config"));
  std::filesystem::remove(rig().path("unread"));
}

INSTANTIATE_TEST_SUITE_P(All, Configuration,
                         testing::Values("selvage-edge", "selvage-origin", "selvage-purge"),
                         [](const auto& tested) { return std::string(tested.param).substr(8); });

}  // namespace
}  // namespace harness
