// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "edge/base/file.h"
#include "tests/integration/ctl_rig.h"

namespace harness {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

namespace fs = std::filesystem;

class CtlPut : public testing::Test {
 protected:
  CtlPut() { EXPECT_TRUE(origin.start()) << origin.output(); }

  void write(const std::string& name, const std::string& text) {
    const fs::path path = fs::path(folder.path()) / name;
    fs::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
  }
  CtlRig::Ran put(const std::string& source, const std::string& path, std::vector<std::string> more = {}) {
    std::vector<std::string> arguments{"put", "--token", "upload-secret", folder / source,
                                       origin.url() + path};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return ctl.run(std::move(arguments));
  }
  std::string at_origin(const std::string& name) const {
    return base::read_file(origin.root() + "/" + name).value_or("(nothing)");
  }

  TempFolder folder{};
  UploadOrigin origin{folder / "origin"};
  CtlRig ctl{folder / "ctl"};
};

TEST_F(CtlPut, AFileGoesWhereItIsToldOrKeepsItsName) {
  write("a file.txt", "hello");
  const auto named = put("a file.txt", "/x/other.txt");
  EXPECT_EQ(named.code, kDone) << named.err;
  EXPECT_EQ(named.out, "1 sent (5 bytes), 0 unchanged, 0 failed\n");
  EXPECT_THAT(named.err, IsEmpty());
  EXPECT_EQ(at_origin("x/other.txt"), "hello");
  EXPECT_EQ(put("a file.txt", "/y/").code, kDone);
  EXPECT_EQ(at_origin("y/a file.txt"), "hello");
}

TEST_F(CtlPut, AFolderGoesWithAllBelowItAndOnlyOnce) {
  for (int i = 0; i < 30; ++i)
    write("site/dir " + std::to_string(i % 3) + "/" + std::to_string(i), std::to_string(i));
  write("elsewhere/linked.txt", "linked");
  fs::create_symlink(folder / "elsewhere/linked.txt", folder / "site/link.txt");
  const auto first = put("site", "/www", {"--json"});
  EXPECT_EQ(first.code, kDone) << first.err;
  EXPECT_EQ(
      first.json(),
      nlohmann::json({{"sent", 31}, {"unchanged", 0}, {"bytes", 56}, {"failed", nlohmann::json::array()}}));
  for (int i = 0; i < 30; ++i) {
    EXPECT_EQ(at_origin("www/dir " + std::to_string(i % 3) + "/" + std::to_string(i)), std::to_string(i));
  }
  EXPECT_EQ(at_origin("www/link.txt"), "linked");

  const auto second = put("site", "/www/", {"--json"});
  EXPECT_EQ(
      second.json(),
      nlohmann::json({{"sent", 0}, {"unchanged", 31}, {"bytes", 0}, {"failed", nlohmann::json::array()}}));
  write("site/dir 0/0", "1");  // of the same size
  EXPECT_EQ(put("site", "/www").out, "1 sent (1 bytes), 30 unchanged, 0 failed\n");
  EXPECT_EQ(at_origin("www/dir 0/0"), "1");
  EXPECT_EQ(put("site", "/www", {"--force"}).out, "31 sent (56 bytes), 0 unchanged, 0 failed\n");
}

TEST_F(CtlPut, SendsAsManyFilesSideBySideAsToldAndNoMore) {
  Origin slow;
  const auto gate = std::make_shared<Gate>();
  slow.answer_all([&](const Seen& seen) {
    return Reply{.status = seen.method == "PUT" ? 201 : 404,
                 .head_gate = seen.method == "HEAD" ? gate : nullptr};
  });
  for (int i = 0; i < 12; ++i) write("many/" + std::to_string(i), "x");
  Process running = ctl.start({"put", folder / "many", slow.url(), "--parallel", "5"});
  EXPECT_TRUE(wait_until([&] { return slow.requests() == 5; }));
  EXPECT_EQ(running.wait(std::chrono::milliseconds(200)), std::nullopt);
  EXPECT_EQ(slow.requests(), 5U);
  gate->open();
  EXPECT_EQ(running.wait(), kDone);
  EXPECT_EQ(slow.requests(), 24U);
  EXPECT_LE(slow.connections(), 5U);
}

TEST_F(CtlPut, TakesTheTokenFromTheEnvironment) {
  write("a", "x");
  ctl.environment["SELVAGE_TOKEN"] = "upload-secret";
  const auto ran = ctl.run({"put", folder / "a", origin.url() + "/a"});
  EXPECT_EQ(ran.code, kDone) << ran.err;
}

TEST_F(CtlPut, AWrongTokenIsARefusalThatSaysSo) {
  write("a", "x");
  const std::vector<std::string> arguments{"put", "--token", "wrong", folder / "a", origin.url() + "/a"};
  const auto ran = ctl.run(arguments);
  EXPECT_EQ(ran.code, kFailed);
  EXPECT_THAT(ran.out, testing::MatchesRegex("0 sent \\([01] bytes\\), 0 unchanged, 1 failed\n"));
  EXPECT_THAT(ran.err, HasSubstr(origin.url() + "/a: answered 401: "));
  EXPECT_THAT(ran.err, HasSubstr("token"));
  EXPECT_EQ(at_origin("a"), "(nothing)");
  auto as_json = arguments;
  as_json.push_back("--json");
  const auto json = ctl.run(as_json).json();
  ASSERT_TRUE(json.is_object());
  EXPECT_EQ(json["failed"].size(), 1U);
  EXPECT_EQ(json["failed"][0]["url"], origin.url() + "/a");
  EXPECT_THAT(json["failed"][0]["error"].get<std::string>(), HasSubstr("401"));
}

TEST_F(CtlPut, OneRefusedFileDoesNotKeepTheOthersFromGoing) {
  write("mixed/a", "x");
  write("mixed/b", "y");
  write("mixed/c", "z");
  fs::create_directories(origin.root() + "/b/in the way");
  const auto ran = put("mixed", "/");
  EXPECT_EQ(ran.code, kFailed);
  EXPECT_THAT(ran.out, HasSubstr("2 sent"));
  EXPECT_THAT(ran.out, HasSubstr("1 failed"));
  EXPECT_THAT(ran.err, HasSubstr(origin.url() + "/b: answered 4"));
  EXPECT_EQ(at_origin("a") + at_origin("c"), "xz");
}

TEST_F(CtlPut, AnOriginThatIsDownIsNoAnswer) {
  write("many/a", "x");
  write("many/b", "y");
  origin.process().kill();
  const auto ran = put("many", "/");
  EXPECT_EQ(ran.code, kUnreachable);
  EXPECT_EQ(ran.out, "0 sent (0 bytes), 0 unchanged, 2 failed\n");
  EXPECT_THAT(ran.err, HasSubstr(origin.url() + "/a: "));
  EXPECT_THAT(ran.err, HasSubstr("connect"));
}

TEST_F(CtlPut, WhatIsNotThereFailsBeforeAnythingIsAsked) {
  const auto ran = put("nothing", "/");
  EXPECT_EQ(ran.code, kFailed);
  EXPECT_THAT(ran.err, HasSubstr("found no file or folder called " + (folder / "nothing")));
}

TEST_F(CtlPut, WrongArgumentsAreNamed) {
  EXPECT_EQ(ctl.run({}).code, kUsage);
  EXPECT_EQ(ctl.run({"put", folder / "a"}).code, kUsage);
  const auto ran = ctl.run({"put", folder / "a", origin.url(), "--parallel", "0"});
  EXPECT_EQ(ran.code, kUsage);
  EXPECT_THAT(ran.err, HasSubstr("--parallel"));
  EXPECT_EQ(ctl.run({"fetch"}).code, kUsage);
  const auto help = ctl.run({"--help"});
  EXPECT_EQ(help.code, kDone);
  EXPECT_THAT(help.out, HasSubstr("Exit codes: 0 done; 1 refused"));
}

}  // namespace
}  // namespace harness
