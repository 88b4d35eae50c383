// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/integration/configuration_rig.h"
#include "tests/integration/ctl_rig.h"

namespace harness {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

namespace fs = std::filesystem;

class CtlCheck : public testing::TestWithParam<const char*> {
 protected:
  CtlCheck() {
    // Nowhere but where a test says.
    std::string path = "/usr/bin:/bin";
    for (const char* name : {"selvage-edge", "selvage-origin", "selvage-purge"}) {
      path += ":" + fs::path(program(name)).parent_path().string();
    }
    ctl.environment["PATH"] = path;
  }
  std::string write(const std::string& text) {
    std::ofstream(rig.config_file()) << rig.expanded(text);
    return rig.config_file();
  }

  ConfigurationRig rig{};
  CtlRig ctl{rig.path("ctl")};
};

TEST_P(CtlCheck, FindsTheDaemonThatAConfigurationIsFor) {
  const auto good = ctl.run({"check", write(ConfigurationRig::good(GetParam()))});
  EXPECT_EQ(good.code, kDone) << good.err;
  EXPECT_EQ(good.out, rig.config_file() + ": good\n");

  const std::string text = changed(ConfigurationRig::good(GetParam()), "idle = \"10s\"", "idle = \"soon\"");
  const auto bad = ctl.run({"check", write(text)});
  EXPECT_EQ(bad.code, kUsage);
  EXPECT_THAT(bad.err, StartsWith(rig.place(text, "\"soon\"") + "limits.idle: found \"soon\""));
}

INSTANTIATE_TEST_SUITE_P(Each, CtlCheck, testing::Values("selvage-edge", "selvage-origin", "selvage-purge"),
                         [](const auto& tested) { return std::string(tested.param).substr(8); });

using CtlCheckOne = CtlCheck;

TEST_F(CtlCheckOne, ObeysTheKindItIsGiven) {
  const auto ran = ctl.run({"check", write(ConfigurationRig::good("selvage-origin")), "--kind", "purge"});
  EXPECT_EQ(ran.code, kUsage);
  EXPECT_THAT(ran.err, HasSubstr("table [log_store] is missing"));
  EXPECT_EQ(ctl.run({"check", rig.config_file(), "--kind", "cat"}).code, kUsage);
}

TEST_F(CtlCheckOne, AFileThatIsNotThereIsAFault) {
  const auto ran = ctl.run({"check", rig.path("no.toml")});
  EXPECT_EQ(ran.code, kUsage);
  EXPECT_THAT(ran.err, StartsWith(rig.path("no.toml") + ":1:1: "));
}

TEST_F(CtlCheckOne, TakesTheDaemonBesideItselfFirstAndTheOneNamedBeforeThat) {
  const std::string bin = rig.path("bin");
  fs::create_directory(bin);
  fs::copy_file(program("selvagectl"), bin + "/selvagectl");
  for (const char* name : {"selvage-edge", "other"}) {
    std::ofstream(bin + "/" + name) << "#!/bin/sh\necho \"" << name << " $*\"\nexit 7\n";
    fs::permissions(bin + "/" + name, fs::perms::owner_all);
  }
  ctl.program = bin + "/selvagectl";
  const auto beside = ctl.run({"check", "some.toml"});
  EXPECT_EQ(beside.out, "selvage-edge --config some.toml --check\n");
  EXPECT_EQ(beside.code, 7);
  EXPECT_EQ(ctl.run({"check", "some.toml", "--program", bin + "/other"}).out,
            "other --config some.toml --check\n");
}

TEST_F(CtlCheckOne, ADaemonThatCannotBeFoundIsNamed) {
  ctl.environment["PATH"] = "/usr/bin:/bin";
  const auto ran = ctl.run({"check", write(ConfigurationRig::good("selvage-purge")), "--kind", "purge"});
  EXPECT_EQ(ran.code, kFailed);
  EXPECT_THAT(ran.err, HasSubstr("cannot run selvage-purge: No such file"));
}

}  // namespace
}  // namespace harness
